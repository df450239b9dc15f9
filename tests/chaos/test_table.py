"""The table in the docs, and a few cells that every test run compares with it."""

from itertools import pairwise

import pytest

from tests.chaos import page
from tests.chaos.faults import Cell, all_cells
from tests.chaos.harness import MatrixHarness
from tests.chaos.matrix import run_cells
from tests.chaos.page import BROKEN, NOT_RUN, PAGE, changed, on_page, table
from tests.chaos.steps import STEPS

FEW = (
    "create-target-group-3306:not-visible",
    "create-listener-3306:deleted",
    "wait-for-targets-3306:deleted",
    "create-endpoint-service:reply-lost",
    "accept-endpoint-connection:cancel",
    "create-connector:failed",
    "mark-complete:deleted",
    "check-removal:deleted",
    "delete-endpoint-service:killed",
)
"""Quick cells: each kind of outcome, and each kind of wait that could mistake nothing for success."""


def test_the_table_in_the_docs_is_of_these_steps_and_faults_and_every_cell_held() -> None:
    """A new step or fault, or a cell that was not run, means that the table must be written again."""
    text = PAGE.read_text()
    outcomes = on_page(text)
    assert table(outcomes) == text, "run: make fault-matrix ARGS=--write"
    assert not {BROKEN, NOT_RUN} & set(outcomes.values())


async def test_a_few_cells_end_as_the_page_says(harness: MatrixHarness) -> None:
    """The laws and the outcomes of a few; `make fault-matrix` has all of them."""
    ran = await run_cells(harness, [Cell.parse(text) for text in FEW])
    assert ([], [], []) == (ran.broken, ran.touched, ran.changed)
    assert len(FEW) == len(ran.outcomes)


def test_a_cell_that_ends_otherwise_than_on_the_page_is_told() -> None:
    """The message has both outcomes. A cell in which a law broke is not among these: the law is reported instead."""
    one = Cell.parse("wait-for-targets-3306:deleted")
    text = table(dict.fromkeys(all_cells(), "complete"))
    assert changed({one: "complete"}, text) == []
    assert changed({one: BROKEN}, text) == []
    [told] = changed({one: "refused (AccessDenied)"}, text)
    assert told == f"{one}: it ended `refused (AccessDenied)`, and fault-matrix.md says `complete`"


def test_a_cell_that_timing_decides_may_end_in_each_of_its_ways_and_in_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page has all of them, whichever occurred when it was written."""
    one = Cell.parse("wait-for-targets-3306:deleted")
    monkeypatch.setitem(STEPS[one.step].by_timing, one.fault, ("complete", "rolled back (DeadlinePassed)"))
    pages = [
        table(dict.fromkeys(all_cells(), "complete") | {one: words}) for words in STEPS[one.step].by_timing["deleted"]
    ]
    pages.append(table(on_page(pages[0])))
    assert all(first == second for first, second in pairwise(pages))
    assert on_page(pages[0])[one] == "complete or rolled back (DeadlinePassed)"
    assert changed({one: "complete"}, pages[0]) == changed({one: "rolled back (DeadlinePassed)"}, pages[0]) == []
    assert changed({one: "rolled back (CloudRefused)"}, pages[0])


def test_every_outcome_that_timing_decides_is_of_a_cell_that_can_be() -> None:
    """A step without a fault keeps no outcomes for it."""
    decided = [Cell(step, fault) for step, spec in STEPS.items() for fault in spec.by_timing]
    assert [one for one in decided if one.absence] == []
    assert page.changed({one: outcome for one in decided for outcome in STEPS[one.step].by_timing[one.fault]}) == []
