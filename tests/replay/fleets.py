"""The ways in which a fleet ends, made to happen on a real server."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from temporalio.client import WorkflowFailureError, WorkflowHandle

from privatelink.errors import CloudRefused
from privatelink.model.fleet import Change, FleetPart
from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.updates import Join, JoinCreate, JoinDelete
from tests.support.requests import request_json
from tests.support.world import World
from workflows.fleet import ApplyFleet

LONG = 150
"""Events after which the recording server advises to continue as new: more than any saga has, and few to store."""

_LINKS_OF_A_LONG_FLEET = 20

Fleet = WorkflowHandle[Any, Any]


async def apply_with_a_failure(world: World) -> Fleet:
    """One link is there, one is made, one fails and is rolled back, one is deleted that is not there."""
    there, made, failing = (_request(world, name) for name in ("there", "made", "failing"))
    await world.links.create(there)

    async def fail() -> None:
        raise CloudRefused("failing on purpose")

    world.faults.at(failing.link.workflow_id, "create-load-balancer", "before", fail)
    changes: list[JoinCreate | JoinDelete] = [
        JoinDelete(request=_delete(world, "absent")),
        *(JoinCreate(request=one) for one in (there, made, failing)),
    ]
    fleet = await _start(world, changes, at_once=2)
    await fleet.result()
    return fleet


async def cancel(world: World) -> Fleet:
    """It is cancelled while one saga runs and another has not begun."""
    running, waiting = _request(world, "running"), _request(world, "waiting")
    begun, gate = asyncio.Event(), asyncio.Event()

    async def gate_opens() -> None:
        begun.set()
        await gate.wait()

    world.faults.at(running.link.workflow_id, "create-load-balancer", "before", gate_opens)
    fleet = await _start(world, [JoinCreate(request=running), JoinCreate(request=waiting)], at_once=1)
    await begun.wait()
    await fleet.cancel()
    with suppress(WorkflowFailureError):
        await fleet.result()
    gate.set()
    await world.links.create(running)
    return fleet


async def go_on_in_a_new_run(world: World) -> Fleet:
    """Its first run ends when its history is long; what is recorded is that run."""
    absent = [JoinDelete(request=_delete(world, f"absent-{number}")) for number in range(_LINKS_OF_A_LONG_FLEET)]
    fleet = await _start(world, absent, at_once=4)
    await fleet.result()
    return world.client.get_workflow_handle(fleet.id, run_id=fleet.first_execution_run_id)


async def _start(world: World, changes: Sequence[JoinCreate | JoinDelete], *, at_once: int) -> Fleet:
    part = FleetPart(changes=tuple(Change(join=Join(change)) for change in changes), at_once=at_once)
    return await world.client.start_workflow(ApplyFleet.run, part, id=part.workflow_id, task_queue=TASK_QUEUE)


def _request(world: World, name: str) -> PrivateLinkRequest:
    return PrivateLinkRequest.model_validate(request_json(world.sandbox, name))


def _delete(world: World, name: str) -> DeleteRequest:
    return DeleteRequest.of(_request(world, name))
