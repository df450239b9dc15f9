"""The schedule of a wait for a cloud: how often to read, and the error of a poll that ends before the wait does.

A poll is short and read-only: it stays with a shared poller for a bounded time and then raises `NotYet`. Temporal's
retry is the loop, so the history does not grow, and a crash costs one poll.
"""

from datetime import timedelta
from typing import NamedTuple

from privatelink.errors import DeadlinePassed, NotYet
from privatelink.model.deadlines import Deadline
from privatelink.pace import paced, paced_delta

BETWEEN_POLLS_SECONDS = 1.0
"""Minimum seconds between two polls: Temporal's server rounds shorter delays up to this. If the next reading is due
later, the next poll waits until then."""


class PollSchedule(NamedTuple):
    """How often to read, in seconds of the cloud's clock: `fast` near the usual duration, `slow` otherwise."""

    usual: float
    fast: float
    slow: float

    def interval(self, elapsed: float) -> float:
        """Seconds of our clock from the last read to the next useful one, `elapsed` (our clock) into the wait."""
        begins, ends = paced(self.usual * 0.8), paced(self.usual * 2)
        if elapsed < begins:
            return max(paced(self.fast), min(paced(self.slow), begins - elapsed))
        return paced(self.fast if elapsed < ends else self.slow)


class Pending(NamedTuple):
    """A predicate's result for "not yet": the state and the resource that it is about, for a person."""

    message: str
    resource: str


def still_pending(moving: Pending, deadline: Deadline, *, reading_due: float = 0.0) -> NotYet | DeadlinePassed:
    """The error that a poll ends with: `NotYet` in words for a person, or `DeadlinePassed` with the last state seen.

    `reading_due`: seconds of our clock until another reading is useful. The next poll need not start before that.
    """
    if deadline.passed:
        return DeadlinePassed(
            f"{moving.message}, and the deadline passed ({deadline.words()})",
            resource=moving.resource,
            next_step="look at it in the cloud's console; to allow more time, raise PRIVATELINK_DEADLINE_*",
        )
    return NotYet(
        f"{moving.message}; {deadline.words()}",
        resource=moving.resource,
        retry_after=max(paced_delta(BETWEEN_POLLS_SECONDS), timedelta(seconds=min(reading_due, deadline.remaining))),
    )
