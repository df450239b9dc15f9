"""The law that every answer is true, at every end that a caller hears: what is not true fails the test."""

import asyncio
import json

import boto3
import pytest
from temporalio.client import Client

from privatelink import PrivateLinkRequest
from privatelink.cli.exits import ExitCode
from privatelink.errors import CloudRefused, Outcome
from privatelink.model.fleet import Ending, FleetResult, LinkOutcome
from privatelink.model.names import aws_name
from privatelink.model.result import DeleteResult
from scripts.temporal_server import TemporalServer
from tests.support.judged import WorldJudge
from tests.support.judged_cli import run, untrue
from tests.support.requests import full_request
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world

LINK = "w41b11c0/orders-db"


@pytest.fixture(autouse=True)
def _address(server: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)


async def _deleted(world: World, request: PrivateLinkRequest, by: str) -> None:
    """Delete it, and let a target group of its name be there again before that is told."""
    name = aws_name(request.link, request.listeners[0].port)

    async def make() -> None:
        elb = boto3.client("elbv2", region_name="us-east-1")
        vpc = world.sandbox.seed["vpc"]
        await asyncio.to_thread(elb.create_target_group, Name=name, Protocol="TCP", Port=3306, VpcId=vpc)

    world.faults.at(request.link.workflow_id, "find-leftovers", "after", make)
    match by:
        case "client":
            await world.links.delete(request)
        case "fleet":
            await (await world.links.start_apply([], delete=[LINK])).result()
        case "command":
            await asyncio.to_thread(run, ["delete", LINK])


@pytest.mark.parametrize("by", ["client", "fleet", "command"])
async def test_an_end_that_the_books_contradict_fails_the_test_whoever_hears_it(
    by: str, sandbox: Sandbox, client: Client
) -> None:
    """The client, who waits for a fleet, or who reads the command line; with the sentence."""

    async def life() -> None:
        async with working_world(sandbox, client) as world:
            request = full_request(sandbox, connector=None)
            await world.links.create(request)
            await _deleted(world, request, by)

    with pytest.raises(AssertionError, match=rf"^{LINK}: said `deleted`, and there is target group arn:\S+ in 2109"):
        await life()
    assert WorldJudge.sitting is None


async def test_what_status_shows_of_an_end_is_judged(sandbox: Sandbox, client: Client) -> None:
    """It says `running` of a link that is not there any more."""

    async def life() -> None:
        async with working_world(sandbox, client) as world:
            await world.links.create(full_request(sandbox, connector=None))
            assert await asyncio.to_thread(run, ["status", LINK]) == 0
            assert WorldJudge.sitting is not None
            assert not WorldJudge.sitting.false_endings
            sandbox.reset()
            assert await asyncio.to_thread(run, ["status", LINK]) == 0

    with pytest.raises(AssertionError, match="said `running`, and"):
        await life()


def test_a_command_answers_by_what_it_was_told() -> None:
    """Another exit code is untrue, and so is other JSON, or success where nothing has ended."""
    deleted = DeleteResult(link=LINK, status="deleted")
    failed = CloudRefused("it failed", outcome=Outcome.ROLLED_BACK)
    fleet = FleetResult(
        links=tuple(LinkOutcome(link=LINK, operation="create", ending=one) for one in (Ending.DONE, Ending.REFUSED))
    )
    printed = json.loads(deleted.model_dump_json())
    assert untrue(ExitCode.DONE, printed, deleted) == []
    assert untrue(ExitCode.ROLLED_BACK, None, failed) == []
    assert untrue(ExitCode.REFUSED, None, fleet) == []
    assert untrue(ExitCode.REFUSED, None, None) == []
    assert untrue(ExitCode.DONE, None, failed)
    assert untrue(ExitCode.INCOMPLETE, None, deleted)
    assert untrue(ExitCode.DONE, None, fleet)
    assert untrue(ExitCode.DONE, None, None)
    assert untrue(ExitCode.DONE, printed | {"status": "absent"}, deleted)
