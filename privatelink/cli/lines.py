"""Plain lines: a saga as text, one line per fact, for pipes, logs and terminals that can't redraw."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from privatelink.cli.people import person_facts
from privatelink.cli.words import duration, one_line, silence, time_of
from privatelink.client.status import LastAttempt, LinkStatus
from privatelink.model.progress import StepProgress, StepState
from privatelink.model.telling import essence

SAID = "said"
"""Key prefix of the facts that are a step's own messages."""


def headline(status: LinkStatus, now: datetime) -> str:
    """One line for the whole saga: `create w41b11c0/orders-db: creating, 5 of 12 steps done, 1m 23s`."""
    took = duration((status.closed_at or now) - status.started_at)
    progress = status.progress
    if progress is None:
        return f"{phase_line(status)}, {took}"
    done = sum(step.state is StepState.DONE for step in progress.steps)
    return f"{phase_line(status)}, {done} of {len(progress.steps)} steps done, {took}"


def phase_line(status: LinkStatus) -> str:
    """What the whole saga is doing, without times or counts: `create w41b11c0/orders-db: creating`."""
    phase = status.progress.phase if status.progress else status.phase
    return f"{status.operation} {status.link}: {phase or ('ended' if status.closed_at else 'started')}"


def attempt_line(attempt: LastAttempt, now: datetime) -> str:
    """A later saga that changed nothing: `last attempt: create, refused 5m ago (RequestRefused: LinkDiffers)`."""
    ago = f" {duration(now - attempt.closed_at)} ago" if attempt.closed_at else ""
    return f"last attempt: {attempt.operation}, {attempt.phase or 'ended'}{ago}{why_in_brackets(attempt)}"


def why_in_brackets(attempt: LastAttempt) -> str:
    """The error's type and those of its findings, in brackets; empty if no error is known."""
    if attempt.error is None:
        return ""
    found = ", ".join(dict.fromkeys(finding.type for finding in attempt.error.findings))
    return f" ({attempt.error.type}{f': {found}' if found else ''})"


def facts(status: LinkStatus, now: datetime) -> Iterator[tuple[str, str]]:
    """Each fact under a key that stays the same while the fact changes. Steps that have not begun are left out."""
    yield "phase", phase_line(status)
    progress = status.progress
    titles: dict[str, str] = {}
    if progress is None:
        yield "worker", silence(status.unanswered)
    else:
        yield "worker", "a worker answers"
        for step in progress.steps:
            titles[step.id] = step.title
            if step.state is not StepState.TO_COME:
                yield f"step {step.id}", _step_line(step, now)
        if progress.error:
            yield "cause", f"first cause: {one_line(progress.error.message)}"
        for word, made in progress.ids.items():
            yield f"id {word}", f"{word}: {made}"
    for waiting in status.waiting:
        if waiting.last_message:
            yield (
                f"{SAID} {waiting.step}",
                f"{titles.get(waiting.step, waiting.step)}: {one_line(waiting.last_message)}",
            )


def _step_line(step: StepProgress, now: datetime) -> str:
    # A running step's elapsed time changes with every poll, which is no change of the saga.
    took = time_of(step, now) if step.ended_at else ""
    return f"{step.title}: {step.state}{f' after {took}' if took else ''}"


class Changes:
    """Remembers what it has reported, so that each change is reported once.

    The message of a waiting step may alternate with another one, each time with a new request id or duration in it.
    Such a message is reported only the first time.
    """

    def __init__(self) -> None:
        self._told = {"worker": "a worker answers"}
        self._said: set[tuple[str, str]] = set()

    def of(self, status: LinkStatus, now: datetime) -> list[str]:
        """The facts that were not reported before. A fact for people may have several lines."""
        return self.among(chain(facts(status, now), person_facts(status)))

    def among(self, known: Iterable[tuple[str, str]]) -> list[str]:
        """Those of these facts that were not reported before."""
        return [line for key, line in known if self._is_news(key, line)]

    def _is_news(self, key: str, line: str) -> bool:
        if key.startswith(SAID):
            said = (key, essence(line))
            is_news = said not in self._said
            self._said.add(said)
            return is_news
        is_news = self._told.get(key) != line
        self._told[key] = line
        return is_news
