"""The tree: a saga as a picture for a terminal, readable in 80 columns: a header, the steps, and the ids so far."""

from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from privatelink.cli.lines import headline
from privatelink.cli.people import left, needed
from privatelink.cli.words import one_line, silence, time_of
from privatelink.client.status import LinkStatus
from privatelink.model.progress import Ask, StepProgress, StepState

_STYLES = {
    StepState.TO_COME: "dim",
    StepState.RUNNING: "bold cyan",
    StepState.HELD: "bold yellow",
    StepState.DONE: "green",
    StepState.FAILED: "bold red",
    StepState.STOPPED: "yellow",
}
# Steps to fold on a low terminal, the least important first.
_FINISHED = frozenset({StepState.DONE})
_FOLDS: tuple[frozenset[StepState], ...] = (frozenset(), _FINISHED, _FINISHED | {StepState.TO_COME})

_WIDEST = 100
"""Maximum width of the picture. On a wider one a step's time would be too far from its title."""


class Tree:
    """A picture of `status` at the time `now`. `fit`: fold steps, then leave out ids, until it fits the terminal."""

    def __init__(self, status: LinkStatus, now: datetime, *, fit: bool = False) -> None:
        self._status = status
        self._now = now
        self._fit = fit

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw; Rich calls this."""
        pictures = [(folded, ids) for ids in (True, False) for folded in _FOLDS] if self._fit else [(_FOLDS[0], True)]
        for folded, ids in pictures:
            picture = self._picture(folded, min(options.max_width, _WIDEST), ids=ids)
            if len(console.render_lines(picture, options.update(height=None))) < console.height:
                break
        yield picture

    def _picture(self, folded: frozenset[StepState], width: int, *, ids: bool) -> RenderableType:
        status = self._status
        parts: list[RenderableType] = [Text(headline(status, self._now), style="bold", overflow="fold")]
        if status.progress is None:
            parts.append(Text(f"  {silence(status.unanswered)}", style="yellow", overflow="fold"))
        elif status.progress.error and status.closed_at is None:
            parts.append(
                Text(f"  first cause: {one_line(status.progress.error.message)}", style="red", overflow="fold")
            )
        if self._fit and status.progress:
            # A live picture shows what to do above its steps; after a picture that stays, it is printed below.
            parts += [
                Text(f"  {_short(ask, self._now)}", "bold yellow", overflow="fold") for ask in status.progress.asks
            ]
        parts.append(self._steps(folded, width))
        # A result holds every id, and is printed below the picture.
        if ids and status.progress and status.progress.ids and status.result is None:
            parts.append(_ids(status.progress.ids, shortened=self._fit))
        return Group(*parts)

    def _steps(self, folded: frozenset[StepState], width: int) -> Table:
        table = _grid()
        table.width = width
        table.add_column(width=max(map(len, StepState)))
        table.add_column(ratio=1, overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        said = {waiting.step: one_line(waiting.last_message) for waiting in self._status.waiting}
        steps = self._status.progress.steps if self._status.progress else [_unnamed(step) for step in said]
        counts = {state: sum(step.state is state for step in steps) for state in folded}
        for step in steps:
            if step.state not in folded:
                self._add(table, step, said.get(step.id, ""))
            elif count := counts.pop(step.state, 0):
                table.add_row(Text(step.state, _STYLES[step.state]), Text(_steps_in_words(count), "dim"))
        return table

    def _add(self, table: Table, step: StepProgress, said: str) -> None:
        style = _STYLES.get(step.state, "")
        table.add_row(Text(step.state, style), Text(step.title), Text(time_of(step, self._now), style))
        if said:
            table.add_row("", Text(said, "dim"))


def _short(ask: Ask, now: datetime) -> str:
    return needed(ask) + (f" ({left(ask.deadline, now)})" if ask.deadline else "")


def _grid() -> Table:
    return Table.grid(padding=(0, 1), collapse_padding=False, pad_edge=True)


def _steps_in_words(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _unnamed(step_id: str) -> StepProgress:
    """A step that is known only from Temporal itself, while no worker answers."""
    return StepProgress(id=step_id, title=step_id, state=StepState.RUNNING)


def _ids(ids: dict[str, str], *, shortened: bool) -> Table:
    table = _grid()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for word, made in ids.items():
        table.add_row(Text(word, "dim"), Text(_resource(made) if shortened else made))
    return table


def _resource(made: str) -> str:
    """The distinctive end of an ARN; the region and account are the same in all ARNs of a link."""
    parts = made.split(":", 5)
    return parts[5] if parts[0] == "arn" and len(parts) == 6 else made  # noqa: PLR2004 - arn:aws:service:region:account:
