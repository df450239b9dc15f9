"""Deadlines count only time in which something could happen: pauses, queues and outages do not end a saga."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import Client

from privatelink.errors import Cancelled, CloudUnavailable
from privatelink.model.progress import Phase, StepState
from privatelink.model.request import PrivateLinkRequest
from tests.support.deadlines import SetDeadlines
from tests.support.laws import NOTHING
from tests.support.person import Person
from tests.support.requests import full_request
from tests.support.sandbox import SPEED, Sandbox
from tests.support.world import World, working_world
from workflows.saga import options

LINK = "w41b11c0/orders-db"
WORKFLOW_ID = "privatelink:w41b11c0:orders-db"
DELETES = 8
"""Two more than the platform allows in an hour."""


@pytest.fixture
def set_deadlines(set_deadlines: SetDeadlines, monkeypatch: pytest.MonkeyPatch) -> SetDeadlines:
    """Sets deadlines, which may be as short as a second."""
    monkeypatch.setattr(options, "FLOOR", timedelta(seconds=1))
    return set_deadlines


def _request(sandbox: Sandbox, name: str = "orders-db", **changes: object) -> PrivateLinkRequest:
    listeners = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
    return full_request(sandbox, name, connector=None, listeners=listeners, **changes)


async def _runs(person: Person, step: str) -> None:
    await person.sees(lambda seen: any(one.id == step and one.state is StepState.RUNNING for one in seen.steps))


async def test_a_pause_longer_than_the_deadline_of_a_wait_under_way_ends_nothing(
    world: World, set_deadlines: SetDeadlines
) -> None:
    """The deadline passes in the pause; afterwards the wait has the time that it had left."""
    set_deadlines(connection=6)
    world.sandbox.durations(platform_endpoint=12 * SPEED)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world.sandbox))
    await _runs(person, "wait-for-endpoint-connection")
    await person.says("pause", reason="network freeze")
    await asyncio.sleep(9)
    assert (await person.progress()).phase is Phase.PAUSED
    await person.says("resume")
    await saga.result()


async def test_a_look_is_tried_anew_in_a_pause_too(world: World) -> None:
    """A pause stops effects; whoever says `retry-now` wants to see what there is."""
    world.sandbox.durations(platform_endpoint=60 * SPEED)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world.sandbox))
    await _runs(person, "wait-for-endpoint-connection")
    await person.says("pause", reason="network freeze")
    await person.says("retry_now")
    async with asyncio.timeout(20):
        while "wait-for-endpoint-connection~2" not in await _pending(world):  # noqa: ASYNC110 - asked of the server
            await asyncio.sleep(0.1)
    assert (await person.progress()).phase is Phase.PAUSED
    await saga.cancel("test")
    with pytest.raises(Cancelled):
        await saga.result()


async def _pending(world: World) -> set[str]:
    description = await world.handle(LINK).describe()
    return {one.activity_id for one in description.raw_description.pending_activities}


async def test_a_pause_before_an_effect_uses_up_none_of_its_time(world: World, set_deadlines: SetDeadlines) -> None:
    """Its wait begins when the effect does."""
    set_deadlines(endpoint_service=3)
    world.sandbox.durations(load_balancer_active=SPEED)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world.sandbox))
    await _runs(person, "wait-for-load-balancer")
    await person.says("pause", reason="network freeze")
    await asyncio.sleep(6)
    await person.says("resume")
    await saga.result()


async def test_a_removal_whose_deadline_passes_in_a_pause_goes_on_after_it(
    world: World, set_deadlines: SetDeadlines
) -> None:
    """What could not go before the pause can go after it."""
    await world.links.create(_request(world.sandbox))
    set_deadlines(removal=4)
    world.sandbox.fault("DeleteListener", "access_denied", times=None)
    person = Person(world, LINK)
    deleting = await world.links.start_delete(LINK)
    await _runs(person, "delete-listeners")
    await person.says("pause", reason="network freeze")
    await asyncio.sleep(7)
    world.sandbox.clear_faults()
    await person.says("resume")
    assert (await deleting.result()).status == "deleted"
    assert world.sandbox.books() == NOTHING


async def test_what_was_made_after_a_long_outage_has_its_whole_time(world: World, set_deadlines: SetDeadlines) -> None:
    """Its wait begins with the answer of the create, however long that took to come."""
    set_deadlines(endpoint_service=3)
    world.sandbox.durations(endpoint_service_available=SPEED)
    ends: list[float] = []

    async def outage() -> None:
        now = asyncio.get_running_loop().time()
        ends[:] = ends or [now + 5]
        if now < ends[0]:
            raise CloudUnavailable("creating the endpoint service: AWS gave no answer")

    world.faults.at(WORKFLOW_ID, "create-endpoint-service", "before", outage)
    await world.links.create(_request(world.sandbox))


async def test_a_saga_that_is_paused_for_good_can_still_be_cancelled(world: World, set_deadlines: SetDeadlines) -> None:
    """Also when its step has failed in the pause, and waits for its end."""
    set_deadlines(connection=2)
    world.sandbox.durations(platform_endpoint=60 * SPEED)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world.sandbox))
    await _runs(person, "wait-for-endpoint-connection")
    await person.says("pause", reason="network freeze")
    await asyncio.sleep(5)
    await saga.cancel("test")
    with pytest.raises(Cancelled):
        await saga.result()
    assert world.sandbox.books() == NOTHING


async def test_more_deletes_than_the_platform_allows_in_an_hour_all_end_with_nothing_left(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the budget as it is shipped: a removal waits for its turn as a create does, and says for what it waits.

    The links are made with a lifted budget, since only the deletes are of interest.
    """
    names = [f"link-{number}" for number in range(DELETES)]
    async with working_world(sandbox, client) as lifted:
        await asyncio.gather(*(lifted.links.create(_request(sandbox, name)) for name in names))
    monkeypatch.delenv("PRIVATELINK_PLATFORM_WRITES_PER_HOUR")
    said: set[str] = set()

    async def listen(links: World) -> None:
        while True:
            for name in names:
                said.update(one.last_message for one in (await links.links.status(f"w41b11c0/{name}")).waiting)
            await asyncio.sleep(0.5)

    async with working_world(sandbox, client) as shipped:
        listening = asyncio.create_task(listen(shipped))
        results = await asyncio.gather(*(shipped.links.delete(f"w41b11c0/{name}") for name in names))
        listening.cancel()
    assert {"deleted"} == {result.status for result in results}
    assert sandbox.books() == NOTHING
    assert any("our budget for DELETE" in words and "the turn comes in about" in words for words in said), said


async def test_more_creates_than_the_platform_answers_in_an_hour_wait_for_their_turn(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, set_deadlines: SetDeadlines
) -> None:
    """Also the first look of a create, whose own deadline is far shorter than the hour."""
    monkeypatch.setenv("PRIVATELINK_PLATFORM_READS_PER_HOUR", "1")
    set_deadlines(check=5)
    hour, began = 3600 / SPEED, asyncio.get_running_loop().time()
    requests = [_request(sandbox, deployment=one) for one in ("w41b11c0", "w41b11c1")]
    async with working_world(sandbox, client) as world, asyncio.timeout(60 + 2 * hour):
        sagas = [await world.links.start_create(request) for request in requests]
        while True:
            seen = [await world.links.status(saga.link) for saga in sagas]
            assert [one.error for one in seen if one.error] == []
            if all(one.closed_at or one.phase is Phase.CREATING for one in seen):
                break
            await asyncio.sleep(0.5)
        assert asyncio.get_running_loop().time() - began > hour / 2, "the second had to wait for its turn"
        for saga, one in zip(sagas, seen, strict=True):
            if not one.closed_at:
                await saga.handle.terminate("its test has ended")
