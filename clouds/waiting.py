"""Waiting for a cloud: from when until when, how often to read, and what a look says that ends too early.

A look is short and read-only: it stays with a shared view for a bounded time and then says `NotYet`, so that
Temporal's retry is the loop: history stays flat, and a crash costs one look.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from clouds.clocks import step_clock
from privatelink.errors import DeadlinePassed, NotYet
from privatelink.pace import paced, paced_delta

LOOK_SECONDS = 14.0
"""How long one look stays: long enough for few attempts a wait, short enough that a killed worker is missed soon."""

SLACK_SECONDS = 3.0
"""What a look may take beyond its own time, of our clock: Temporal misses a killed worker only after both."""

LEAST_LOOK_SECONDS = 1.0
"""No look is shorter, however fast the cloud's clock: an attempt costs Temporal and the worker some milliseconds."""

BETWEEN_LOOKS_SECONDS = 1.0
"""Temporal's server rounds shorter delays up to this. Where no reading is due so soon, the next look waits for it."""


class Wait(BaseModel):
    """From when until when a step waits. Both are fixed when the wait begins, so an operator's Reset moves neither.

    Time in which nothing could happen does not count (`clouds.clocks`): the deadline comes later by it.
    """

    model_config = ConfigDict(frozen=True)

    since: datetime
    deadline: datetime

    def words(self) -> str:
        """Elapsed of limit, as in `40 s of 20 min`."""
        return f"{span(self.elapsed)} of {span((self.deadline - self.since).total_seconds())}"

    @property
    def elapsed(self) -> float:
        """Seconds of our clock since the wait began, less those that do not count."""
        return (datetime.now(UTC) - self.since).total_seconds() - step_clock().uncounted

    @property
    def remaining(self) -> float:
        """Seconds of our clock until the deadline; below 0 after it."""
        return (self.deadline - datetime.now(UTC)).total_seconds() + step_clock().uncounted

    @property
    def passed(self) -> bool:
        """Whether the deadline is over."""
        return self.remaining <= 0

    def beginning(self, moment: datetime) -> "Wait":
        """As long a wait that begins at another moment."""
        return Wait(since=moment, deadline=moment + (self.deadline - self.since))


def span(seconds: float) -> str:
    """So many seconds in words, as in `40 s` or `20 min`; `paced` gives them on the cloud's clock."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


class Cadence(NamedTuple):
    """How often to read, in seconds of the cloud's clock: `fast` near the usual duration, `slow` otherwise."""

    usual: float
    fast: float
    slow: float

    def interval(self, elapsed: float) -> float:
        """Seconds of our clock until the next read makes sense, `elapsed` (our clock) into the wait."""
        begins, ends = paced(self.usual * 0.8), paced(self.usual * 2)
        if elapsed < begins:
            return max(paced(self.fast), min(paced(self.slow), begins - elapsed))
        return paced(self.fast if elapsed < ends else self.slow)


class Moving(NamedTuple):
    """A judge's word for 'not yet': the state, and what it concerns, for a person."""

    sentence: str
    concerns: str


def still_moving(moving: Moving, wait: Wait, *, reading_due: float = 0.0) -> NotYet | DeadlinePassed:
    """The error that a look ends with: `NotYet` in words for a person, or `DeadlinePassed` with the last state seen.

    `reading_due`: seconds of our clock until another reading makes sense. Until then nobody need hold the wait.
    """
    if wait.passed:
        return DeadlinePassed(
            f"{moving.sentence}, and the deadline passed ({wait.words()})",
            concerns=moving.concerns,
            next_step="look at it in the cloud's console; a longer deadline is a setting of the worker",
        )
    return NotYet(
        f"{moving.sentence}; {wait.words()}",
        concerns=moving.concerns,
        retry_after=max(paced_delta(BETWEEN_LOOKS_SECONDS), timedelta(seconds=min(reading_due, wait.remaining))),
    )
