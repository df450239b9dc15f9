"""Every way in which a saga ends, made to happen on a real server: what `make histories` records."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import httpx
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowFailureError, WorkflowHandle

from privatelink import PrivateLinkRequest, PrivateLinkResult
from privatelink.errors import CloudRefused, PrivateLinkError
from privatelink.model.names import TASK_QUEUE
from tests.replay import fleets, steered
from tests.support.co_tenant import connect_co_tenant
from tests.support.requests import full_request, request_json
from tests.support.world import World
from workflows.create import steps_to_come

LINK = "w41b11c0/orders-db"


@dataclass(frozen=True)
class Outcome:
    """How to bring it about, which link's latest saga has it then, and how that saga is closed.

    `make` gives the run that has it where that is no saga.
    """

    make: Callable[[World], Awaitable[WorkflowHandle[Any, Any] | None]]
    closed: str
    link: str = LINK


def closing(event: HistoryEvent) -> str:
    """How a history ends, from its last event: `Completed`, `Canceled` or the type of the error that it failed with."""
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
        return event.workflow_execution_failed_event_attributes.failure.application_failure_info.type
    return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_WORKFLOW_EXECUTION_").capitalize()


def outcomes() -> dict[str, Outcome]:
    """All of them, by the names of their files."""
    return {
        "created": Outcome(_create, "Completed"),
        "created-while-another-joins": Outcome(_join, "Completed"),
        "created-again": Outcome(_create_twice, "Completed"),
        "invalid-create": Outcome(partial(_invalid, "CreatePrivateLink"), "InvalidRequest"),
        "invalid-delete": Outcome(partial(_invalid, "DeletePrivateLink"), "InvalidRequest"),
        "refused-by-both-checks": Outcome(_refused, "RequestRefused"),
        **{f"failed-at-{step}": Outcome(partial(_fail, step), "CloudRefused") for step in STEPS},
        "cancelled-while-checking": Outcome(partial(_cancel, "look-up-deployment"), "Canceled"),
        "cancelled-while-creating": Outcome(partial(_cancel, "create-load-balancer"), "Canceled"),
        "cancelled-while-waiting": Outcome(partial(_cancel, "wait-for-private-link"), "Canceled"),
        "cancelled-at-the-last-step": Outcome(partial(_cancel, "mark-complete"), "Canceled"),
        "cancelled-while-rolling-back": Outcome(_cancel_rollback, "CloudRefused"),
        "rollback-incomplete": Outcome(_incomplete_rollback, "RollbackIncomplete"),
        "cancelled-and-incomplete": Outcome(_incomplete_cancel, "RollbackIncomplete"),
        "deleted": Outcome(_delete, "Completed"),
        "deleted-what-is-absent": Outcome(_delete_absent, "Completed"),
        "delete-refused-address-in-use": Outcome(_delete_in_use, "RemovalRefused"),
        "delete-refused-not-running": Outcome(_delete_not_running, "RemovalRefused"),
        "delete-refused-foreign-endpoint": Outcome(_delete_foreign, "RemovalRefused"),
        "delete-refused-unknown-deployment": Outcome(_delete_unknown, "RemovalRefused", "wunknown/orders-db"),
        "delete-incomplete": Outcome(_delete_incomplete, "RollbackIncomplete"),
        "delete-cancelled": Outcome(_delete_cancelled, "RollbackIncomplete"),
        "created-by-console": Outcome(steered.create_by_console, "Completed"),
        "deleted-by-console": Outcome(steered.delete_by_console, "Completed"),
        "cancelled-by-console": Outcome(steered.cancel_by_console, "Canceled"),
        "approved": Outcome(steered.approve, "Completed"),
        "held-and-retried": Outcome(steered.hold_and_retry, "Completed"),
        "held-and-rolled-back": Outcome(steered.hold_and_roll_back, "CloudRefused"),
        "retried-now": Outcome(steered.retry_now, "Completed"),
        "paused-and-resumed": Outcome(steered.pause_and_resume, "Completed"),
        "failed-over-leftovers": Outcome(steered.fail_over_leftovers, "CloudRefused"),
        "fleet-applied": Outcome(fleets.apply_with_a_failure, "Completed"),
        "fleet-cancelled": Outcome(fleets.cancel, "Canceled"),
        "fleet-continued": Outcome(fleets.go_on_in_a_new_run, "Continued_as_new"),
    }


def _request(world: World) -> PrivateLinkRequest:
    """One listener and a connector: every kind of step, and a short history."""
    return full_request(world.sandbox, listeners=[{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}])


STEPS = steps_to_come(
    PrivateLinkRequest.model_validate(
        {
            "name": "orders-db",
            "deployment": "w41b11c0",
            "aws": {"region": "us-east-1"},
            "subnets": ["subnet-0a1b2c3d4e5f6a7b8"],
            "listeners": [{"port": 3306, "targets": ["10.0.1.15"]}],
            "connector": {"type": "mysql", "name": "orders", "parameters": {"server": "{address}:3306"}},
        }
    )
)
"""The steps of `_request`, as far as its form decides them."""


async def _create(world: World) -> None:
    await world.links.create(full_request(world.sandbox))


async def _create_one(world: World) -> PrivateLinkResult:
    return await world.links.create(_request(world))


async def _create_twice(world: World) -> None:
    await _create_one(world)
    await _create_one(world)


async def _join(world: World) -> None:
    async def join() -> None:
        await world.links.start_create(_request(world))

    _at(world, "create-load-balancer", join)
    await _create_one(world)


async def _invalid(workflow_type: str, world: World) -> None:
    handle = await world.client.start_workflow(
        workflow_type,
        request_json(world.sandbox, surprise=1),
        id="privatelink:w41b11c0:orders-db",
        task_queue=TASK_QUEUE,
    )
    with suppress(WorkflowFailureError):
        await handle.result()


async def _refused(world: World) -> None:
    broken = _request(world).model_dump(mode="json")
    broken["subnets"][1] = "subnet-00000000000000000"
    broken["connector"]["parameters"]["password"] = {"secret": "env:NOBODY_HAS_THIS"}
    with suppress(PrivateLinkError):
        await world.links.create(broken)


async def _fail(step: str, world: World) -> None:
    _at(world, step, _failure(step))
    with suppress(PrivateLinkError):
        await _create_one(world)


async def _cancel(step: str, world: World) -> None:
    _at(world, step, partial(_cancel_saga, world))
    with suppress(PrivateLinkError):
        await _create_one(world)


async def _cancel_rollback(world: World) -> None:
    _at(world, "delete-endpoint-service", partial(_cancel_saga, world))
    await _fail("mark-complete", world)


async def _incomplete_rollback(world: World) -> None:
    _at(world, "delete-load-balancer", _failure("delete-load-balancer"))
    await _fail("wait-for-private-link", world)


async def _incomplete_cancel(world: World) -> None:
    _at(world, "delete-load-balancer", _failure("delete-load-balancer"))
    await _cancel("create-endpoint-service", world)


async def _delete(world: World) -> None:
    await _create_one(world)
    await world.links.delete(LINK)


async def _delete_absent(world: World) -> None:
    await world.links.delete(_request(world))


async def _delete_in_use(world: World) -> None:
    created = await _create_one(world)
    env = world.sandbox.env
    auth = (env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"])
    body = {"type": "mysql", "name": "theirs", "server": f"{created.address}:3306", "database": "d", "username": "u"}
    async with httpx.AsyncClient(base_url=env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"], auth=auth) as broker:
        (await broker.post("/connectors", json=body)).raise_for_status()
    await _delete_refused(world)


async def _delete_not_running(world: World) -> None:
    created = await _create_one(world)
    ec2 = boto3.client("ec2")
    ec2.reject_vpc_endpoint_connections(ServiceId=created.service_id, VpcEndpointIds=[created.vpc_endpoint_id])
    while world.sandbox.books()["platform"]["w41b11c0"][0]["status"] != "failed":  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.02)
    await _delete_refused(world)


async def _delete_foreign(world: World) -> None:
    created = await _create_one(world)
    connect_co_tenant(world.sandbox, created.service_name)
    await _delete_refused(world)


async def _delete_unknown(world: World) -> None:
    with suppress(PrivateLinkError):
        await world.links.delete(full_request(world.sandbox, deployment="wunknown"))


async def _delete_incomplete(world: World) -> None:
    await _create_one(world)
    _at(world, "delete-load-balancer", _failure("delete-load-balancer"))
    await _delete_refused(world)


async def _delete_cancelled(world: World) -> None:
    await _create_one(world)
    _at(world, "delete-endpoint-service", partial(_cancel_saga, world))
    await _delete_refused(world)


async def _delete_refused(world: World) -> None:
    with suppress(PrivateLinkError):
        await world.links.delete(LINK)


def _at(world: World, step: str, hook: Callable[[], Awaitable[None]]) -> None:
    world.faults.at("privatelink:w41b11c0:orders-db", step, "before", hook)


def _failure(step: str) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise CloudRefused(f"failing {step} on purpose", resource=step)

    return fail


async def _cancel_saga(world: World) -> None:
    await world.handle(LINK).cancel(reason="recorded")
