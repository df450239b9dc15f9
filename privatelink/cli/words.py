"""Words for people: durations, and outside text made safe for one line of a terminal."""

from datetime import UTC, datetime, timedelta

from privatelink.errors import ErrorDetails, NoWorker
from privatelink.model.progress import StepProgress

NO_WORKER = "no worker answers, so the steps are not known; start one: python worker.py"

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_TENTHS_BELOW = 10


def silence(unanswered: ErrorDetails | None) -> str:
    """Why the steps are not known, and what to do."""
    if unanswered is None or unanswered.type == NoWorker.__name__:
        return NO_WORKER
    return f"{one_line(unanswered.message)}; {unanswered.next_step}"


def duration(time: timedelta) -> str:
    """At most two units, as in `2m 5s`, with tenths below 10 seconds. Never negative, because two clocks may differ."""
    seconds = max(time.total_seconds(), 0.0)
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f}s"
    rest, parts = int(seconds), []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def clock(moment: datetime) -> str:
    """A moment, for people in different places: `2026-03-01 12:00 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def time_of(step: StepProgress, now: datetime) -> str:
    """How long the step took, or has been running, with its time limit if it has one. Empty before it starts."""
    if step.started_at is None:
        return ""
    took = duration((step.ended_at or now) - step.started_at)
    if step.ended_at or step.deadline is None:
        return took
    return f"{took} of {duration(step.deadline - step.started_at)}"


def printable(text: str) -> str:
    """The text with a space for each control character: in a cloud's message one might control the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def one_line(text: str) -> str:
    """The text on one line, `printable`, with each run of white space as one blank."""
    return " ".join(printable(text).split())
