"""Temporal's reset: a saga's new run begins in the middle, and ends as well as any other."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from privatelink.client.endings import saga_result
from privatelink.client.links import SagaHandle
from privatelink.errors import (
    CloudRefused,
    FindingType,
    Outcome,
    PrivateLinkError,
    RemovalRefused,
    RequestRefused,
    RollbackIncomplete,
)
from privatelink.model.names import TAG_SAGA
from privatelink.model.progress import Phase, StepState
from privatelink.model.request import PrivateLinkRequest
from tests.support.laws import NOTHING, counts, of_link
from tests.support.parts import one_of_each
from tests.support.person import Person
from tests.support.requests import full_request
from tests.support.step_faults import Hook, once
from tests.support.world import World
from workflows import removal

LINK = "w41b11c0/orders-db"
WORKFLOW_ID = "privatelink:w41b11c0:orders-db"
ONE_OF_EACH = one_of_each(connector=False)
ASKING = "POST /deployments/{deploymentID}/privatelinks"
FIRST = ""
"""To the first workflow task."""


def _request(world: World, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - as a caller writes them
    one_listener = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
    return full_request(world.sandbox, listeners=one_listener, connector=None, **changes)


async def _reset(world: World, before: str, *, run_id: str = "") -> str:
    """Reset the link's latest run to the workflow task that began this step; gives the new run's id."""
    task = 0
    async for event in world.client.get_workflow_handle(WORKFLOW_ID, run_id=run_id or None).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            task = event.event_id
            if before == FIRST:
                break
        scheduled = event.activity_task_scheduled_event_attributes
        if before and scheduled.activity_id == before:
            break
    else:
        assert before == LAST, f"{before} has not begun"
    answer = await world.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=world.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=WORKFLOW_ID, run_id=run_id),
            reason="test",
            workflow_task_finish_event_id=task,
            request_id=f"test {run_id} {before} {task}",
        )
    )
    return str(answer.run_id)


LAST = "the last workflow task"


def _blocked(gate: asyncio.Event) -> Hook:
    async def wait() -> None:
        await gate.wait()

    return wait


async def _waiting_create(world: World, at: str) -> SagaHandle:
    """A create that has come to this step, and stays there."""
    come = asyncio.Event()

    async def arrive() -> None:
        come.set()
        await asyncio.Event().wait()

    world.faults.at(WORKFLOW_ID, at, "before", once(arrive))
    saga = await world.links.start_create(_request(world))
    await asyncio.wait_for(come.wait(), 60)
    return saga


def _fails(world: World, step: str) -> None:
    async def fail() -> None:
        raise CloudRefused("refused on purpose")

    world.faults.at(WORKFLOW_ID, step, "before", fail)


@pytest.fixture
def _settles_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollback that looks for what a lost reply may have made looks for a moment alone."""
    monkeypatch.setattr(removal, "settle", lambda: timedelta(seconds=1))
    monkeypatch.setattr(removal, "settle_at_platform", lambda: timedelta(seconds=1))


RESETS = [FIRST, "create-load-balancer", "create-endpoint-service", "create-private-link", LAST]


@pytest.mark.parametrize("before", RESETS)
async def test_a_create_that_was_reset_ends_with_one_of_each_and_its_callers_with_it(world: World, before: str) -> None:
    """Nothing is made twice, the tags stay the saga's, and who waited gets the result of the run that lives."""
    saga = await _waiting_create(world, "wait-for-endpoint-connection")
    waiting = asyncio.ensure_future(saga.result())
    run_id = await _reset(world, before)
    result = await asyncio.wait_for(waiting, 60)
    assert result.operation == "create"
    assert counts(world.sandbox.books(), LINK) == ONE_OF_EACH
    [service] = of_link(world.sandbox.books(), LINK)["endpoint_services"]
    assert service["tags"][TAG_SAGA] == saga.saga_id
    status = await world.links.status(LINK)
    assert (status.phase, status.saga_id) == (Phase.RUNNING, saga.saga_id)
    # The new run looks first: a platform that refused no second one would have made it.
    asked = [one["status"] for one in world.sandbox.calls() if one["action"] == ASKING]
    assert len(asked) == 1
    assert run_id != saga.saga_id
    assert [one.action for one in status.progress.interventions] == ["reset"]  # type: ignore[union-attr]
    assert (await world.links.delete(LINK)).status == "deleted"
    assert world.sandbox.books() == NOTHING


@pytest.mark.parametrize(
    ("before", "failing"),
    [
        (FIRST, "create-load-balancer"),
        ("create-endpoint-service", "accept-endpoint-connection"),
        ("create-private-link", "create-private-link"),
    ],
)
@pytest.mark.usefixtures("_settles_soon")
async def test_a_create_that_fails_after_a_reset_rolls_back_what_the_link_has(
    world: World, before: str, failing: str
) -> None:
    """Also what only the run before had made; and the caller is told of the rollback, not of the reset."""
    saga = await _waiting_create(world, "wait-for-private-link")
    assert counts(world.sandbox.books(), LINK) == ONE_OF_EACH
    waiting = asyncio.ensure_future(saga.result())
    _fails(world, failing)
    await _reset(world, before)
    with pytest.raises(CloudRefused, match="refused on purpose") as caught:
        await asyncio.wait_for(waiting, 60)
    assert caught.value.details_model.outcome is Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


@pytest.mark.usefixtures("_settles_soon")
async def test_a_check_that_refuses_after_a_reset_leaves_nothing_of_the_run_before(world: World) -> None:
    """It is no refusal that changed nothing: the run before had made things."""
    await _waiting_create(world, "wait-for-private-link")

    async def refuse() -> None:
        raise RequestRefused("refused on purpose")

    world.faults.at(WORKFLOW_ID, "check-provider", "before", refuse)
    await _reset(world, FIRST)
    with pytest.raises(RequestRefused) as caught:
        await (await world.links.start_create(_request(world))).result()
    assert caught.value.details_model.outcome is Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


@pytest.mark.usefixtures("_settles_soon")
async def test_a_reset_in_the_middle_of_a_rollback_ends_with_nothing_left(world: World) -> None:
    """What the run before removed after that place is gone already, which is success."""
    come, gate = asyncio.Event(), asyncio.Event()

    async def arrive() -> None:
        come.set()
        await gate.wait()

    _fails(world, "accept-endpoint-connection")
    world.faults.at(WORKFLOW_ID, "delete-load-balancer", "before", once(arrive))
    saga = await world.links.start_create(_request(world))
    waiting = asyncio.ensure_future(saga.result())
    await asyncio.wait_for(come.wait(), 60)
    await _reset(world, "delete-endpoint-service")
    gate.set()
    with pytest.raises(CloudRefused) as caught:
        await asyncio.wait_for(waiting, 60)
    assert caught.value.details_model.outcome is Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


@pytest.mark.usefixtures("_settles_soon")
async def test_a_reset_of_a_create_that_had_completed_never_takes_the_link_down(world: World) -> None:
    """A rollback never removes what an earlier run of the same create completed."""
    await world.links.create(_request(world))
    before = world.sandbox.books()
    _fails(world, "wait-for-load-balancer")
    await _reset(world, "create-load-balancer")
    with pytest.raises(CloudRefused):
        await (await world.links.start_create(_request(world))).result()
    assert world.sandbox.books() == before


@pytest.mark.parametrize("before", [FIRST, "delete-private-link", "delete-listeners"])
async def test_a_delete_that_was_reset_removes_all_of_the_link(world: World, before: str) -> None:
    """From wherever it goes on; and the caller that waited is told `deleted`."""
    await world.links.create(_request(world))
    come = asyncio.Event()

    async def arrive() -> None:
        come.set()
        await asyncio.Event().wait()

    world.faults.at(WORKFLOW_ID, "delete-load-balancer", "before", once(arrive))
    saga = await world.links.start_delete(LINK)
    waiting = asyncio.ensure_future(saga.result())
    await asyncio.wait_for(come.wait(), 60)
    await _reset(world, before)
    result = await asyncio.wait_for(waiting, 60)
    assert result.status == "deleted"
    assert world.sandbox.books() == NOTHING


async def test_a_delete_that_is_reset_after_the_link_was_made_again_removes_the_new_one_whole(world: World) -> None:
    """What its history says was removed exists again: it is looked for again before `deleted` is said."""
    await world.links.create(_request(world))
    deleted = await world.links.start_delete(LINK)
    await deleted.result()
    await world.links.create(_request(world))
    await _reset(world, "delete-listeners", run_id=deleted.saga_id)
    result = await world.handle(LINK).result()
    assert isinstance(result, dict)
    assert result["status"] == "deleted"
    assert world.sandbox.books() == NOTHING


@pytest.mark.usefixtures("_settles_soon")
async def test_a_cancel_after_a_reset_reaches_the_run_that_lives(world: World) -> None:
    """The handle of who started it is as good as before."""
    saga = await _waiting_create(world, "wait-for-endpoint-connection")
    world.faults.at(WORKFLOW_ID, "wait-for-endpoint-connection", "before", _blocked(asyncio.Event()))
    await _reset(world, "create-private-link")
    person = Person(world, LINK)
    await person.sees(
        lambda seen: any(
            one.id == "wait-for-endpoint-connection" and one.state is StepState.RUNNING for one in seen.steps
        )
    )
    await saga.cancel("test")
    with pytest.raises(Exception, match="cancelled"):
        await asyncio.wait_for(saga.result(), 60)
    assert world.sandbox.books() == NOTHING


@pytest.mark.parametrize("workflow_type", ["CreatePrivateLink", "DeletePrivateLink"])
async def test_a_workflow_under_another_id_than_its_links_refuses_and_touches_nothing(
    world: World, workflow_type: str
) -> None:
    """Otherwise two sagas of one link would run at once, each taking the other for a dead one."""
    request = _request(world)
    await world.links.create(request)
    before = world.sandbox.books()
    given: Any = request
    refusal: type[RequestRefused | RemovalRefused] = RequestRefused
    if workflow_type == "DeletePrivateLink":
        given = {"name": request.name, "deployment": request.deployment, "aws": {"region": "us-east-1"}}
        refusal = RemovalRefused
    handle = await world.client.start_workflow(workflow_type, given, id="mine", task_queue="privatelink")
    with pytest.raises(refusal) as caught:
        await saga_result(handle)
    [finding] = caught.value.details_model.findings
    assert (finding.type, finding.resource) == (FindingType.WORKFLOW_ID_DIFFERS, "mine")
    assert caught.value.details_model.outcome is Outcome.REFUSED
    assert world.sandbox.books() == before


async def test_a_create_reset_at_its_end_does_not_say_that_a_link_runs_which_was_deleted_since(world: World) -> None:
    """The last task of its history alone would end it as `running`, by what it saw long before."""
    run_id = (await world.links.start_create(_request(world))).saga_id
    await world.links.create(_request(world))
    await world.links.delete(LINK)
    await _reset(world, LAST, run_id=run_id)
    with pytest.raises(PrivateLinkError) as caught:
        await saga_result(world.client.get_workflow_handle(WORKFLOW_ID))
    assert caught.value.details_model.outcome is Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


async def test_a_create_reset_at_its_end_leaves_the_link_that_still_runs_as_it_is(world: World) -> None:
    """It looks once more, finds everything, and makes and removes nothing."""
    await world.links.create(_request(world))
    before = world.sandbox.books()
    await _reset(world, LAST)
    result = await (await world.links.start_create(_request(world))).result()
    assert result.status == "running"
    assert world.sandbox.books() == before


@pytest.mark.parametrize("found", [True, False])
async def test_a_delete_reset_at_its_end_does_not_say_that_a_link_is_gone_which_was_made_since(
    world: World, *, found: bool
) -> None:
    """Whether it had removed the link of before, or found none: it looks again, and lists or removes what is there."""
    request = _request(world)
    if found:
        await world.links.create(request)
    run_id = (await world.links.start_delete(request)).saga_id
    await world.client.get_workflow_handle(WORKFLOW_ID, run_id=run_id).result()
    await world.links.create(request)
    await _reset(world, LAST, run_id=run_id)
    handle = world.client.get_workflow_handle(WORKFLOW_ID)
    if found:
        with pytest.raises(RollbackIncomplete):
            await saga_result(handle)
        assert counts(world.sandbox.books(), LINK) == ONE_OF_EACH
    else:
        await handle.result()
        assert world.sandbox.books() == NOTHING
