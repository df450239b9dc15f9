"""Views: where a saga is shown while it runs, as one picture redrawn in place or as one line per change."""

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
"""Elapsed times tick between two looks, and go on when Temporal is slow to answer."""


class View(Protocol):
    """What a watched saga is told to."""

    def show(self, status: LinkStatus) -> None:
        """Show how it stands now."""

    def note(self, message: str) -> None:
        """Say why nothing is known right now."""


class LiveView:
    """One picture, and above it by `tell`, to be copied from, what people must know; `title` stands there at first."""

    def __init__(self, now: Callable[[], datetime], title: str, tell: Callable[[str], None]) -> None:
        self._now = now
        self._title = title
        self._tell = tell
        self._changes = Changes()
        self._status: LinkStatus | None = None
        self._note = ""
        self.fit = True

    def show(self, status: LinkStatus) -> None:
        """Draw this from now on."""
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
    """Lines, each flushed: whoever reads a pipe or a log sees a change when it happens."""

    def __init__(self, console: Console, now: Callable[[], datetime], title: str) -> None:
        self._console = console
        self._now = now
        self._changes = Changes()
        self._note = ""
        self._told_to_wait = False
        self._tell(f"{title}: starting")

    def show(self, status: LinkStatus) -> None:
        """Tell what has changed."""
        self._note = ""
        for line in self._changes.of(status, self._now()):
            self._tell(line)
        if status.progress and status.progress.phase.needs_person and not self._told_to_wait:
            self._told_to_wait = True
            self._tell(WAITS)

    def note(self, message: str) -> None:
        """Tell the message, once."""
        if essence(message) != self._note:
            self._note = essence(message)
            self._tell(one_line(message))

    def _tell(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._console.file.flush()


def view(console: Console, now: Callable[[], datetime], title: str, *, redrawn: bool) -> AbstractContextManager[View]:
    """A picture where it can be redrawn, else lines."""
    return _live(console, now, title) if redrawn else _lines(console, now, title)


@contextmanager
def _live(console: Console, now: Callable[[], datetime], title: str) -> Iterator[View]:
    def tell(lines: str) -> None:
        # Unwrapped, so that a value can be copied; not by `soft_wrap`, which would reach the picture below, and in a
        # group, because Rich joins bare texts and forgets how each is to wrap.
        console.print(Group(Text(lines, "yellow", no_wrap=True, overflow="ignore")), crop=False)

    picture = LiveView(now, title, tell)
    with Live(get_renderable=lambda: picture, console=console, refresh_per_second=REDRAWS_PER_SECOND):
        try:
            yield picture
        finally:
            # The last picture stays, and may scroll.
            picture.fit = False


@contextmanager
def _lines(console: Console, now: Callable[[], datetime], title: str) -> Iterator[View]:
    yield LineView(console, now, title)
