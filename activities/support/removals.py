"""What removals share: patience with errors, and what 'there is nothing' means."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from temporalio import activity

from activities.scopes import RemovalScope, Removed
from privatelink.errors import FindingType, NotAllowed, NotYet, PrivateLinkError
from privatelink.pace import paced_delta

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")


def patient(removal: Callable[[T, S], Awaitable[R]]) -> Callable[[T, S], Coroutine[Any, Any, R]]:
    """Make every error of a removal one that Temporal retries, and delay its success until things have settled.

    A person can give back a permission, or remove what is in the way, while a removal waits. It waits until its
    deadline, even for a permission that it never had, because what a rollback gives up stays and is billed. The
    exception is that something uses the address: this is reported at once, because nobody would see it during the wait,
    and a later delete looks again.

    Until `settled_at` a removal looks again, whatever it has removed so far: an earlier call of the create, whose
    outcome is unknown, may still take effect.
    """

    @functools.wraps(removal)
    async def with_patience(steps: T, spec: S) -> R:
        try:
            result = await removal(steps, spec)
        except PrivateLinkError as error:
            if _somebody_uses_it(error):
                raise
            if isinstance(error, NotAllowed):
                error.was_allowed = True
            raise error.as_weather() from None
        if isinstance(spec, RemovalScope) and isinstance(result, Removed):
            _look_again_until_settled(spec, result)
        return result

    return with_patience


def _somebody_uses_it(error: PrivateLinkError) -> bool:
    return any(finding.type == FindingType.ADDRESS_IN_USE for finding in error.details_model.findings)


def _look_again_until_settled(spec: RemovalScope, removed: Removed) -> None:
    left = spec.settled_at - datetime.now(UTC) if spec.settled_at else timedelta(0)
    if left > timedelta(0):
        remember(*removed.ids)
        seen = f"removed {', '.join(removed.ids)}" if removed.ids else "none is seen"
        raise NotYet(
            f"{activity.info().activity_id} of {spec.link}: {seen}; looking again for "
            f"{left.total_seconds():.0f} s, because a call of the create has an unknown outcome",
            resource=str(spec.link),
            retry_after=min(max(paced_delta(5), left / 4), left),
        )


def nothing_found() -> Removed:
    """There is nothing, or nothing more, to remove; returns what earlier attempts removed."""
    return Removed(ids=remember())


def remember(*ids: str) -> tuple[str, ...]:
    """Keep IDs for later attempts, which may no longer find anything; returns them and those of earlier attempts.

    Temporal hands the details of the last heartbeat to the next attempt.
    """
    known = tuple(dict.fromkeys((*activity.info().heartbeat_details, *ids)))
    if ids:
        activity.heartbeat(*known)
    return known


async def each(items: list[R], remove: Callable[[R], Awaitable[None]]) -> None:
    """Remove every item, even after one has failed; then raise the first error."""
    first: PrivateLinkError | None = None
    for item in items:
        try:
            await remove(item)
        except PrivateLinkError as error:
            first = first or error
    if first:
        raise first
