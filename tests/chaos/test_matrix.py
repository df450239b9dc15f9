"""A representative part of the fault matrix; `make fault-matrix` runs all of it."""

import asyncio
import subprocess
import sys

import pytest

from privatelink.request import ApiPlatform
from tests.chaos.cells import AWS_REMOVALS, Arena
from tests.chaos.faults import FAULTS, Cell, UnknownCellError, all_cells
from tests.chaos.matrix import run_cells, table
from tests.chaos.steps import STEPS, Story
from tests.support.requests import full_request
from workflows.create import steps_to_come
from workflows.removal import everything
from workflows.story_board import step_id

pytestmark = pytest.mark.chaos


def _part(fault: str, *stories: Story) -> list[Cell]:
    cells = [cell for cell in all_cells() if cell.fault == fault and not cell.is_alone]
    return [cell for cell in cells if STEPS[cell.step].story in stories]


FORWARD, UNDOING = (Story.CREATE,), (Story.ROLLBACK, Story.DELETE)


@pytest.mark.parametrize(
    ("fault", "stories"),
    [(fault, stories) for fault in ("reply-lost", "killed", "cancel") for stories in (FORWARD, UNDOING)]
    # An undo waits for a permission until its deadline: test_incomplete.py has that.
    + [("denied", FORWARD)],
)
async def test_whatever_breaks_at_whichever_step_the_books_keep_the_laws(
    arena: Arena, fault: str, stories: tuple[Story, ...]
) -> None:
    """Every step, its fault hit: one of everything or nothing, no stranger touched, the cause told, platform first."""
    cells = _part(fault, *stories)
    ran = await run_cells(arena, cells)
    assert ([], []) == (ran.broken, ran.touched)
    assert set(cells) == ran.outcomes.keys()


async def test_the_table_has_every_step_of_a_links_life_and_the_call_that_each_makes(arena: Arena) -> None:
    """The step list is the happy run's history; each step's call is among those recorded while it ran."""
    sandbox, links = arena.world.sandbox, arena.world.links
    request = full_request(sandbox, listeners=[{"port": 3306, "targets": ["10.0.1.15"]}])
    arena.links.add(str(request.link))
    spans: dict[str, list[int]] = {}

    def note(step: str) -> None:
        async def length() -> None:
            spans.setdefault(step, []).append(len(await asyncio.to_thread(sandbox.calls)))

        for moment in ("before", "after"):
            arena.witness.at(request.link.workflow_id, step, moment, length)

    for step in STEPS:
        note(step)
    await links.create(request)
    await links.delete(request)

    handle = arena.world.handle(str(request.link))
    deleted = {
        event.activity_task_scheduled_event_attributes.activity_id
        async for event in handle.fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    }
    assert set(STEPS) == set(steps_to_come(request)) | deleted
    assert set(STEPS) == set(arena.witness.seen[request.link.workflow_id])
    calls = sandbox.calls()
    missing = {
        step: spec.action
        for step, spec in STEPS.items()
        if spec.action not in {call["action"] for call in calls[spans[step][0] : spans[step][-1]]}
    }
    assert {} == missing


def test_the_removals_at_aws_are_all_but_the_platforms() -> None:
    """The order that the laws look at is the removal's own list."""
    platforms = {"delete-connector", "delete-private-link"}
    assert set(AWS_REMOVALS) == {step_id(undo.__name__) for undo in everything(ApiPlatform())} - platforms


def test_every_cell_runs_or_tells_why_it_cannot_be() -> None:
    """Nothing is silently left out: steps times faults is cells that run and cells with a reason."""
    text = table(dict.fromkeys(all_cells(), "complete"))
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| fault")]
    assert len(STEPS) * len(FAULTS) == len(rows)
    absent = [row for row in rows if "| cannot be: " in row]
    assert len(rows) - len(all_cells()) == len(absent)
    assert all(len(row.partition("| cannot be: ")[2]) > 10 for row in absent)
    assert "not run" not in text


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("create-load-balancr:slow", "choosing a step ('create-load-balancr'): the matrix has none such; create-load"),
        ("create-load-balancer:slwo", "choosing a fault ('slwo'): the matrix has none such; slow"),
        ("create-load-balancer", "it is not of the form step:fault"),
    ],
)
def test_an_unknown_cell_is_named_with_the_near_ones(cell: str, says: str) -> None:
    """Bad input to the chaos tool is told before anything starts."""
    with pytest.raises(UnknownCellError) as caught:
        Cell.parse(cell)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("create-load-balancer:nonsense", "the matrix has none such"),
        ("check-provider:stuck", "it cannot be: it only reads"),
    ],
)
def test_the_command_refuses_a_cell_that_it_does_not_have(cell: str, says: str) -> None:
    """Exit code 2, the sentence on stderr, nothing on stdout."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos", cell], capture_output=True, text=True, check=False, timeout=120
    )
    assert (2, "") == (ran.returncode, ran.stdout)
    assert says in ran.stderr
