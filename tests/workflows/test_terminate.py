"""Terminate runs no code by design: what a saga has made stays, and a later delete of the link removes it."""

import asyncio

import pytest
from temporalio.client import WorkflowExecutionStatus

from privatelink.errors import CloudRefused, Outcome, RollbackIncomplete
from privatelink.model.names import TAG_COMPLETE
from tests.support.laws import NOTHING, of_link
from tests.support.parts import TAGGED
from tests.support.requests import full_request
from tests.support.step_faults import Moment, once
from tests.support.world import World
from workflows.create import steps_to_come


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_later_delete_removes_what_a_create_terminated_at_any_third_step_left(
    world: World, moment: Moment
) -> None:
    """The caller is told that something may be left; whatever it is, the delete finds it by identity."""
    story = steps_to_come(full_request(world.sandbox))
    steps = story[::3]

    async def terminated(step: str) -> tuple[str, bool]:
        """How the create ended, and whether it left anything."""
        request = full_request(world.sandbox, f"t-{step}"[:60].strip("-"))
        handle = world.handle(str(request.link))

        async def terminate() -> None:
            await handle.terminate("test")

        world.faults.at(request.link.workflow_id, step, moment, terminate)
        with pytest.raises(RollbackIncomplete, match="terminated, which runs no rollback") as caught:
            await world.links.create(request)
        assert caught.value.details_model.outcome == Outcome.INCOMPLETE
        await _until_quiet(world, request.link.workflow_id)
        status = (await handle.describe()).status
        assert status == WorkflowExecutionStatus.TERMINATED
        left = bool(of_link(world.sandbox.books(), str(request.link)))
        deleted = await world.links.delete(request)
        return deleted.status, left

    outcomes = dict(zip(steps, await asyncio.gather(*(terminated(step) for step in steps)), strict=True))
    assert set(outcomes.values()) == {("absent", False), ("deleted", True)}
    after_the_first_writes = story.index("create-listener-3306")
    assert [step for step in story[after_the_first_writes:] if step in outcomes and not outcomes[step][1]] == []
    assert world.sandbox.books() == NOTHING


@pytest.mark.parametrize("dead_after", ["create-listener-3306", "create-endpoint-service", "create-private-link"])
async def test_the_rollback_of_the_next_create_removes_what_a_terminated_one_left(
    world: World, dead_after: str
) -> None:
    """From whatever step it fails: also what the failing create has not come to."""
    failing = [
        "create-target-group-3306",
        "create-load-balancer",
        "wait-for-load-balancer",
        "accept-endpoint-connection",
    ]

    async def fails(step: str, moment: Moment) -> None:
        request = full_request(world.sandbox, f"a-{step}-{moment}"[:60], connector=None)
        handle, workflow_id = world.handle(str(request.link)), request.link.workflow_id

        async def terminate() -> None:
            await handle.terminate("test")
            world.faults.at(workflow_id, dead_after, "after", nothing)

        async def fail() -> None:
            raise CloudRefused("failing on purpose", resource=step)

        world.faults.at(workflow_id, dead_after, "after", terminate)
        with pytest.raises(RollbackIncomplete, match="terminated"):
            await world.links.create(request)
        await _until_quiet(world, workflow_id)
        world.faults.at(workflow_id, step, moment, fail)
        with pytest.raises(CloudRefused) as caught:
            await world.links.create(request)
        assert caught.value.details_model.outcome == Outcome.ROLLED_BACK

    async def nothing() -> None:
        """Let it run."""

    await asyncio.gather(*(fails(step, moment) for step in failing for moment in ("before", "after")))
    assert world.sandbox.books() == NOTHING


async def test_a_terminated_delete_is_finished_by_the_next(world: World) -> None:
    """In the middle of the removal: what is left is removed, and nothing is missed for being half gone."""
    request = full_request(world.sandbox)
    await world.links.create(request)
    handle = world.handle(str(request.link))

    async def terminate() -> None:
        await handle.terminate("test")

    async def nothing() -> None:
        """Let it run."""

    for undo in ("delete-private-link", "delete-listeners"):
        world.faults.at(request.link.workflow_id, undo, "after", terminate)
        with pytest.raises(RollbackIncomplete, match="terminated"):
            await world.links.delete(request, allow_failed=True)
        await _until_quiet(world, request.link.workflow_id)
        assert of_link(world.sandbox.books(), str(request.link))
        world.faults.at(request.link.workflow_id, undo, "after", nothing)
    assert (await world.links.delete(request, allow_failed=True)).status == "deleted"
    assert world.sandbox.books() == NOTHING


async def test_a_create_that_was_terminated_while_it_marked_its_things_has_completed_them_all(world: World) -> None:
    """The endpoint service's mark alone completes a link: the next create's rollback keeps all of it or nothing."""
    request = full_request(world.sandbox, connector=None)
    handle, link, is_marking = world.handle(str(request.link)), str(request.link), asyncio.Event()

    async def refuse_the_second_call() -> None:
        world.sandbox.fault("AddTags", "throttle", times=None)
        is_marking.set()

    async def fail() -> None:
        raise CloudRefused("failing on purpose")

    def marked() -> set[str]:
        things = of_link(world.sandbox.books(), link)
        return {kind for kind, ones in things.items() for one in ones if TAG_COMPLETE in one.get("tags", {})}

    world.faults.at(request.link.workflow_id, "mark-complete", "before", once(refuse_the_second_call))
    create = asyncio.ensure_future(world.links.create(request))
    await is_marking.wait()
    while not marked():  # noqa: ASYNC110 - the books, looked at from outside
        await asyncio.sleep(0.02)
    await handle.terminate("test")
    with pytest.raises(RollbackIncomplete, match="terminated"):
        await create
    await _until_quiet(world, request.link.workflow_id)
    world.sandbox.clear_faults()
    assert marked() == {"endpoint_services"}
    before = world.sandbox.books()
    for step in ("create-listener-3306", "accept-endpoint-connection"):
        world.faults.at(request.link.workflow_id, step, "after", once(fail))
        with pytest.raises(CloudRefused):
            await world.links.create(request)
        assert before == world.sandbox.books()
    await world.links.create(request)
    assert marked() == {part.book for part in TAGGED}
    await world.links.delete(request)
    assert world.sandbox.books() == NOTHING


async def _until_quiet(world: World, workflow_id: str) -> None:
    """Wait for the calls that were on their way when their saga was terminated: they still arrive."""
    while world.faults.busy[workflow_id]:  # noqa: ASYNC110 - a counter, looked at from outside
        await asyncio.sleep(0.02)
