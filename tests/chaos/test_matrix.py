"""A representative part of the fault matrix; `make fault-matrix` runs all of it."""

import asyncio
import subprocess
import sys

import pytest

from privatelink.model.progress import TRIED_AGAIN
from privatelink.model.request import ApiPlatform, PrivateLinkRequest
from tests.chaos.cells import AWS_REMOVALS
from tests.chaos.console_clicks import ConsoleClicks
from tests.chaos.faults import FAULTS, Cell, UnknownCellError, all_cells
from tests.chaos.harness import MatrixHarness
from tests.chaos.matrix import run_cells
from tests.chaos.page import table
from tests.chaos.steps import STEPS, Story
from tests.support.person import CONSOLE
from tests.support.requests import full_request
from tests.support.step_faults import Hook, Moment, once
from workflows.create import steps_to_come
from workflows.platform_side import CONFIRM_RUNNING
from workflows.removal import everything
from workflows.saga.controls import APPROVAL
from workflows.saga.progress import step_id

pytestmark = pytest.mark.chaos


def _part(fault: str, *stories: Story) -> list[Cell]:
    cells = [cell for cell in all_cells() if cell.fault == fault and not cell.is_alone]
    return [cell for cell in cells if STEPS[cell.step].story in stories]


FORWARD, UNDOING = (Story.CREATE,), (Story.ROLLBACK, Story.DELETE)


@pytest.mark.parametrize(
    ("fault", "stories"),
    [(fault, stories) for fault in ("reply-lost", "killed", "cancel") for stories in (FORWARD, UNDOING)]
    # A removal waits for a permission until its deadline: test_incomplete.py tests that.
    + [("denied", FORWARD)],
)
async def test_whatever_breaks_at_whichever_step_the_books_keep_the_laws(
    harness: MatrixHarness, fault: str, stories: tuple[Story, ...]
) -> None:
    """Every step, its fault hit: one of everything or none, nothing foreign touched, the cause given, platform first.

    And each ends as the page says.
    """
    cells = _part(fault, *stories)
    ran = await run_cells(harness, cells)
    assert ([], [], []) == (ran.broken, ran.touched, ran.changed)
    assert set(cells) == ran.outcomes.keys()


async def test_the_table_has_every_step_of_a_links_life_and_the_call_that_each_makes(harness: MatrixHarness) -> None:
    """The step list is the history of runs without faults, by API and by hand; each step's call was recorded."""
    listeners = [{"port": 3306, "targets": ["10.0.1.15"]}]
    by_api = full_request(harness.world.sandbox, "by-api", listeners=listeners)
    by_hand = full_request(harness.world.sandbox, "by-hand", listeners=listeners, platform=CONSOLE, connector=None)
    clicks = ConsoleClicks(harness, by_hand.link)
    clicked: dict[tuple[str, Moment], Hook] = {
        # The step runs again after a person has been asked.
        ("wait-for-creation-by-hand", "before"): once(clicks.create),
        ("accept-endpoint-connection", "after"): clicks.confirm_later,
        ("wait-for-deletion-by-hand", "before"): clicks.delete,
    }
    lives = [await _life(harness, by_api, {}), await _life(harness, by_hand, clicked)]
    await clicks.leave()
    lived = {step: set().union(*(life.get(step, set()) for life in lives)) for step in STEPS}
    # Approval and confirmation are requests to a person, not calls to a cloud.
    steps = {*lives[0], *lives[1], *steps_to_come(by_api), *steps_to_come(by_hand)}
    assert set(STEPS) | {APPROVAL, CONFIRM_RUNNING} == steps
    assert {} == {step: spec.action for step, spec in STEPS.items() if spec.action not in lived[step]}


async def _life(
    harness: MatrixHarness, request: PrivateLinkRequest, clicked: dict[tuple[str, Moment], Hook]
) -> dict[str, set[str]]:
    """Create and delete the link, and return the calls that were recorded during each of its steps."""
    harness.links.add(str(request.link))
    spans: dict[str, list[int]] = {}

    def note(step: str, moment: Moment) -> None:
        async def length() -> None:
            spans.setdefault(step, []).append(len(await asyncio.to_thread(harness.world.sandbox.calls)))
            if hook := clicked.get((step, moment)):
                await hook()

        # A wait continues under another ID once a person has approved.
        for id_ in (step, f"{step}{TRIED_AGAIN}2"):
            harness.recorder.at(request.link.workflow_id, id_, moment, length)

    for step in STEPS:
        note(step, "before")
        note(step, "after")
    await harness.world.links.create(request)
    await harness.world.links.delete(request)
    deleted = {
        event.activity_task_scheduled_event_attributes.activity_id
        async for event in harness.world.handle(str(request.link)).fetch_history_events()
        if event.HasField("activity_task_scheduled_event_attributes")
    }
    assert deleted <= set(spans), "a step of the delete that the matrix does not have"
    seen = {step.partition(TRIED_AGAIN)[0] for step in harness.recorder.seen[request.link.workflow_id]}
    assert set(spans) == seen
    calls = harness.world.sandbox.calls()
    return {step: {call["action"] for call in calls[span[0] : span[-1]]} for step, span in spans.items()}


def test_the_removals_at_aws_are_all_but_the_platforms() -> None:
    """The order that the laws check is the removal's own list."""
    platforms = {"delete-connector", "delete-private-link"}
    assert set(AWS_REMOVALS) == {step_id(undo.__name__) for undo in everything(ApiPlatform())} - platforms


def test_every_cell_runs_or_tells_why_it_cannot_be() -> None:
    """Nothing is silently left out: every step and fault is a cell that runs or has a reason."""
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
    """Bad input to the chaos tool is reported before anything starts."""
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
