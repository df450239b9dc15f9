"""Cancel at any time ends in a full rollback."""

import asyncio

import pytest
from temporalio.client import WorkflowExecutionStatus

from privatelink import Phase
from privatelink.errors import Cancelled, CloudRefused, Outcome, PrivateLinkError
from tests.support.laws import NOTHING
from tests.support.requests import full_request
from tests.support.step_faults import Moment
from tests.support.world import World
from workflows.create import steps_to_come

ROLLBACK = (
    "delete-connector",
    "delete-private-link",
    "reject-endpoint-connections",
    "remove-allowed-principals",
    "delete-endpoint-service",
    "delete-listeners",
    "delete-load-balancer",
    "delete-target-groups",
)


@pytest.mark.parametrize("moments", [["before"], ["after"], ["before", "after"]], ids=" and ".join)
async def test_cancel_at_any_step_ends_cancelled_with_nothing_left(world: World, moments: list[Moment]) -> None:
    """For every step: cancel before its effect, after it, or twice. It never notices, since it has no heartbeat."""

    async def run(step: str) -> tuple[str, str | None]:
        request = full_request(world.sandbox, f"c-{step}"[:60].strip("-"))
        handle = world.client.get_workflow_handle(request.link.workflow_id)

        async def cancel() -> None:
            await handle.cancel(reason="test")

        for moment in moments:
            world.faults.at(request.link.workflow_id, step, moment, cancel)
        try:
            await world.links.create(request)
        except PrivateLinkError as error:
            status = (await handle.describe()).status
            return f"{status and status.name} by {type(error).__name__}", error.details_model.outcome
        return "no error", None

    steps = steps_to_come(full_request(world.sandbox))
    outcomes = dict(zip(steps, await asyncio.gather(*(run(step) for step in steps)), strict=True))
    assert outcomes == dict.fromkeys(steps, ("CANCELED by Cancelled", Outcome.ROLLED_BACK))
    assert world.sandbox.books() == NOTHING


@pytest.mark.parametrize("cause", ["failure", "cancel"])
async def test_cancel_during_the_rollback_changes_nothing(world: World, cause: str) -> None:
    """For every undo: a (second) cancel while it runs. All undos run; the status tells the first cause."""

    async def run(undo: str) -> tuple[str, str]:
        request = full_request(world.sandbox, f"r-{undo}"[:60].strip("-"))
        handle = world.client.get_workflow_handle(request.link.workflow_id)

        async def cancel() -> None:
            await handle.cancel(reason="test")

        async def fail() -> None:
            raise CloudRefused("failing on purpose")

        first = fail if cause == "failure" else cancel
        world.faults.at(request.link.workflow_id, "mark-complete", "before", first)
        world.faults.at(request.link.workflow_id, undo, "before", cancel)
        try:
            await world.links.create(request)
        except PrivateLinkError as error:
            status = (await handle.describe()).status
            return str(status and status.name), type(error).__name__
        return "no error", ""

    outcomes = dict(zip(ROLLBACK, await asyncio.gather(*(run(undo) for undo in ROLLBACK)), strict=True))
    expected = ("FAILED", "CloudRefused") if cause == "failure" else ("CANCELED", "Cancelled")
    assert outcomes == dict.fromkeys(ROLLBACK, expected)
    assert world.sandbox.books() == NOTHING


async def test_a_cancelled_saga_says_so(world: World) -> None:
    """Status and search attribute tell `rolled-back`."""
    # A name of its own: of a link that ran before, Temporal remembers that it runs.
    request = full_request(world.sandbox, "cancelled-db")
    saga = await world.links.start_create(request)
    await saga.cancel("not needed any more")
    with pytest.raises(Cancelled):
        await saga.result()
    status = await world.links.status(request.link)
    assert status.phase in {Phase.ROLLED_BACK, Phase.REFUSED}
    assert (await saga.handle.describe()).status == WorkflowExecutionStatus.CANCELED
