"""How a saga ends that did not go well, and what keeps one from going on: an operator must act, or nobody."""

from privatelink.errors.root import Actor, PrivateLinkError


class StepFailed(PrivateLinkError):
    """A step ended in a way that no translator has a name for: a time-out without a word, or a fault of ours.

    Read the worker's log of the step, and repeat the call. If it comes again, it is a fault of the orchestrator: report
    it with the log.
    """

    actor = Actor.OPERATOR


class GivenUp(PrivateLinkError):
    """Somebody said `roll_back` to a create that ran, and everything that it had made is removed.

    Nothing. The reason is in the message; repeat the create when you want the link after all.
    """

    actor = Actor.NOBODY


class Cancelled(PrivateLinkError):
    """Somebody cancelled the saga, and everything that it had made is removed.

    Nothing. Repeat the call when you want it after all.
    """

    actor = Actor.NOBODY


class RollbackIncomplete(PrivateLinkError):
    """A rollback or delete could not remove everything; `leftovers` lists each thing.

    Mend what each reason names (a permission, a foreign endpoint, a connector in use), then run `privatelink delete
    LINK`: it finishes the removal, and may be repeated.
    """

    actor = Actor.OPERATOR


class TemporalUnreachable(PrivateLinkError):
    """No Temporal server answers at the address, or its namespace lacks what we need.

    Run `privatelink check`. Start the server, or correct `TEMPORAL_ADDRESS`, the namespace or the payload key, and
    repeat the call: it is safe.
    """

    actor = Actor.OPERATOR


class NoWorker(PrivateLinkError):
    """Accepted, outcome unknown: the saga is started, but no worker answered in time. Repeating the call is safe.

    Start a worker (`python worker.py`) and repeat the call: it joins what was started.
    """

    actor = Actor.OPERATOR


class WorkerCannotGoOn(PrivateLinkError):
    """A worker has the saga, and each of its tries to go on fails: it is of another version, or has a fault.

    Nothing is lost: Temporal tries again until a worker can. Start a worker of the version that began the saga, or mend
    what the message names. `temporal workflow show` has the failed workflow task.
    """

    actor = Actor.OPERATOR
