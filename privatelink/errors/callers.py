"""Errors that the caller resolves: it corrects its request, or waits for another saga of the link."""

from collections.abc import Iterable
from typing import ClassVar, Self

from privatelink.errors.details import Finding
from privatelink.errors.root import Actor, PrivateLinkError


class _CallerMustAct(PrivateLinkError):
    actor = Actor.CALLER


class InvalidRequest(_CallerMustAct):
    """The request does not match its schema. There is one finding for each fault, with its path.

    Nothing was started. Correct every field that the findings name, then repeat the call.
    """


class _Findings(_CallerMustAct):
    doing: ClassVar[str]

    @classmethod
    def of_findings(cls, findings: Iterable[Finding], *, doing: str = "", resource: str = "") -> Self:
        """Put all findings into one error, each by its name. `resource`: what they are about, if it is one thing."""
        found = tuple(findings)
        message = f"{doing or cls.doing}: " + "; ".join(f"{one.type} ({one.resource}): {one.message}" for one in found)
        next_steps = dict.fromkeys(one.next_step for one in found)
        return cls(
            message,
            resource=resource or ", ".join(one.resource for one in found),
            next_step="; ".join(next_steps),
            findings=found,
        )


class RequestRefused(_Findings):
    """The checks before a create found a problem. Nothing was made.

    Do what the findings say, then repeat the create.
    """

    doing = "checking the request"


class RemovalRefused(_Findings):
    """Removing the link now would break something. Nothing was removed.

    Do what the findings say, then repeat the delete.
    """

    doing = "checking the removal"


class UpdateRefused(_CallerMustAct):
    """The Update does not fit the current state of the saga. It had no effect.

    Run `privatelink status LINK`. It shows what the saga is waiting for, and the command to use.
    """


class OtherOperationRunning(_CallerMustAct):
    """The link's other operation (create or delete) is running. The error's field `running` has its request.

    Wait until that saga has ended. To end it early, use `privatelink roll-back` for a create, or cancel a delete. Then
    repeat the call.
    """


class RequestDiffers(_CallerMustAct):
    """The link is being made from a different request. The findings list the differences.

    Repeat the call with the request that is running. If you need the other one, wait until the saga has ended, delete
    the link, and create it again.
    """


class NameTaken(_CallerMustAct):
    """A name that this link needs is taken by a resource without our tags.

    Give the link another name. If the resource is yours and nobody needs it, you can delete it instead. A saga never
    adopts or removes such a resource.
    """


class LinkUnknown(_CallerMustAct):
    """Temporal does not remember a saga of this link: its retention is over, or there never was one.

    Check the name with `privatelink list`. If Temporal has forgotten the link, use its request file: `privatelink
    status -f FILE` looks for the link in both clouds, and `privatelink delete -f FILE` deletes it.
    """


class AlreadyJoined(PrivateLinkError):
    """The saga is running with exactly this request, and has been joined so often that it records no more joins.

    Nothing: the call is part of the saga in the error's field `running`, as after a join. Wait until it ends, as the
    SDK and the CLI do.
    """

    actor = Actor.NOBODY
