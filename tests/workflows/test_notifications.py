"""Notifications: a real HTTP server hears when a saga needs a person and when it ends."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from privatelink.errors import CloudRefused, GivenUp, RequestRefused
from privatelink.model.progress import Phase
from tests.support.person import Person
from tests.support.receiver import Receiver
from tests.support.requests import full_request
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world
from workflows.saga import options
from workflows.saga.controls import APPROVAL

LINK = "w41b11c0/orders-db"
WORKFLOW_ID = "privatelink:w41b11c0:orders-db"


@pytest.fixture
async def world(sandbox: Sandbox, client: Client, receiver: Receiver) -> AsyncIterator[World]:  # noqa: ARG001 - its environment
    """A worker with a webhook."""
    async with working_world(sandbox, client) as running:
        yield running


def _phases(receiver: Receiver) -> list[str]:
    return [one.event["data"]["phase"] for one in receiver.deliveries]


async def test_a_create_that_needs_approval_tells_so_and_then_its_address(world: World, receiver: Receiver) -> None:
    """Each with what a person needs: the ask with its command, then the address; and nothing in between."""
    person = Person(world, LINK)
    saga = await world.links.start_create(full_request(world.sandbox, connector=None, approval=True))
    own = await person.approves()
    created = await saga.result()
    assert created.operation == "create"
    assert _phases(receiver) == ["waiting-for-person", "running"]
    asked, ended = (one.event for one in receiver.deliveries)
    assert asked["data"]["asks"][0]["commands"] == [f"privatelink approve {LINK} --vpc-endpoint-id {own}"]
    assert ended["data"]["address"] == created.address
    assert [one["id"] for one in (asked, ended)] == [f"{saga.saga_id}/{number}" for number in (1, 2)]


async def test_refusals_rollbacks_and_deletes_are_told_with_their_error(world: World, receiver: Receiver) -> None:
    """Also a saga that made nothing has ended."""

    async def fail() -> None:
        raise CloudRefused("refused on purpose")

    async def nothing() -> None:
        """Let it run."""

    with pytest.raises(RequestRefused):
        await world.links.create(full_request(world.sandbox, subnets=["subnet-00000000000000000"], connector=None))
    world.faults.at(WORKFLOW_ID, "create-listener-3306", "before", fail)
    with pytest.raises(CloudRefused):
        await world.links.create(full_request(world.sandbox, connector=None))
    world.faults.at(WORKFLOW_ID, "create-listener-3306", "before", nothing)
    await world.links.create(full_request(world.sandbox, connector=None))
    await world.links.delete(LINK)
    assert _phases(receiver) == ["refused", "rolled-back", "running", "deleted"]
    errors = [one.event["data"]["error"] for one in receiver.deliveries]
    assert [error and error["type"] for error in errors] == ["RequestRefused", "CloudRefused", None, None]


async def test_a_receiver_that_is_down_is_tried_again_and_hears_each_notification_once(
    world: World, receiver: Receiver
) -> None:
    """The same id on every try, so that a receiver can tell."""
    receiver.answers.extend([(500, {}), (503, {})])
    await world.links.create(full_request(world.sandbox, connector=None))
    assert len({one.headers["webhook-id"] for one in receiver.deliveries}) == 1
    assert len(receiver.deliveries) == 3


async def test_a_receiver_that_refuses_changes_nothing_of_the_saga(world: World, receiver: Receiver) -> None:
    """It is told of the next phase all the same."""
    receiver.answers.append((403, {}))
    async with asyncio.timeout(60):
        assert (await world.links.create(full_request(world.sandbox, connector=None))).operation == "create"
        await world.links.delete(LINK)
    assert _phases(receiver) == ["running", "deleted"]


async def test_a_receiver_that_hangs_holds_the_end_for_one_deadline_and_hears_the_newest_state(
    world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """However many notifications wait: each that was not delivered is logged once, and none comes after a newer one."""
    person, hanging = Person(world, LINK), threading.Event()
    receiver.hang = hanging
    saga = await world.links.start_create(full_request(world.sandbox, connector=None, approval=True))
    await person.asked(APPROVAL)
    for _ in range(4):
        await person.says("pause", reason="freeze")
        await person.says("resume")
    await person.says("roll_back", reason="enough")
    await person.reaches(Phase.ROLLED_BACK)
    began = time.monotonic()
    with pytest.raises(GivenUp):
        await saga.result()
    took = time.monotonic() - began
    hanging.set()
    limit = options.notification()["schedule_to_close_timeout"].total_seconds()
    assert took < limit + 4
    lines = [one.message for one in caplog.records if "was not delivered" in one.message]
    told = [line.split(" of ")[0] for line in lines]
    assert len(told) == len(set(told))
    assert told[-1] == f"notification {(await _told(world))}"


async def test_the_newest_state_reaches_a_receiver_that_comes_back(world: World, receiver: Receiver) -> None:
    """What it supersedes is left out, and the order is kept."""
    person, hanging = Person(world, LINK), threading.Event()
    receiver.hang = hanging
    saga = await world.links.start_create(full_request(world.sandbox, connector=None, approval=True))
    own = await person.approves()
    hanging.set()
    result = await saga.result()
    assert result.operation == "create"
    assert result.vpc_endpoint_id == own
    assert _phases(receiver)[-1] == "running"
    numbers = [int(one.event["id"].rpartition("/")[2]) for one in receiver.deliveries]
    assert numbers == sorted(numbers)


async def _told(world: World) -> int:
    """How many notifications the latest saga had to tell: those that wait for a person, and its end."""
    phases = [Phase.WAITING_FOR_PERSON]
    for one in (await Person(world, LINK).progress()).interventions:
        if one.action == "pause":
            phases.append(Phase.PAUSED)
        if one.action == "resume":
            phases.append(Phase.WAITING_FOR_PERSON)
    return len(phases) + 1
