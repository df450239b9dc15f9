"""Updates as such: whatever is sent, and however often, a saga answers by name and stays open to its operators."""

import asyncio
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue

from privatelink.client.links import SagaHandle
from privatelink.errors import AlreadyJoined, GivenUp, InvalidRequest, UpdateRefused, from_failure
from privatelink.model.updates import Approve, Confirm, JoinCreate, Pause, Resume, RetryNow, RollBack
from tests.support.person import Person
from tests.support.requests import full_request
from tests.support.world import World

LINK = "w41b11c0/orders-db"
WORKFLOW_ID = "privatelink:w41b11c0:orders-db"
EXAMPLES = {
    "join": JoinCreate.example,
    "confirm": Confirm.example,
    "approve": Approve.example,
    "pause": Pause.example,
    "resume": Resume.example,
    "retry_now": RetryNow.example,
    "roll_back": RollBack.example,
}


async def _waiting(world: World) -> SagaHandle:
    """A create that waits at its load balancer."""
    come = asyncio.Event()

    async def stay() -> None:
        come.set()
        await asyncio.Event().wait()

    world.faults.at(WORKFLOW_ID, "wait-for-load-balancer", "before", stay)
    saga = await world.links.start_create(full_request(world.sandbox, connector=None))
    await come.wait()
    return saga


async def _events(world: World) -> int:
    return (await world.handle(LINK).describe()).history_length


NOT_JSON = RawValue(Payload(metadata={"encoding": b"binary/plain"}, data=b"hello"))


@pytest.mark.parametrize(
    "given",
    [[], ["text"], [["a", "list"]], [{"by": "ana"}, {"by": "ben"}], [{"no": "such field"}], [NOT_JSON]],
    ids=["nothing", "text", "list", "two", "fields", "no-json"],
)
async def test_an_update_with_no_argument_or_a_wrong_one_is_refused_with_an_example(
    world: World, given: list[Any]
) -> None:
    """By name, whichever Update it is; and nothing of it stays in the history."""
    await _waiting(world)
    handle, before = world.handle(LINK), await _events(world)
    for update, example in EXAMPLES.items():
        if not given and update in {"resume", "retry_now"}:
            continue  # theirs may be left out
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(update, args=given)
        error = from_failure(refused.value.cause)
        assert isinstance(error, InvalidRequest), refused.value.cause
        assert example in error.details_model.next_step
    assert await _events(world) == before


async def test_whoever_joins_for_days_is_part_of_the_saga_and_shuts_nobody_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From some number on a join leaves no event; other clients get an error with a type that says it."""
    monkeypatch.setattr("workflows.saga.update_handlers.MOST_JOINS", 3)
    saga = await _waiting(world)
    request = full_request(world.sandbox, connector=None)
    for _ in range(2):
        await world.links.start_create(request)
    before = await _events(world)
    for _ in range(20):
        assert (await world.links.start_create(request)).saga_id == saga.saga_id
    assert await _events(world) == before
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await world.handle(LINK).execute_update("join", JoinCreate(request=request))
    error = from_failure(refused.value.cause)
    assert isinstance(error, AlreadyJoined)
    assert error.details_model.running is not None
    assert error.details_model.running.saga_id == saga.saga_id
    await Person(world, LINK).says("roll_back", reason="enough")


async def test_no_loop_of_one_update_shuts_out_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pausing and resuming for days is refused from some number on, and the create can still be given up."""
    monkeypatch.setattr("workflows.saga.update_handlers.MOST_OF_EACH", 2)
    saga, person = await _waiting(world), Person(world, LINK)
    for _ in range(2):
        await person.says("pause", reason="freeze")
        await person.says("resume")
        await person.says("retry_now")
    for update, argument in (("pause", {"reason": "freeze"}), ("retry_now", {})):
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await person.says(update, **argument)
        error = from_failure(refused.value.cause)
        assert isinstance(error, UpdateRefused)
        assert "2 times" in str(error)
    await person.says("roll_back", reason="enough")
    with pytest.raises(GivenUp):
        await saga.result()


def test_all_updates_of_a_run_stay_below_what_temporal_takes() -> None:
    """2,000 in a run's history, by docs.temporal.io; a few are left for whatever comes."""
    from workflows.saga.update_handlers import MOST_JOINS, MOST_OF_EACH  # noqa: PLC0415

    assert MOST_JOINS + (len(EXAMPLES) - 1) * MOST_OF_EACH <= 1950
