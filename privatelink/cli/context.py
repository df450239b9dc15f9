"""What a command uses from outside: the client, the doctor, the two streams, the clock. Tests pass in their own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console

from privatelink.client.doctor import check_set_up
from privatelink.client.links import PrivateLinks
from privatelink.model.request import DeleteRequest
from privatelink.model.result import SetUpResult

POLL_SECONDS = 0.5
"""Seconds between two polls of a saga. Each costs two calls to Temporal, and a person sees a step end at once."""


def plain_console(*, stderr: bool = False) -> Console:
    """A console that prints text unchanged: ids and messages hold brackets, colons and numbers that are no markup."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CliContext:
    """`connect` returns the client, and `check_set_up` checks whether it can work.

    `out` and `err` are the two streams. `poll_seconds` is the time between two polls.
    """

    connect: Callable[[], Awaitable[PrivateLinks]] = PrivateLinks.connect
    check_set_up: Callable[[DeleteRequest | None], Awaitable[SetUpResult]] = check_set_up
    out: Console = field(default_factory=plain_console)
    err: Console = field(default_factory=lambda: plain_console(stderr=True))
    now: Callable[[], datetime] = _utc_now
    poll_seconds: float = POLL_SECONDS
