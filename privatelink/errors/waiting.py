"""Errors that waiting can resolve, so Temporal tries the step again until its deadline."""

from temporalio.exceptions import ApplicationErrorCategory

from privatelink.errors.root import Actor, PrivateLinkError


class _Transient(PrivateLinkError):
    waiting_helps = True
    actor = Actor.NOBODY


class NotYet(_Transient):
    """A resource is not ready yet: its state is still changing. Operators read the message while they wait.

    Nothing, while the step is waiting. The message names the state and the deadline. If the resource is still not ready
    at the deadline, the step ends with `DeadlinePassed`.
    """

    category_of_type = ApplicationErrorCategory.BENIGN


class Throttled(_Transient):
    """A cloud's rate limit, or our own budget for it, is used up for now. This is a delay, not a failure.

    Nothing: the step continues by itself. If the delay lasts, check who else calls the same API with the same account
    or key, and whether the budgets in the worker's settings fit.
    """

    category_of_type = ApplicationErrorCategory.BENIGN


class CloudUnavailable(_Transient):
    """A cloud did not answer, or answered with a server error.

    Nothing for the first few minutes. After that, read the cloud's status page, and check that the worker's network
    reaches the host in the message.
    """


class UnknownCloudError(_Transient):
    """A cloud answered with an error that we do not know. We retry it, because most of them pass, and log it loudly.

    Read the error code and the message. If the error will not pass, use `roll-back`. Then add the code to `clouds/`, so
    that the next saga knows what it means.
    """

    actor = Actor.OPERATOR
