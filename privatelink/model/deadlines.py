"""From when until when a step waits, how long one look of it stays, and spans of time in words."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from privatelink.model.step_clock import step_clock

LOOK_SECONDS = 14.0
"""How long one look stays: long enough for few attempts a wait, short enough that a killed worker is missed soon."""

SLACK_SECONDS = 3.0
"""What a look may take beyond its own time, of our clock: Temporal misses a killed worker only after both."""

LEAST_LOOK_SECONDS = 1.0
"""No look is shorter, however fast the cloud's clock: an attempt costs Temporal and the worker some milliseconds."""


class Wait(BaseModel):
    """From when until when a step waits. Both are fixed when the wait begins, so an operator's Reset moves neither.

    Time in which nothing could happen does not count (`privatelink.model.step_clock`): the deadline comes later by it.
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
