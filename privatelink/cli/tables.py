"""Tables: many links, one row each, and a mark at those that need a person."""

from datetime import datetime

from rich.table import Table
from rich.text import Text

from privatelink.cli.words import duration
from privatelink.status import LinkSummary

COLUMNS = ("LINK", "SAGA", "PHASE", "ACCOUNT", "REGION", "AGE")

_PHASE = COLUMNS.index("PHASE")


def row(link: LinkSummary, now: datetime) -> tuple[str, ...]:
    """The cells of one link."""
    age = duration(now - link.started_at)
    return (link.link, link.operation, link.phase or "-", link.account or "-", link.region or "-", age)


def needs_person(link: LinkSummary) -> bool:
    """Whether its saga goes on only when somebody acts."""
    return link.closed_at is None and link.phase is not None and link.phase.needs_person


def table(links: list[LinkSummary], now: datetime) -> Table:
    """The rows for a terminal."""
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in COLUMNS:
        # Only the link, which can be long, may break; all else keeps its width.
        drawn.add_column(column, overflow="fold", no_wrap=column != "LINK")
    for link in links:
        cells = [Text(cell) for cell in row(link, now)]
        if needs_person(link):
            cells[_PHASE] = Text(f"{link.phase} !", "bold yellow")
        drawn.add_row(*cells)
    return drawn
