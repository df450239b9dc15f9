"""Views: show a running saga, as one picture redrawn in place or as one line per change."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from privatelink.cli.lines import Changes
from privatelink.cli.people import WAITS, person_facts
from privatelink.cli.tree import Tree
from privatelink.cli.words import one_line
from privatelink.client.status import LinkStatus
from privatelink.model.telling import essence

REDRAWS_PER_SECOND = 2
"""Redraws per second: elapsed times tick between two polls, and keep ticking when Temporal is slow to answer."""


class View(Protocol):
    """Where a watched saga is shown."""

    def show(self, status: LinkStatus) -> None:
        """Show its current status."""

    def note(self, message: str) -> None:
        """Say why the status is not known right now."""


class LiveView:
    """One picture, which at first shows only `title`. `tell` prints the facts for people above it, to be copied."""

    def __init__(self, now: Callable[[], datetime], title: str, tell: Callable[[str], None]) -> None:
        self._now = now
        self._title = title
        self._tell = tell
        self._changes = Changes()
        self._status: LinkStatus | None = None
        self._note = ""
        self.fit = True

    def show(self, status: LinkStatus) -> None:
        """Draw this status from now on."""
        self._status, self._note = status, ""
        for told in self._changes.among(person_facts(status)):
            self._tell(told)

    def note(self, message: str) -> None:
        """Draw the message below the last picture, until there is a new one."""
        self._note = one_line(message)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw this moment; Rich calls this."""
        if self._status:
            yield Tree(self._status, self._now(), fit=self.fit)
        else:
            yield Text(f"{self._title}: starting")
        if self._note:
            yield Text(f"  {self._note}", "yellow")


class LineView:
    """Lines, each flushed, so that the reader of a pipe or a log sees a change when it happens."""

    def __init__(self, console: Console, now: Callable[[], datetime], title: str) -> None:
        self._console = console
        self._now = now
        self._changes = Changes()
        self._note = ""
        self._told_to_wait = False
        self._tell(f"{title}: starting")

    def show(self, status: LinkStatus) -> None:
        """Print what has changed."""
        self._note = ""
        for line in self._changes.of(status, self._now()):
            self._tell(line)
        if status.progress and status.progress.phase.needs_person and not self._told_to_wait:
            self._told_to_wait = True
            self._tell(WAITS)

    def note(self, message: str) -> None:
        """Print the message, once."""
        if essence(message) != self._note:
            self._note = essence(message)
            self._tell(one_line(message))

    def _tell(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._console.file.flush()


def view(console: Console, now: Callable[[], datetime], title: str, *, redrawn: bool) -> AbstractContextManager[View]:
    """A picture if it can be redrawn, otherwise lines."""
    return _live(console, now, title) if redrawn else _lines(console, now, title)


@contextmanager
def _live(console: Console, now: Callable[[], datetime], title: str) -> Iterator[View]:
    def tell(lines: str) -> None:
        # Unwrapped, so that a value can be copied. `soft_wrap` would also affect the picture below. In a group, because
        # Rich joins bare texts and forgets how each one wraps.
        console.print(Group(Text(lines, "yellow", no_wrap=True, overflow="ignore")), crop=False)

    picture = LiveView(now, title, tell)
    with Live(get_renderable=lambda: picture, console=console, refresh_per_second=REDRAWS_PER_SECOND):
        try:
            yield picture
        finally:
            # The last picture stays on the terminal, and may scroll.
            picture.fit = False


@contextmanager
def _lines(console: Console, now: Callable[[], datetime], title: str) -> Iterator[View]:
    yield LineView(console, now, title)
