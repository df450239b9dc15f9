"""What a command meets outside itself: the client, the doctor, the two streams, the clock. Tests hand in their own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console

from privatelink.client.doctor import check_set_up
from privatelink.client.links import PrivateLinks
from privatelink.model.request import DeleteRequest
from privatelink.model.result import SetUpResult

POLL_SECONDS = 0.5
"""Between two looks at a saga: two calls to Temporal each, and a person sees a step end at once."""


def plain_console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is: ids and messages hold brackets, colons and numbers that mean nothing."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class CliContext:
    """`connect` gives the client, `check_set_up` looks whether one can work; `poll_seconds` lie between two looks.

    `out` and `err` are the two streams.
    """

    connect: Callable[[], Awaitable[PrivateLinks]] = PrivateLinks.connect
    check_set_up: Callable[[DeleteRequest | None], Awaitable[SetUpResult]] = check_set_up
    out: Console = field(default_factory=plain_console)
    err: Console = field(default_factory=lambda: plain_console(stderr=True))
    now: Callable[[], datetime] = _utc_now
    poll_seconds: float = POLL_SECONDS
