"""The page `docs/fault-matrix.md`: written from the outcomes of all cells, and the reference for each cell."""

import re
from pathlib import Path

from tests.chaos.faults import FAULTS, Cell, all_cells
from tests.chaos.steps import STEPS

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"

BROKEN, NOT_RUN = "BROKEN", "not run"
"""Words in place of an outcome, for a cell in which a law broke, and for one that did not run."""

HEAD = """# The fault matrix

Each row is a real saga on a real Temporal server against the sandbox, with one fault at one step. Whatever the outcome,
the sandbox's books held these laws: exactly one of everything or nothing of ours left, what is said to run answers on
its ports, nothing of anybody else touched, the first cause in the error, the platform removed before AWS, everything
left listed with its id and finished by a later delete.

*Rolled back*, *refused* and *nothing removed* name the error's type. A cell that *cannot be* says why. Where the row
has two outcomes, timing decides between them.

`make fault-matrix` runs all cells, and fails where one ends otherwise. With `ARGS=--write` it writes this page."""


def table(outcomes: dict[Cell, str]) -> str:
    """The page: a section for each step, a row for each fault; cells that cannot exist have the reason."""
    lines = [HEAD]
    for step, spec in STEPS.items():
        where = {"create": "", "rollback": ", in a rollback", "delete": ", in a delete"}[spec.story]
        where += ", with a person at the console" if spec.by_hand else ""
        lines += ["", f"## {step}{where}", "", "| fault | outcome |", "|---|---|"]
        for name, fault in FAULTS.items():
            cell = Cell(step, name)
            outcome = f"cannot be: {cell.absence}" if cell.absence else _words(cell, outcomes.get(cell, NOT_RUN))
            lines.append(f"| {fault.words} | {outcome} |")
    return "\n".join(lines) + "\n"


def on_page(page: str) -> dict[Cell, str]:
    """Outcomes on a page, for the cells that can exist. Raises ValueError when it has a different number of them."""
    found = re.findall(r"^\| [^|]+ \| (?!outcome|cannot be)([^|]+) \|$", page, re.MULTILINE)
    return dict(zip(all_cells(), found, strict=True))


def changed(outcomes: dict[Cell, str], page: str | None = None) -> list[str]:
    """Outcomes that differ from the page (by default, the one in the docs), in words."""
    expected = on_page(PAGE.read_text() if page is None else page)
    return [
        f"{cell}: it ended `{outcome}`, and {PAGE.name} says `{expected[cell]}`"
        for cell, outcome in outcomes.items()
        if outcome not in {BROKEN, *(_by_timing(cell) or (expected[cell],))}
    ]


def _by_timing(cell: Cell) -> tuple[str, ...]:
    return STEPS[cell.step].by_timing.get(cell.fault, ())


def _words(cell: Cell, outcome: str) -> str:
    """Every outcome that the cell may have. One that it may not have is shown as it is."""
    either = _by_timing(cell)
    return " or ".join(either) if outcome in {*either, " or ".join(either)} else outcome
