"""The table in the docs, which `make fault-matrix` writes."""

import re
from pathlib import Path

from tests.chaos.faults import all_cells
from tests.chaos.matrix import BROKEN, table

TABLE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"


def test_the_table_in_the_docs_is_of_these_steps_and_faults_and_every_cell_held() -> None:
    """A step or fault that came since, or a cell that was not run, is a table to be written again."""
    page = TABLE.read_text()
    found = re.findall(r"^\| [^|]+ \| (?!outcome|cannot be)([^|]+) \|$", page, re.MULTILINE)
    outcomes = dict(zip(all_cells(), found, strict=True))
    assert table(outcomes) == page, "run: make fault-matrix"
    assert not {BROKEN, "not run"} & set(outcomes.values())
