"""Errors that waiting helps, so that Temporal tries the step again until its deadline."""

from temporalio.exceptions import ApplicationErrorCategory

from privatelink.errors.root import Actor, PrivateLinkError


class _Transient(PrivateLinkError):
    waiting_helps = True
    actor = Actor.NOBODY


class NotYet(_Transient):
    """A state that is still moving; the message is what operators read while they wait.

    Nothing while a step says it. The message names the state and the deadline; a step that is still so at its deadline
    ends as `DeadlinePassed`.
    """

    category_of_type = ApplicationErrorCategory.BENIGN


class Throttled(_Transient):
    """A cloud's rate limit, or our own budget for it. Patience, not failure.

    Nothing: the step goes on by itself. If it lasts, see who else calls the same API with the same account or key, and
    whether the budgets in the worker's settings fit.
    """

    category_of_type = ApplicationErrorCategory.BENIGN


class CloudUnavailable(_Transient):
    """A cloud did not answer, or answered with a server's error.

    Nothing for minutes; after that, read the cloud's status page, and check that the worker's network reaches the host
    in the message.
    """


class UnknownCloudError(_Transient):
    """A code that no translator knows. Retried, because most unknown codes pass; loud, because it should get a name.

    Read the code and the message. `roll-back` if it will not pass; and give the code a name in `clouds/`, so that the
    next saga knows what it means.
    """

    actor = Actor.OPERATOR
