"""Tables: many links, one row each, with a mark on those that need a person."""

from datetime import datetime

from rich.table import Table
from rich.text import Text

from privatelink.cli.lines import why_in_brackets
from privatelink.cli.words import duration
from privatelink.client.status import LinkSummary

COLUMNS = ("LINK", "SAGA", "PHASE", "ACCOUNT", "REGION", "AGE", "LAST ATTEMPT")

_PHASE = COLUMNS.index("PHASE")
_MAY_BREAK = ("LINK", "LAST ATTEMPT")


def row(link: LinkSummary, now: datetime) -> tuple[str, ...]:
    """The cells of one link. The last attempt is a later saga that changed nothing."""
    age = duration(now - link.started_at)
    last = link.last_attempt
    attempt = f"{last.operation} {last.phase or 'ended'}{why_in_brackets(last)}" if last else "-"
    return (link.link, link.operation, link.phase or "-", link.account or "-", link.region or "-", age, attempt)


def needs_person(link: LinkSummary) -> bool:
    """Whether its saga continues only when somebody acts."""
    return link.closed_at is None and link.phase is not None and link.phase.needs_person


def table(links: list[LinkSummary], now: datetime) -> Table:
    """The rows for a terminal."""
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    columns = COLUMNS if any(link.last_attempt for link in links) else COLUMNS[:-1]
    for column in columns:
        # Only columns with long values may break; the others keep their width.
        drawn.add_column(column, overflow="fold", no_wrap=column not in _MAY_BREAK)
    for link in links:
        cells = [Text(cell) for cell in row(link, now)[: len(columns)]]
        if needs_person(link):
            cells[_PHASE] = Text(f"{link.phase} !", "bold yellow")
        drawn.add_row(*cells)
    return drawn
