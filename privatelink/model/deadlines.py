"""The deadline of a step that waits, how long one poll of it lasts, and spans of time in words."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from privatelink.model.step_clock import step_clock

POLL_SECONDS = 14.0
"""Seconds that one poll lasts: long enough for few attempts per wait, short enough to notice a killed worker soon."""

SLACK_SECONDS = 3.0
"""Seconds on our clock that a poll may take beyond its own time. Temporal notices a killed worker only after both."""

LEAST_POLL_SECONDS = 1.0
"""Minimum seconds of a poll, however fast the cloud's clock: an attempt costs Temporal and the worker milliseconds."""


class Deadline(BaseModel):
    """When a step's time began, and until when it lasts. Both are fixed then, so an operator's Reset moves neither.

    Time in which nothing could happen does not count (`privatelink.model.step_clock`), and delays the end.
    """

    model_config = ConfigDict(frozen=True)

    since: datetime
    until: datetime

    def words(self) -> str:
        """Elapsed of limit, as in `40 s of 20 min`."""
        return f"{span(self.elapsed)} of {span((self.until - self.since).total_seconds())}"

    @property
    def elapsed(self) -> float:
        """Seconds on our clock since its time began, without those that do not count."""
        return (datetime.now(UTC) - self.since).total_seconds() - step_clock().uncounted

    @property
    def remaining(self) -> float:
        """Seconds on our clock until its end; negative after it."""
        return (self.until - datetime.now(UTC)).total_seconds() + step_clock().uncounted

    @property
    def passed(self) -> bool:
        """Whether its end has passed."""
        return self.remaining <= 0

    def beginning(self, moment: datetime) -> "Deadline":
        """A deadline with as much time that begins at another moment."""
        return Deadline(since=moment, until=moment + (self.until - self.since))


def span(seconds: float) -> str:
    """A number of seconds in words, as in `40 s` or `20 min`. Seconds on the cloud's clock need `paced` first."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
