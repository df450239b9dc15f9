"""Errors that the caller answers: it corrects its request, or waits for another saga of the link."""

from collections.abc import Iterable
from typing import ClassVar, Self

from privatelink.errors.details import Finding
from privatelink.errors.root import Actor, PrivateLinkError


class _CallerMustAct(PrivateLinkError):
    actor = Actor.CALLER


class InvalidRequest(_CallerMustAct):
    """The request breaks its schema. One finding per fault, with the path of each.

    Correct every field that the findings name, and repeat the call. Nothing was started.
    """


class _Findings(_CallerMustAct):
    doing: ClassVar[str]

    @classmethod
    def of_findings(cls, findings: Iterable[Finding]) -> Self:
        """Tell every finding in one error, by its name."""
        found = tuple(findings)
        message = f"{cls.doing}: " + "; ".join(f"{one.type} ({one.resource}): {one.message}" for one in found)
        next_steps = dict.fromkeys(one.next_step for one in found)
        return cls(
            message, resource=", ".join(one.resource for one in found), next_step="; ".join(next_steps), findings=found
        )


class RequestRefused(_Findings):
    """The checks before a create found something. Nothing was made.

    Do what the findings say, and repeat the create.
    """

    doing = "checking the request"


class RemovalRefused(_Findings):
    """Removing now would break something. Nothing was removed.

    Do what the findings say, and repeat the delete.
    """

    doing = "checking the removal"


class UpdateRefused(_CallerMustAct):
    """An Update that does not fit how the saga stands. It had no effect.

    Read `privatelink status LINK`: it shows what the saga waits for, and the command that fits.
    """


class OtherOperationRunning(_CallerMustAct):
    """The link's other saga (create or delete) runs; its operation and request are in the message.

    Wait until the other saga has ended, or end it: `privatelink roll-back` for a create, a cancel for a delete. Then
    repeat the call.
    """


class RequestDiffers(_CallerMustAct):
    """The link is being made by another request; the differences are the findings.

    Repeat the call with the running request; or wait until the saga has ended, delete the link, and create it anew.
    """


class NameTaken(_CallerMustAct):
    """Something that does not carry our tags has the name that this link's thing must have.

    Give the link another name; or delete what has the name, if it is yours and nobody needs it. It is never adopted and
    never removed by a saga.
    """


class LinkUnknown(_CallerMustAct):
    """Temporal does not remember a saga of that link (its retention is over, or there never was one).

    Check the name (`privatelink list`). For a link that Temporal has forgotten give its file: `privatelink status -f
    FILE` looks in both clouds, `privatelink delete -f FILE` deletes it.
    """


class AlreadyJoined(PrivateLinkError):
    """The saga runs with the very request of the call, and was joined so often that it records no further joins.

    Nothing: the call is part of the saga that `running` names, as after a join. Wait for its end, as the SDK and the
    CLI do.
    """

    actor = Actor.NOBODY
