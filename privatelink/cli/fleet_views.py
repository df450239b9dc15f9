"""Fleet views: the progress of a fleet, as one picture redrawn in place or as one line per change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from privatelink.cli.views import REDRAWS_PER_SECOND
from privatelink.cli.words import duration, one_line
from privatelink.model.fleet import Ending, FleetProgress, LinkOutcome, RunningLink
from privatelink.model.telling import essence

COLUMNS = ("LINK", "SAGA", "AGE")

_OTHER_LINES = 4
"""Lines beside the table's rows: the totals, the table's header, a note, and the cursor."""


class FleetView(Protocol):
    """Where a watched fleet is shown."""

    def show(self, progress: FleetProgress) -> None:
        """Show the current progress."""

    def note(self, message: str) -> None:
        """Say why the progress is not known right now."""

    def tell(self, troubles: Sequence[LinkOutcome]) -> None:
        """Report each link that did not end well, once."""


class _Lines:
    """Lines, each flushed, so that the reader of a pipe or a log sees a change when it happens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""
        self._told: set[str] = set()

    def show(self, progress: FleetProgress) -> None:
        self._changed(_headline(progress))

    def note(self, message: str) -> None:
        self._changed(one_line(message))

    def tell(self, troubles: Sequence[LinkOutcome]) -> None:
        for one in troubles:
            if one.link not in self._told:
                self._told.add(one.link)
                self._print(_trouble(one))

    def _changed(self, line: str) -> None:
        if essence(line) != self._last:
            self._last = essence(line)
            self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._console.file.flush()


class _Picture(_Lines):
    """The totals and the running sagas. Links that did not end well scroll away above."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        super().__init__(console)
        self._now = now
        self._progress: FleetProgress | None = None
        self._note = ""

    def show(self, progress: FleetProgress) -> None:
        self._progress, self._note = progress, ""

    def note(self, message: str) -> None:
        self._note = one_line(message)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw this moment; Rich calls this."""
        if self._progress:
            yield Text(_headline(self._progress))
            if self._progress.running:
                yield from _table(self._progress.running, self._now(), options.size.height - _OTHER_LINES)
        else:
            yield Text("starting")
        if self._note:
            yield Text(self._note, "yellow")

    def _print(self, line: str) -> None:
        # Unwrapped, so that it can be copied. `soft_wrap` would also affect the picture below.
        self._console.print(Group(Text(line, "red", no_wrap=True, overflow="ignore")), crop=False)


@contextmanager
def fleet_view(console: Console, now: Callable[[], datetime], *, redrawn: bool) -> Iterator[FleetView]:
    """A picture if it can be redrawn, otherwise lines."""
    if not redrawn:
        yield _Lines(console)
        return
    picture = _Picture(console, now)
    with Live(get_renderable=lambda: picture, console=console, refresh_per_second=REDRAWS_PER_SECOND, transient=True):
        yield picture


def counts(endings: Mapping[Ending, int]) -> str:
    """How many links ended in each way, as in `3 done, 1 refused`."""
    return ", ".join(f"{endings[ending]} {ending}" for ending in Ending if endings.get(ending))


def _headline(progress: FleetProgress) -> str:
    numbers = counts(progress.endings)
    ended = f"{sum(progress.endings.values())} of {progress.total} links ended{f': {numbers}' if numbers else ''}"
    return f"{ended}; {len(progress.running)} running"


def _table(running: Sequence[RunningLink], now: datetime, rows: int) -> Iterator[Table | Text]:
    # Rich draws the last picture in full, and cannot erase what is taller than the terminal.
    shown = running if len(running) <= rows else running[: max(rows - 1, 0)]
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in COLUMNS:
        drawn.add_column(column, no_wrap=True)
    for one in shown:
        drawn.add_row(Text(one.link), one.operation, duration(now - one.since) if one.since else "begins")
    yield drawn
    if len(shown) < len(running):
        yield Text(f"and {len(running) - len(shown)} more")


def _trouble(one: LinkOutcome) -> str:
    next_step = f"; {one_line(one.next_step)}" if one.next_step else ""
    return f"{one.operation} {one.link}: {one.ending}: {one_line(one.message or '')} ({one.error}){next_step}"
