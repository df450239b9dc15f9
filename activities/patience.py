"""What removals share: patience with errors, and what 'there is nothing' means."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.specs import RemovalSpec, Removed
from privatelink.errors import NotYet, PrivateLinkError
from privatelink.pace import paced_delta

P = ParamSpec("P")
R = TypeVar("R")


def patient(removal: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Make every error of a removal one that Temporal retries, its type kept.

    A person can give back a permission, or remove what stands in the way, while a removal waits; how long it waits is
    the workflow's deadline.
    """

    @functools.wraps(removal)
    async def with_patience(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await removal(*args, **kwargs)
        except PrivateLinkError as error:
            if error.waiting_helps:
                raise
            raise ApplicationError(error.message, error.details_model, type=error.type) from None

    return with_patience


def nothing_found(spec: RemovalSpec, kind: str) -> Removed:
    """Nothing to remove. Raises `NotYet` while a cloud may not yet show what a create with a lost reply made."""
    if spec.settled_at and datetime.now(UTC) < spec.settled_at:
        raise NotYet(
            f"removing the {kind} of {spec.link}: none is seen; looking again, since a create's outcome is not known",
            concerns=str(spec.link),
            retry_after=min(paced_delta(5), spec.settled_at - datetime.now(UTC)),
        )
    return Removed(ids=remember())


def remember(*ids: str) -> tuple[str, ...]:
    """Keep ids for later attempts, which may find nothing any more; gives them and those of earlier attempts.

    Temporal hands the details of the last heartbeat to the next attempt.
    """
    known = tuple(dict.fromkeys((*activity.info().heartbeat_details, *ids)))
    if ids:
        activity.heartbeat(*known)
    return known


async def each(items: list[R], remove: Callable[[R], Awaitable[None]]) -> None:
    """Remove every item, also after one has failed; then raise the first error."""
    first: PrivateLinkError | None = None
    for item in items:
        try:
            await remove(item)
        except PrivateLinkError as error:
            first = first or error
    if first:
        raise first
