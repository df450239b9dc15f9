"""People: what a saga needs from them and what they have done, as lines to read and values to copy."""

from collections.abc import Iterator
from datetime import datetime

from privatelink.cli.words import clock, duration, one_line, printable
from privatelink.client.status import LinkStatus
from privatelink.model.progress import Ask, Intervention

WAITS = "this command waits until it is done; Ctrl-C stops the command, not the saga"


def person_facts(status: LinkStatus) -> Iterator[tuple[str, str]]:
    """Facts for people, each under a key that stays the same while the fact changes. A fact may have several lines."""
    if status.progress:
        for number, intervention in enumerate(status.progress.interventions):
            yield f"intervention {number}", intervention_line(intervention)
        for ask in status.progress.asks:
            # A step may ask the same thing again after it was answered.
            yield f"ask {ask.step} {ask.since}", "\n".join(instructions(ask))


def instructions(ask: Ask, now: datetime | None = None) -> Iterator[str]:
    """What is needed and where, then the clicks, the values and the commands. With `now`, also the time that is left.

    Each value and each command has a line of its own, without indentation, so that a whole line can be copied.
    """
    yield needed(ask)
    if ask.deadline:
        yield f"  until {clock(ask.deadline)}{f' ({left(ask.deadline, now)})' if now else ''}"
    if ask.reminders:
        yield f"  reminder {ask.reminders}; first asked at {clock(ask.since)}"
    if ask.page:
        yield f"  page: {one_line(ask.page)}"
    for number, click in enumerate(ask.clicks, start=1):
        yield f"  {number}. {one_line(click)}"
    for field, value in ask.paste.items():
        yield f"  {one_line(field)}:"
        yield printable(value)
    if ask.commands:
        yield "  then run:" if len(ask.commands) == 1 else "  then run one of:"
        yield from map(printable, ask.commands)


def needed(ask: Ask) -> str:
    """What is needed, in one line."""
    return f"needs a person: {one_line(ask.message)}"


def left(deadline: datetime, now: datetime) -> str:
    """The time left until the deadline: `2d 23h left`."""
    return f"{duration(deadline - now)} left"


def intervention_line(intervention: Intervention) -> str:
    """Who did what, when and why: `2026-03-01 11:58 UTC: approve vpce-0a1b by ana@example.com: CHG-1234`."""
    why = f": {one_line(intervention.why)}" if intervention.why else ""
    action = " ".join(filter(None, (intervention.action, intervention.resource)))
    return f"{clock(intervention.at)}: {one_line(action)} by {one_line(intervention.by)}{why}"
