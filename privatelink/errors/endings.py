"""Errors that end a saga or keep it from continuing: an operator must act, or nobody."""

from collections.abc import Iterable
from typing import Self

from privatelink.errors.root import Actor, PrivateLinkError


class StepFailed(PrivateLinkError):
    """A step failed with an error that we do not recognize: a time-out without a message, or a bug of ours.

    Read the step's part of the worker's log, then repeat the call. If the error comes back, it is a bug in the
    orchestrator: report it with the log.
    """

    actor = Actor.OPERATOR


class GivenUp(PrivateLinkError):
    """Somebody sent `roll_back` to a running create, and everything that it had made is removed.

    Nothing. The reason is in the message. If you want the link after all, repeat the create.
    """

    actor = Actor.NOBODY


class Cancelled(PrivateLinkError):
    """Somebody cancelled the saga, and everything that it had made is removed.

    Nothing. If you want it after all, repeat the call.
    """

    actor = Actor.NOBODY


class RollbackIncomplete(PrivateLinkError):
    """A rollback or delete could not remove everything. `leftovers` lists what is left.

    Fix what each reason names (a permission, a foreign endpoint, a connector in use). Then run `privatelink delete
    LINK`, which finishes the removal and is safe to repeat.
    """

    actor = Actor.OPERATOR


class InvalidSettings(PrivateLinkError):
    """A variable of the environment, or the worker's settings file, holds what it must not. Nothing was started.

    Correct everything that the message names; [configuration](configuration.md) says what each setting may be. Then
    repeat the command, or start the worker again.
    """

    actor = Actor.OPERATOR

    @classmethod
    def of_faults(cls, faults: Iterable[str]) -> Self:
        """Put all faults into one error."""
        return cls(
            "reading the settings: " + "; ".join(faults),
            resource="settings",
            next_step="correct them and start again",
        )


class TemporalUnreachable(PrivateLinkError):
    """No Temporal server answers at the address, or its namespace is not set up as we need it.

    Run `privatelink check`. Start the server, or correct `TEMPORAL_ADDRESS`, the namespace or the payload key. Then
    repeat the call: this is safe.
    """

    actor = Actor.OPERATOR


class NoWorker(PrivateLinkError):
    """The saga was accepted, but no worker answered in time, so its outcome is unknown.

    Start a worker (`python worker.py`), then repeat the call: this is safe, and joins the saga that was started.
    """

    actor = Actor.OPERATOR


class WorkerCannotGoOn(PrivateLinkError):
    """A worker has the saga, but fails each time it tries to continue: it runs another version, or has a bug.

    Nothing is lost: Temporal retries until a worker succeeds. Start a worker of the version that began the saga, or fix
    what the message names. `temporal workflow show` shows the failed workflow task.
    """

    actor = Actor.OPERATOR
