"""The ways in which a saga ends that a person steered, made to happen on a real server."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from privatelink.errors import CloudRefused, NotYet, PrivateLinkError
from privatelink.model.progress import Phase
from privatelink.model.request import PrivateLinkRequest
from tests.support.person import CONSOLE, Person
from tests.support.requests import full_request
from tests.support.step_faults import Hook, Moment, once
from tests.support.world import World
from workflows.platform_side import BY_HAND, CONFIRM_RUNNING

LINK = "w41b11c0/orders-db"
DELETION = "wait-for-deletion-by-hand"


def _request(world: World, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - as a caller writes them
    one_listener = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
    return full_request(world.sandbox, listeners=one_listener, connector=None, **changes)


async def create_by_console(world: World) -> None:
    """A person makes the PrivateLink and confirms the address."""
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, platform=CONSOLE))
    await person.create((await person.asked(BY_HAND)).paste["Endpoint service name"])
    await person.approves()
    await person.asked(CONFIRM_RUNNING)
    await person.says("confirm", step=CONFIRM_RUNNING, by="ana")
    await saga.result()


async def delete_by_console(world: World) -> None:
    """A person deletes it again."""
    await create_by_console(world)
    person = Person(world, LINK)
    saga = await world.links.start_delete(LINK)
    await person.asked(DELETION)
    await person.delete()
    await saga.result()


async def cancel_by_console(world: World) -> None:
    """A create is cancelled that waits for the address; a person deletes the PrivateLink."""
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, platform=CONSOLE))
    await person.create((await person.asked(BY_HAND)).paste["Endpoint service name"])
    await person.approves()
    await person.asked(CONFIRM_RUNNING)
    await saga.cancel("recorded")
    await person.asked(DELETION)
    await person.delete()
    with suppress(PrivateLinkError):
        await saga.result()


async def approve(world: World) -> None:
    """The connection is accepted after a person's word."""
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, approval=True))
    await person.approves()
    await saga.result()


async def hold_and_retry(world: World) -> None:
    """A step fails, and goes on when a person says so."""
    person = await _held(world)
    await person.says("retry_now", by="ana")
    await person.reaches(Phase.RUNNING)


async def hold_and_roll_back(world: World) -> None:
    """A step fails, and a person gives the create up."""
    person = await _held(world)
    await person.says("roll_back", reason="recorded", by="ana")
    await person.reaches(Phase.ROLLED_BACK)


async def retry_now(world: World) -> None:
    """A wait that would look again later looks now."""
    person = Person(world, LINK)
    late = NotYet("not yet on purpose", retry_after=timedelta(seconds=90))
    _at(world, "wait-for-load-balancer", _failure(late))
    saga = await world.links.start_create(_request(world))
    while not any("on purpose" in one.last_message for one in (await world.links.status(LINK)).waiting):  # noqa: ASYNC110 - Temporal's view
        await asyncio.sleep(0.05)
    await person.says("retry_now", by="ana")
    await saga.result()


async def pause_and_resume(world: World) -> None:
    """A create stops before an effect, and goes on."""
    person = Person(world, LINK)

    async def pause() -> None:
        await person.says("pause", reason="recorded", by="ana")

    _at(world, "create-load-balancer", pause)
    saga = await world.links.start_create(_request(world))
    await person.reaches(Phase.PAUSED)
    await person.says("resume", by="ana")
    await saga.result()


async def fail_over_leftovers(world: World) -> None:
    """A create is terminated, and the next one fails before it has come to all that the first has left."""
    handle = world.handle(LINK)

    async def terminate() -> None:
        await handle.terminate("recorded")

    _at(world, "create-private-link", terminate, "after")
    with suppress(PrivateLinkError):
        await world.links.create(_request(world))
    _at(world, "create-load-balancer", _failure(CloudRefused("refused on purpose")))
    with suppress(PrivateLinkError):
        await world.links.create(_request(world))


async def _held(world: World) -> Person:
    person = Person(world, LINK)
    _at(world, "create-endpoint-service", _failure(CloudRefused("refused on purpose")))
    await world.links.start_create(_request(world, on_failure="hold"))
    await person.reaches(Phase.HELD)
    return person


def _at(world: World, step: str, hook: Hook, moment: Moment = "before") -> None:
    world.faults.at("privatelink:w41b11c0:orders-db", step, moment, once(hook))


def _failure(error: PrivateLinkError) -> Hook:
    async def fail() -> None:
        raise error

    return fail
