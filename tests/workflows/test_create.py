"""The create on a real Temporal server against the sandbox."""

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from privatelink import Phase, PrivateLinkResult
from privatelink.errors import (
    FindingType,
    InvalidRequest,
    OtherOperationRunning,
    Outcome,
    RequestDiffers,
    RequestRefused,
    from_failure,
)
from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import PrivateLinkRequest
from tests.support.laws import NOTHING, counts, of_link
from tests.support.parts import one_of_each
from tests.support.requests import full_request, request_json
from tests.support.visibility import listed
from tests.support.world import World
from workflows.create import steps_to_come

LINK = "w41b11c0/orders-db"
EVERYTHING = one_of_each(ports=2)


async def test_create_ends_with_a_working_address_and_one_of_everything(world: World) -> None:
    """The result names what the clouds hold: one of everything, running, connected."""
    result = await world.links.create(full_request(world.sandbox))

    books = world.sandbox.books()
    found = of_link(books, LINK)
    assert counts(books, LINK) == EVERYTHING
    [private_link], [service], [load_balancer] = (
        found[kind] for kind in ("private_links", "endpoint_services", "load_balancers")
    )
    [connection] = found["endpoint_connections"]
    assert result == PrivateLinkResult(
        link=LINK,
        address=private_link["address"],
        service_name=service["name"],
        service_id=service["id"],
        load_balancer_arn=load_balancer["arn"],
        target_group_arns=tuple(
            group["arn"] for group in sorted(found["target_groups"], key=lambda group: str(group["name"]))
        ),
        vpc_endpoint_id=connection["vpc_endpoint_id"],
        private_link_id=private_link["privatelinkID"],
        connector="mysql:orders-db",
        account="210987654321",
        region="us-east-1",
    )
    assert private_link["status"] == "running"
    assert connection["state"] == "available"


async def test_the_story_board_tells_every_step_before_it_runs(world: World) -> None:
    """The steps that a run really takes are exactly those that the progress shows as to come."""
    request = full_request(world.sandbox)
    await world.links.create(request)
    assert sorted(world.faults.seen[request.link.workflow_id]) == sorted(steps_to_come(request))


async def test_a_second_create_writes_nothing_and_gives_the_same_result(world: World) -> None:
    """Create converges: a link that runs is found, not made again; no call of it needs a permission to write."""
    request = full_request(world.sandbox)
    first = await world.links.create(request)
    before, calls = world.sandbox.books(), len(world.sandbox.calls())
    assert await world.links.create(request) == first
    assert world.sandbox.books() == before
    # The check's probe of the connector stores nothing.
    writes = {call["action"] for call in world.sandbox.calls()[calls:] if not call["read"] and call["service"] != "sts"}
    assert writes <= {"POST /connectors_probe"}


async def test_a_cancelled_second_create_leaves_what_the_first_completed(world: World) -> None:
    """A rollback never removes what an earlier create completed."""
    request = full_request(world.sandbox)
    await world.links.create(request)
    before = world.sandbox.books()

    async def cancel() -> None:
        await world.handle(LINK).cancel()

    world.faults.at(request.link.workflow_id, "mark-complete", "before", cancel)
    with pytest.raises(Exception, match="cancelled"):
        await world.links.create(request)
    assert world.sandbox.books() == before


async def test_a_create_by_another_request_is_refused_with_the_difference(world: World) -> None:
    """A running link is not changed by a create; the error names what differs."""
    await world.links.create(full_request(world.sandbox))
    before = world.sandbox.books()
    other = full_request(world.sandbox, listeners=[{"port": 3306, "targets": ["10.0.1.16"]}], connector=None)
    with pytest.raises(RequestRefused) as caught:
        await world.links.create(other)
    assert FindingType.LINK_DIFFERS in {found.type for found in caught.value.details_model.findings}
    assert "10.0.1.16" in caught.value.message
    assert world.sandbox.books() == before


async def test_two_calls_with_one_request_are_one_saga(world: World) -> None:
    """Nine callers at once: one run, one result."""
    request = full_request(world.sandbox)
    sagas = await asyncio.gather(*(world.links.start_create(request) for _ in range(9)))
    assert len({saga.saga_id for saga in sagas}) == 1
    results = await asyncio.gather(*(saga.result() for saga in sagas))
    assert len({str(result) for result in results}) == 1


async def test_a_call_with_another_request_while_one_runs_is_told_the_difference(world: World) -> None:
    """The conflict carries the running operation and request."""
    request = full_request(world.sandbox)
    saga = await world.links.start_create(request)
    other = full_request(world.sandbox, tags={"team": "other"})
    with pytest.raises(RequestDiffers) as caught:
        await world.links.start_create(other)
    details = caught.value.details_model
    assert [found.resource for found in details.findings] == ["tags.team"]
    assert details.running is not None
    assert (details.running.operation, details.running.saga_id) == ("create", saga.saga_id)
    assert PrivateLinkRequest.model_validate(details.running.request) == request
    await saga.result()


async def test_a_conflict_hands_out_nobodys_external_id(world: World) -> None:
    """Whoever asks with another request of the link learns that the external id differs, and not what it is."""
    seed = world.sandbox.seed
    access = {"region": "us-east-1", "role_arn": seed["role_arn"], "external_id": seed["external_id"]}
    network = seed["accounts"]["310987654321"]["networks"]["us-east-1"]
    # A name of its own: of one that ran before in another account, Temporal remembers where it is.
    fields: dict[str, Any] = {
        "name": "of-a-role",
        "subnets": [network["subnets"]["use1-az1"]["id"], network["subnets"]["use1-az2"]["id"]],
        "listeners": [{"port": 3306, "targets": [network["targets"][0]["address"]]}],
    }
    saga = await world.links.start_create(full_request(world.sandbox, aws=access, **fields))
    guess = full_request(world.sandbox, aws=access | {"external_id": "ext-guess"}, **fields)
    with pytest.raises(RequestDiffers) as differs:
        await world.links.start_create(guess)
    with pytest.raises(OtherOperationRunning) as other:
        await world.links.delete(guess)
    assert ["aws.external_id"] == [found.resource for found in differs.value.details_model.findings]
    assert "is a different one" in str(differs.value)
    for caught in (differs.value, other.value):
        told = f"{caught} {caught.details_model}"
        assert seed["external_id"] not in told
        assert "ext-guess" not in told
    await saga.result()


async def test_a_delete_while_the_create_runs_is_refused(world: World) -> None:
    """Create and delete of one link exclude each other."""
    request = full_request(world.sandbox)
    saga = await world.links.start_create(request)
    with pytest.raises(OtherOperationRunning) as caught:
        await world.links.delete(request)
    assert caught.value.details_model.running is not None
    await saga.result()
    assert counts(world.sandbox.books(), LINK) == EVERYTHING


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"name": "Orders_DB"}, id="a name with capitals"),
        pytest.param({"surprise": 1}, id="an unknown field"),
        pytest.param({"listeners": [{"port": 0, "targets": ["10.0.1.15"]}]}, id="a port out of range"),
    ],
)
async def test_a_bare_start_with_a_broken_request_fails_by_name(world: World, broken: dict[str, Any]) -> None:
    """A start from any language is validated by the workflow: a named error, never a task that fails forever."""
    handle = await world.client.start_workflow(
        "CreatePrivateLink",
        request_json(world.sandbox, **broken),
        id="privatelink:w41b11c0:orders-db",
        task_queue=TASK_QUEUE,
    )
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(from_failure(caught.value.cause), InvalidRequest)
    assert world.sandbox.books() == NOTHING


async def test_a_role_in_another_account_is_assumed_with_its_external_id(world: World) -> None:
    """The AWS side is built in the role's account, and found there again by the delete."""
    seed = world.sandbox.seed
    network = seed["accounts"]["310987654321"]["networks"]["us-east-1"]
    # A name of its own: of one that ran before in another account, Temporal remembers where it is.
    request = full_request(
        world.sandbox,
        "by-a-role",
        aws={"region": "us-east-1", "role_arn": seed["role_arn"], "external_id": seed["external_id"]},
        subnets=[network["subnets"]["use1-az1"]["id"], network["subnets"]["use1-az2"]["id"]],
        listeners=[{"port": 3306, "targets": [network["targets"][0]["address"]]}],
    )
    await world.links.create(request)
    assert "210987654321" not in world.sandbox.books()["aws"]

    async def phases() -> list[Phase | None]:
        rows = await world.links.list(account="310987654321")
        return [row.phase for row in rows if row.link == str(request.link)]

    assert await listed(phases, [Phase.RUNNING]) == [Phase.RUNNING]
    await world.links.delete(str(request.link))
    assert world.sandbox.books() == NOTHING


async def test_a_refusal_makes_nothing_and_says_everything_at_once(world: World) -> None:
    """Findings of both checks are told in one error whose outcome is `refused`."""
    subnets = world.sandbox.seed["subnets"]
    # A name of its own: of one that ran before, Temporal remembers that it runs.
    link = "w41b11c0/never-made"
    request = full_request(world.sandbox, "never-made", subnets=[subnets["use1-az1"], "subnet-00000000000000000"])
    broken = request.model_dump(mode="json")
    broken["connector"]["parameters"]["password"] = {"secret": "env:NOBODY_HAS_THIS"}
    with pytest.raises(RequestRefused) as caught:
        await world.links.create(broken)
    details = caught.value.details_model
    assert details.outcome == Outcome.REFUSED
    assert {FindingType.SUBNET_NOT_FOUND, FindingType.SECRET_NOT_FOUND} <= {found.type for found in details.findings}
    assert world.sandbox.books() == NOTHING
    status = await world.links.status(link)
    assert status.phase == Phase.REFUSED
