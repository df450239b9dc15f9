"""A link has one place: whoever comes to another account, region or platform mode is refused, and the link stays whole.

Judged by the books of every account and region, the platform's and the deployment's.
"""

import shlex
from typing import Any

import boto3
import pytest
from temporalio.client import Client
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.load_balancers import LoadBalancers
from activities.support.remembered_places import Remembered, RememberedPlaces
from clouds.aws.accounts import AwsAccounts
from privatelink import PrivateLinkRequest
from privatelink.errors import (
    CredentialsRefused,
    FindingType,
    PrivateLinkError,
    RemovalRefused,
    RequestRefused,
    RollbackIncomplete,
)
from privatelink.model.names import Link, Place
from privatelink.model.request import AwsAccess
from runtime.own_place import OwnPlace
from tests.support.belongings import Known, everything_of
from tests.support.laws import NOTHING, of_link
from tests.support.parts import TAGGED
from tests.support.person import CONSOLE
from tests.support.requests import full_request
from tests.support.sandbox import Sandbox
from tests.support.step_faults import once
from tests.support.steps import a_removal
from tests.support.world import World, working_world

LINK = "w41b11c0/orders-db"
SECOND = "310987654321"


def elsewhere(sandbox: Sandbox, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - fields of the request
    """The same link, by the role of the second account."""
    subnets = sandbox.seed["accounts"][SECOND]["networks"]["us-east-1"]["subnets"]
    role = {"role_arn": sandbox.seed["role_arn"], "external_id": sandbox.seed["external_id"]}
    return full_request(
        sandbox,
        aws={"region": "us-east-1", **role},
        subnets=[subnets["use1-az1"]["id"], subnets["use1-az2"]["id"]],
        **changes,
    )


def found(error: PrivateLinkError) -> set[str]:
    """The types of its findings."""
    return {finding.type for finding in error.details_model.findings}


async def test_a_create_and_a_delete_of_another_account_leave_a_running_link_whole(world: World) -> None:
    """Refused by name, with the place where it is; the running link's connector is not touched either."""
    await world.links.create(full_request(world.sandbox))
    before = world.sandbox.books()
    for attempt in (world.links.create, world.links.delete):
        with pytest.raises((RequestRefused, RemovalRefused), match="account 210987654321, region us-east-1") as caught:
            await attempt(elsewhere(world.sandbox))
        assert FindingType.LINK_ELSEWHERE in found(caught.value)
        assert before == world.sandbox.books()
    assert (await world.links.delete(LINK)).account == "210987654321"
    assert world.sandbox.books() == NOTHING


async def test_a_worker_with_another_accounts_credentials_refuses(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request without a role names no account: whose credentials the worker has decides where it looks."""
    request = full_request(sandbox, connector=None)
    async with working_world(sandbox, client) as first:
        await first.links.create(request)
    before = sandbox.books()
    key = sandbox.seed["accounts"][SECOND]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["secret_access_key"])
    async with working_world(sandbox, client) as second:
        with pytest.raises(RemovalRefused) as caught:
            await second.links.delete(request)
    assert FindingType.LINK_ELSEWHERE in found(caught.value)
    assert before == sandbox.books()


async def test_a_load_balancer_that_lost_its_tags_gets_them_back_by_the_command_of_the_finding(world: World) -> None:
    """Until then create and delete are refused by name; afterwards the link is as complete as it was."""
    request = full_request(world.sandbox, connector=None)
    result = await world.links.create(request)
    elb = boto3.client("elbv2", region_name="us-east-1", endpoint_url=world.sandbox.endpoint)
    [before] = elb.describe_tags(ResourceArns=[result.load_balancer_arn])["TagDescriptions"]
    ours = [tag["Key"] for tag in before["Tags"] if tag["Key"].startswith("privatelink:")]
    elb.remove_tags(ResourceArns=[result.load_balancer_arn], TagKeys=ours)
    with pytest.raises(RemovalRefused) as refused:
        await world.links.delete(request)
    assert found(refused.value) == {FindingType.TAGS_LOST}
    with pytest.raises(RequestRefused) as caught:
        await world.links.create(request)
    [finding] = caught.value.details_model.findings
    words = shlex.split(finding.next_step.split("`")[1])
    pairs = [dict(part.split("=", 1) for part in word.split(",")) for word in words[words.index("--tags") + 1 :]]
    tags: Any = pairs
    elb.add_tags(ResourceArns=[result.load_balancer_arn], Tags=tags)
    [after] = elb.describe_tags(ResourceArns=[result.load_balancer_arn])["TagDescriptions"]
    assert {tag["Key"]: tag["Value"] for tag in before["Tags"]} == {tag["Key"]: tag["Value"] for tag in after["Tags"]}
    assert await world.links.create(request) == result
    await world.links.delete(request)
    assert world.sandbox.books() == NOTHING


@pytest.mark.parametrize("operation", ["create", "delete"])
async def test_where_the_platform_shows_nothing_what_temporal_remembers_tells_the_place(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """In console mode without a key of the platform, no cloud shows where the link of another account is.

    Once a delete there has left nothing, the link may stand anywhere.
    """
    for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"EMQXCLOUD_PLATFORM_{name}")
    request = full_request(sandbox, platform=CONSOLE, connector=None)
    other = elsewhere(sandbox, platform=CONSOLE, connector=None)
    async with working_world(sandbox, client) as world:

        async def terminate() -> None:
            await world.handle(LINK).terminate("test")

        world.faults.at(request.link.workflow_id, "wait-for-creation-by-hand", "before", terminate)
        with pytest.raises(RollbackIncomplete, match="terminated"):
            await world.links.create(request)
        before = sandbox.books()
        with pytest.raises((RequestRefused, RemovalRefused)) as caught:
            await (world.links.create(other) if operation == "create" else world.links.delete(other))
        assert FindingType.LINK_ELSEWHERE in found(caught.value)
        assert before == sandbox.books()
        assert (await world.links.delete(request)).status == "deleted"
        assert (await world.links.delete(other)).status == "absent"
    assert sandbox.books() == NOTHING


async def test_after_a_delete_that_stopped_in_the_middle_another_place_is_refused_until_the_half_is_gone(
    world: World,
) -> None:
    """Nothing at the platform names the place of AWS's half any more: Temporal remembers it, and AWS shows it.

    No second half is built, and none is called absent; the link's name alone leads back to it.
    """
    request = full_request(world.sandbox, connector=None)
    await world.links.create(request)

    async def cancel() -> None:
        await world.handle(LINK).cancel()

    world.faults.at(request.link.workflow_id, "delete-listeners", "before", once(cancel))
    with pytest.raises(RollbackIncomplete):
        await world.links.delete(request)
    before = world.sandbox.books()
    assert not before["platform"]
    assert "load_balancers" in of_link(before, LINK)
    other = elsewhere(world.sandbox, connector=None)
    for attempt in (world.links.create, world.links.delete):
        with pytest.raises((RequestRefused, RemovalRefused), match="account 210987654321, region us-east-1") as caught:
            await attempt(other)
        assert FindingType.LINK_ELSEWHERE in found(caught.value)
    assert FindingType.LINK_ELSEWHERE in {one.type for one in (await world.links.inspect(other)).findings}
    assert before == world.sandbox.books()
    assert (await world.links.delete(LINK)).account == "210987654321"
    assert (await world.links.delete(other)).status == "absent"
    assert world.sandbox.books() == NOTHING


async def test_a_place_that_temporal_remembers_and_that_is_empty_stands_in_nobodys_way(world: World) -> None:
    """What the clouds show goes before what is remembered: somebody has removed the link by hand."""
    await world.links.create(full_request(world.sandbox, connector=None))
    world.sandbox.reset()
    assert (await world.links.delete(elsewhere(world.sandbox, connector=None))).status == "absent"


async def test_a_place_that_temporal_remembers_and_nobody_can_look_at_is_refused_by_name(sandbox: Sandbox) -> None:
    """Its role is gone, or the worker has other credentials now: nobody can say that nothing is there."""
    role = AwsAccess(region="us-east-1", role_arn=f"arn:aws:iam::{SECOND}:role/gone", external_id="some-customer")
    here = Place(account="210987654321", region="eu-west-1", mode="api")
    for access in (role, AwsAccess(region="us-east-1")):

        async def remembers(_: Link, access: AwsAccess = access) -> Remembered:
            return Remembered(Place(account=SECOND, region="us-east-1", mode="api"), access)

        [finding] = await RememberedPlaces(AwsAccounts(), remembers).findings(Link.parse(LINK), here)
        assert finding.type == FindingType.LINK_ELSEWHERE
        assert f"account {SECOND}, region us-east-1" in finding.message
        assert "could not be looked at" in finding.message
    assert sandbox.books() == NOTHING


async def test_no_step_runs_by_the_credentials_of_another_account_than_the_links(sandbox: Sandbox) -> None:
    """A worker may be restarted with others while a saga runs; it would find nothing there, and call that removed."""
    steps = LoadBalancers(AwsAccounts())

    class Next(ActivityInboundInterceptor):
        def __init__(self) -> None:
            self.ran = 0

        async def execute_activity(self, input: ExecuteActivityInput) -> None:  # noqa: A002, ARG002 - the SDK's
            self.ran += 1

    async def run(account: str) -> int:
        inner = Next()
        place = Place(account=account, region="us-east-1", mode="api")
        given = ExecuteActivityInput(
            fn=steps.delete_load_balancer, args=[a_removal(place=place)], executor=None, headers={}
        )
        await OwnPlace(AwsAccounts()).intercept_activity(inner).execute_activity(given)
        return inner.ran

    assert await run("210987654321") == 1
    with pytest.raises(CredentialsRefused, match="credentials are of account 210987654321"):
        await run(SECOND)
    assert sandbox.books() == NOTHING


@pytest.mark.parametrize("kind", [part.kind for part in TAGGED])
async def test_a_thing_that_lost_its_tags_is_not_built_twice_nor_taken_down_nor_forgotten(
    world: World, kind: str
) -> None:
    """A clean-up job took them from a running link: its create says so in the check, and its delete too."""
    request = full_request(world.sandbox, connector=None)
    await world.links.create(request)
    for thing in everything_of(world.sandbox.books(), Known(request.link, (3306,))).values():
        if thing.kind == kind:
            world.sandbox.out_of_band("tags", id=thing.id, remove="all")
    before = world.sandbox.books()
    with pytest.raises(RequestRefused) as caught:
        await world.links.create(request)
    assert found(caught.value) <= {FindingType.TAGS_LOST, FindingType.NAME_TAKEN}
    with pytest.raises(RemovalRefused) as refused:
        await world.links.delete(request)
    assert found(refused.value) == {FindingType.TAGS_LOST}
    assert before == world.sandbox.books()


@pytest.mark.parametrize("kind", ["PrivateLink", "connector"])
async def test_a_description_that_somebody_edited_hides_nothing_from_a_delete(world: World, kind: str) -> None:
    """In EMQX's dashboard: a PrivateLink is known by what it leads to, a connector refuses as a user of the address."""
    request = full_request(world.sandbox)
    await world.links.create(request)
    things = everything_of(world.sandbox.books(), Known(request.link, (3306,), "mysql:orders")).values()
    [edited] = [one for one in things if one.kind == kind]
    world.sandbox.out_of_band("description", deployment=edited.where, id=edited.id, description="do not touch")
    before = world.sandbox.books()
    if kind == "connector":
        with pytest.raises(RemovalRefused, match=edited.id) as refused:
            await world.links.delete(request)
        assert found(refused.value) == {FindingType.ADDRESS_IN_USE}
        assert before == world.sandbox.books()
        return
    assert edited.id in (await world.links.delete(request)).removed
    assert world.sandbox.books() == NOTHING
