"""The delete on a real Temporal server against the sandbox."""

import asyncio

import boto3
import httpx
import pytest
from temporalio.client import WorkflowExecutionStatus

from privatelink.errors import FindingType, LinkUnknown, RemovalRefused, RollbackIncomplete
from privatelink.model.request import DeleteRequest
from privatelink.model.result import DeleteResult
from tests.support.laws import NOTHING, counts
from tests.support.requests import full_request
from tests.support.world import World

LINK = "w41b11c0/orders-db"


async def test_delete_ends_with_nothing_left(world: World) -> None:
    """The result lists what was removed: every id of the create's result."""
    result = await world.links.create(full_request(world.sandbox))
    deleted = await world.links.delete(LINK)
    assert world.sandbox.books() == NOTHING
    assert {result.service_id, result.load_balancer_arn, *result.target_group_arns, result.private_link_id} <= set(
        deleted.removed
    )
    assert deleted.status == "deleted"


async def test_delete_removes_the_platforms_side_before_anything_at_aws(world: World) -> None:
    """Removing AWS first would make the PrivateLink's status `failed` (EMQX: "Delete the PrivateLink")."""
    await world.links.create(full_request(world.sandbox))
    made = len(world.sandbox.calls())
    await world.links.delete(LINK)
    writes = [
        call["service"]
        for call in world.sandbox.calls()[made:]
        if not call["read"] and call["account"] != "111122223333" and call["service"] != "sts"
    ]
    assert writes[:2] == ["deployment", "platform"]
    assert set(writes[2:]) <= {"ec2", "elasticloadbalancing"}


async def test_delete_of_what_does_not_exist_is_done_and_says_so(world: World) -> None:
    """Twice is once: the second delete finds nothing."""
    request = full_request(world.sandbox)
    await world.links.create(request)
    await world.links.delete(request)
    absent = DeleteResult(link=LINK, status="absent", account="210987654321", region="us-east-1")
    assert await world.links.delete(request) == absent


async def test_delete_by_name_alone_needs_temporals_memory(world: World) -> None:
    """A link that Temporal never saw is named, with the way out."""
    with pytest.raises(LinkUnknown, match="-f FILE"):
        await world.links.delete("w41b11c0/never-seen")


async def test_delete_refuses_while_connectors_of_others_use_the_address(world: World) -> None:
    """The refusal lists each connector; nothing is removed; when they are gone, delete works."""
    result = await world.links.create(full_request(world.sandbox))
    env = world.sandbox.env
    auth = (env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"])
    body = {
        "type": "mysql",
        "name": "someone-elses",
        "server": f"{result.address}:3306",
        "database": "d",
        "username": "u",
    }
    async with httpx.AsyncClient(base_url=env["EMQXCLOUD_DEPLOYMENT_ENDPOINT"], auth=auth) as broker:
        (await broker.post("/connectors", json=body)).raise_for_status()
        before = world.sandbox.books()
        with pytest.raises(RemovalRefused) as caught:
            await world.links.delete(LINK)
        [found] = caught.value.details_model.findings
        assert found.type == FindingType.ADDRESS_IN_USE
        assert "mysql:someone-elses" in found.resource
        assert world.sandbox.books() == before
        (await broker.delete("/connectors/mysql:someone-elses")).raise_for_status()
    assert (await world.links.delete(LINK)).status == "deleted"
    assert world.sandbox.books() == NOTHING


async def test_delete_refuses_a_failed_private_link_unless_allowed(world: World) -> None:
    """EMQX asks for `running` before a delete; `allow_failed` is the explicit choice."""
    result = await world.links.create(full_request(world.sandbox))
    await _reject_behind_our_back(world, result.service_id, result.vpc_endpoint_id)
    with pytest.raises(RemovalRefused) as caught:
        await world.links.delete(LINK)
    assert {found.type for found in caught.value.details_model.findings} == {FindingType.PRIVATE_LINK_NOT_RUNNING}
    assert (await world.links.delete(LINK, allow_failed=True)).status == "deleted"
    assert world.sandbox.books() == NOTHING


async def test_a_later_delete_finishes_what_a_terminated_create_left(world: World) -> None:
    """Terminate runs no code by design; the delete finds by identity what is there."""
    request = full_request(world.sandbox)
    reached = await world.links.start_create(request)

    async def terminate() -> None:
        await world.handle(LINK).terminate("test")

    world.faults.at(request.link.workflow_id, "accept-endpoint-connection", "after", terminate)
    with pytest.raises(Exception, match="terminated"):
        await reached.result()
    assert (await world.handle(LINK).describe()).status == WorkflowExecutionStatus.TERMINATED
    assert world.sandbox.books() != NOTHING
    await world.links.delete(DeleteRequest.of(request))
    assert world.sandbox.books() == NOTHING


async def _reject_behind_our_back(world: World, service_id: str, vpc_endpoint_id: str) -> None:
    ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=world.sandbox.endpoint)
    ec2.reject_vpc_endpoint_connections(ServiceId=service_id, VpcEndpointIds=[vpc_endpoint_id])
    await _until_failed(world)


async def _until_failed(world: World) -> None:
    for _ in range(200):
        rows = world.sandbox.books()["platform"]["w41b11c0"]
        if rows[0]["status"].lower() == "failed":
            return
        await asyncio.sleep(0.02)
    raise AssertionError(rows)


async def test_a_cancelled_delete_stops_lists_what_is_left_and_a_later_one_finishes_it(world: World) -> None:
    """A half removal is not undone: the error lists each thing left, of the endpoint service and all behind it."""
    request = full_request(world.sandbox)
    result = await world.links.create(request)

    async def cancel() -> None:
        await world.handle(LINK).cancel()

    world.faults.at(request.link.workflow_id, "delete-private-link", "before", cancel)
    with pytest.raises(RollbackIncomplete) as caught:
        await world.links.delete(request)
    left = {leftover.id for leftover in caught.value.details_model.leftovers}
    assert {result.service_id, result.load_balancer_arn, *result.target_group_arns} <= left
    assert counts(world.sandbox.books(), LINK)["load_balancers"] == 1
    world.faults.at(request.link.workflow_id, "delete-private-link", "before", nothing)
    assert (await world.links.delete(request)).status == "deleted"
    assert world.sandbox.books() == NOTHING


async def nothing() -> None:
    """A hook that does nothing."""
