"""The details: a saga as Markdown for a box in the Temporal UI. The box is low, so what matters now comes first."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.model.progress import Ask, Progress, StepProgress, StepState


@lru_cache(maxsize=1000)  # so that all sagas share the strings
def title(step: str) -> str:
    """A step's id in words."""
    return step.replace("-", " ")


def details(progress: Progress, url: Callable[[str], str]) -> str:
    """`url` gives the console page of an ID, if it has one.

    The phase, what people must do and by which commands, what runs; then all steps, the ids, and who intervened.
    """
    return "\n".join(
        [
            *_headline(progress),
            *(line for ask in progress.asks for line in _ask(ask)),
            *_list(_running(step) for step in progress.steps if step.state is StepState.RUNNING),
            *_table(("step", "state"), ((step.title, _state(step)) for step in progress.steps)),
            *_table(("made", "id"), ((word, _linked(made, url(made))) for word, made in progress.ids.items())),
            *_table(
                ("when", "who", "did", "why"),
                (
                    (f"{one.at:%Y-%m-%d %H:%M:%S} UTC", one.by, f"{one.action} {one.resource}", one.why or "-")
                    for one in progress.interventions
                ),
            ),
        ]
    )


def _headline(progress: Progress) -> Iterator[str]:
    steps = progress.steps
    done = sum(step.state is StepState.DONE for step in steps)
    where = f"step {min(done + 1, len(steps))} of {len(steps)}"
    if progress.phase.ends:
        where = f"{done} of {len(steps)} steps done"
    yield f"**{progress.phase}**, {where}"
    if progress.error:
        yield ""
        yield f"First cause: {progress.error.message}. {progress.error.next_step}"


def _ask(ask: Ask) -> Iterator[str]:
    until = f" until {ask.deadline:%Y-%m-%d %H:%M} UTC" if ask.deadline else ""
    again = f" (reminder {ask.reminders})" if ask.reminders else ""
    yield ""
    yield f"**Needed from you**{until}{again}: {ask.message}"
    yield from _list(
        [
            *([f"where: {ask.page}"] if ask.page else []),
            *(f"to paste into *{field}*: `{value}`" for field, value in ask.paste.items()),
        ]
    )
    yield from _list(ask.clicks, mark="1.")
    if ask.commands:
        yield ""
        yield f"Then run {' or '.join(f'`{command}`' for command in ask.commands)}"


def _running(step: StepProgress) -> str:
    since = f" since {step.started_at:%H:%M:%S} UTC" if step.started_at else ""
    until = f", until {step.deadline:%H:%M:%S} UTC at the latest" if step.deadline else ""
    return f"under way: {step.title}{since}{until}"


def _list(items: Iterable[str], mark: str = "-") -> Iterator[str]:
    # Without the empty line, Temporal's UI renders the items as one paragraph.
    lines = [f"{mark} {item}" for item in items]
    if lines:
        yield from ("", *lines)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    body = [f"| {' | '.join(_cell(text) for text in row)} |" for row in rows]
    if body:
        yield from ("", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *body)


def _cell(text: str) -> str:
    """On one line and in one cell, whatever a person wrote."""
    return " ".join(text.split()).replace("|", "\\|")


def _linked(made: str, url: str) -> str:
    return f"[{made}]({url})" if url else made


def _state(step: StepProgress) -> str:
    if step.started_at and step.ended_at:
        return f"{step.state}, {(step.ended_at - step.started_at).total_seconds():.1f} s"
    return str(step.state)
