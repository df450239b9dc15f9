"""A removal as a whole: what it refuses, what it finds, what it lists."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from activities import specs
from activities.address_users import AddressUsers
from activities.endpoint_connections import EndpointConnections
from activities.load_balancers import LoadBalancers
from activities.private_links import PrivateLinks
from activities.removal import Removals
from activities.standing import Onlooker
from clouds.aws.tags import COMPLETE, TAG_VPC_ENDPOINT, add_elb_tags
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.settings import Settings
from privatelink.errors import FindingType, RemovalRefused
from privatelink.names import TAG_COMPLETE, Link, description
from tests.support.sandbox import Sandbox
from tests.support.steps import (
    ACCESS,
    CONSUMER,
    LINK,
    SAGA,
    Provider,
    a_removal,
    a_scope,
    a_wait,
    address_users,
    attempt,
    perform,
    refusal,
)

POST = "POST /deployments/{deploymentID}/privatelinks"


class World:
    """The clouds, and a link in them as far as a test needs it."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything quick."""
        self.provider = Provider(sandbox)
        sandbox.durations(platform_endpoint=5, platform_running=2, platform_delete=4, connector_connected=0)
        self.platform = Platform(Settings.from_environment().platform)
        self._monkeypatch = monkeypatch
        self.address = ""

    @property
    def steps(self) -> Removals:
        """The steps under test, with the settings of now."""
        apis = DeploymentApis(Settings.from_environment())
        return Removals(Onlooker(self.provider.aws, self.platform, apis), AddressUsers(apis))

    def without_deployment_key(self) -> None:
        """A worker that was given no API key of the deployment."""
        for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
            self._monkeypatch.delenv(f"EMQXCLOUD_DEPLOYMENT_{name}")

    async def ask(self) -> specs.ConnectionWait:
        """An endpoint service and a PrivateLink that nobody has accepted."""
        service = await self.provider.make_endpoint_service()
        made = await perform(
            PrivateLinks(self.platform, self.provider.aws, address_users()).create_private_link,
            specs.PrivateLinkSpec(scope=a_scope(), endpoint_service=service),
        )
        return specs.ConnectionWait(
            scope=a_scope(), endpoint_service=service, private_link=made, consumer_account_id=CONSUMER, wait=a_wait()
        )

    async def run(self) -> specs.ConnectionWait:
        """A PrivateLink that runs."""
        spec = await self.ask()
        connections = EndpointConnections(self.provider.aws, self.platform)
        connection = await perform(connections.wait_for_endpoint_connection, spec)
        await perform(
            connections.accept_endpoint_connection,
            specs.Acceptance(scope=a_scope(), connection=connection, wait=a_wait()),
        )
        wait = specs.PrivateLinkWait(scope=a_scope(), private_link=spec.private_link, wait=a_wait())
        self.address = await perform(
            PrivateLinks(self.platform, self.provider.aws, address_users()).wait_for_private_link, wait
        )
        return spec

    def post(self, path: str, body: dict[str, Any], method: str = "POST") -> None:
        """Make something in the deployment by hand."""
        env = self.provider.sandbox.env
        answer = httpx.request(
            method,
            f"{env['EMQXCLOUD_DEPLOYMENT_ENDPOINT']}{path}",
            json=body,
            auth=(env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"]),
        )
        assert answer.is_success, answer.text

    def connect(self, name: str, server: str, described: str = "") -> None:
        """A connector to a server, by hand."""
        self.post(
            "/connectors",
            {
                "type": "mysql",
                "name": name,
                "description": described,
                "server": server,
                "database": "orders",
                "username": "emqx",
                "password": "nobody-reads-this",
            },
        )


@pytest.fixture
def world(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> World:
    """The clouds in their seeded state."""
    return World(sandbox, monkeypatch)


async def found(
    check: Callable[[specs.RemovalSpec], Awaitable[specs.RemovalFacts]], spec: specs.RemovalSpec
) -> list[tuple[str, str]]:
    """What the check refuses for: type and what it concerns."""
    error = await refusal(RemovalRefused, check, spec)
    assert error.details_model.next_step
    return sorted((finding.type, finding.concerns) for finding in error.details_model.findings)


async def test_nothing_is_found_of_what_does_not_exist(world: World) -> None:
    """A delete of it is done before it begins."""
    assert specs.RemovalFacts() == await attempt(world.steps.check_removal, a_removal())
    assert [] == await attempt(world.steps.find_leftovers, a_removal())


async def test_everything_of_a_running_link_is_found_and_nothing_touched(world: World) -> None:
    """Every id, from the consumer's end to the targets; the link goes on running."""
    spec = await world.run()
    world.connect("orders", f"{world.address}:3306", description(LINK, SAGA))
    group = await world.provider.make_target_group()
    load_balancer = await world.provider.make_load_balancer()
    listener_arn = await world.provider.make_listener(load_balancer, group)
    (connection,) = world.provider.books()["endpoint_connections"]
    before = world.provider.things()
    facts = await attempt(world.steps.check_removal, a_removal())
    assert (
        "mysql:orders",
        spec.private_link.private_link_id,
        connection["vpc_endpoint_id"],
        spec.endpoint_service.service_id,
        listener_arn,
        load_balancer.arn,
        group.arn,
    ) == facts.ids
    leftovers = await attempt(world.steps.find_leftovers, a_removal())
    assert facts.ids == tuple(leftover.id for leftover in leftovers)
    assert before == world.provider.things()


async def test_connectors_of_others_refuse_a_delete(world: World) -> None:
    """Each that dials the address is named; the link's own is none of them, nor one that dials elsewhere."""
    await world.run()
    world.connect("theirs", f"{world.address}:3306")
    world.connect("elsewhere", "db.example.com:3306")
    world.connect("ours", f"{world.address}:3306", description(LINK, SAGA))
    assert [(FindingType.ADDRESS_IN_USE, "mysql:theirs")] == await found(world.steps.check_removal, a_removal())


HOLDERS: list[tuple[str, dict[str, Any], str]] = [
    (
        "/authentication",
        {"mechanism": "password_based", "backend": "mysql", "server": "HOST:3306"},
        "authenticator password_based:mysql",
    ),
    ("/authentication", {"mechanism": "jwt", "endpoint": "https://HOST:3306/jwks"}, "authenticator jwt"),
    ("/authorization/sources", {"type": "redis", "servers": "a:1, HOST:3306"}, "authorization source redis"),
    ("/exhooks", {"name": "audit", "url": "http://HOST:3306"}, "exhook audit"),
    ("/cluster/links", {"name": "west", "server": "HOST:3306"}, "cluster link west"),
    ("/schema_registry_external", {"name": "c", "url": "http://HOST:3306"}, "external schema registry c"),
    ("/schema_registry", {"name": "p", "parameters": {"url": "http://HOST:3306"}}, "schema p"),
    ("/ai/providers", {"name": "own", "base_url": "http://HOST:3306/v1"}, "AI provider own"),
    ("/gateways/stomp", {"authentication": {"server": "HOST:3306"}}, "gateway stomp"),
    ("/gateways/mqttsn", {"listeners": [{"authentication": {"url": "http://HOST:3306"}}]}, "gateway mqttsn"),
    ("/gateways/exproto", {"handler": {"address": "http://HOST:3306"}}, "gateway exproto"),
]


def at(host: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with this host in it."""
    filled: dict[str, Any] = json.loads(json.dumps(body).replace("HOST", host))
    return filled


async def test_whatever_dials_the_address_refuses_a_delete(world: World) -> None:
    """Wherever EMQX keeps an address, and with what would happen; what dials elsewhere is in nobody's way."""
    await world.run()
    for path, body, _ in HOLDERS:
        world.post(path, at(world.address, body), "PUT" if path.startswith("/gateways") else "POST")
    world.post("/exhooks", {"name": "elsewhere", "url": "http://elsewhere.example.com:3306"})
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    found_now = {one.concerns: one for one in error.details_model.findings}
    assert set(found_now) == {words for _, _, words in HOLDERS}
    assert {one.type for one in found_now.values()} == {FindingType.ADDRESS_IN_USE}
    assert "would be locked out" in found_now["authenticator password_based:mysql"].sentence


async def test_a_place_that_the_key_may_not_read_refuses_a_delete_and_names_the_scope(world: World) -> None:
    """What could not be looked at is asked for before anything is removed; somebody may say that nothing is there."""
    await world.run()
    world.provider.sandbox.quirk("deployment_key_scopes", ["data_integration"])
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    findings = {one.concerns: one for one in error.details_model.findings}
    assert {one.type for one in findings.values()} == {FindingType.PLACE_UNREAD}
    asked_for = {
        "/authentication": "access_control",
        "/authorization/sources": "access_control",
        "/cluster/links": "cluster_operations",
        "/gateways": "gateways",
    }
    assert set(findings) == set(asked_for)
    assert all(f"scope {scope} " in findings[path].next_step for path, scope in asked_for.items())
    allowed = a_removal().model_copy(update={"ignore_deployment": True})
    assert (await attempt(world.steps.check_removal, allowed)).ids


async def test_a_place_that_this_version_of_emqx_lacks_holds_nothing(world: World) -> None:
    """404 is an answer: no such thing can be configured there."""
    await world.run()
    world.provider.sandbox.quirk("lacking", ["/ai/", "/cluster/links", "/schema_registry"])
    assert (await attempt(world.steps.check_removal, a_removal())).ids


async def test_a_running_privatelink_without_an_address_is_dialled_by_aws_name(world: World) -> None:
    """The platform may show the address late; AWS's name for the endpoint leads to the same."""
    await world.run()
    world.provider.sandbox.quirk("withhold_address", value=True)
    world.connect("theirs", f"{world.address}:3306")
    world.post("/exhooks", {"name": "audit", "url": f"http://{world.address}:3306"})
    assert (FindingType.ADDRESS_IN_USE, "exhook audit") in await found(world.steps.check_removal, a_removal())


async def test_actions_on_the_own_connector_refuse_a_delete(world: World) -> None:
    """Rules would lose their way out."""
    await world.run()
    world.connect("ours", f"{world.address}:3306", description(LINK, SAGA))
    world.post("/actions", {"type": "mysql", "name": "insert", "connector": "ours", "parameters": {"sql": "x"}})
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    (finding,) = error.details_model.findings
    assert (FindingType.ADDRESS_IN_USE, "mysql:ours") == (finding.type, finding.concerns)
    assert "insert" in finding.sentence


async def test_without_a_deployment_key_connectors_are_not_looked_at(world: World) -> None:
    """Not every installation gives one; a delete is not refused for it."""
    spec = await world.run()
    world.connect("theirs", f"{world.address}:3306")
    world.without_deployment_key()
    assert spec.private_link.private_link_id in (await attempt(world.steps.check_removal, a_removal())).ids


@pytest.mark.parametrize("status", ["pending", "failed"])
async def test_one_that_is_not_running_goes_by_explicit_choice_alone(world: World, status: str) -> None:
    """EMQX's page asks for `running`; a person may say that it shall go all the same."""
    if status == "failed":
        world.provider.sandbox.fault(POST, "failed")
    else:
        world.provider.sandbox.durations(platform_endpoint=10_000)
    private_link_id = (await world.ask()).private_link.private_link_id
    deadline = a_wait(600)
    while (await world.platform.list_private_links(LINK.deployment))[0].status != status:
        assert not deadline.passed
    assert [(FindingType.PRIVATE_LINK_NOT_RUNNING, private_link_id)] == (
        await found(world.steps.check_removal, a_removal())
    )
    assert private_link_id in (await attempt(world.steps.check_removal, a_removal(allow_failed=True))).ids


async def test_strangers_endpoints_refuse_a_delete(world: World) -> None:
    """They would be cut; the link's own is none of them."""
    spec = await world.run()
    other = world.provider.make_vpc_endpoint(spec.endpoint_service)
    assert [(FindingType.FOREIGN_ENDPOINT, other)] == await found(world.steps.check_removal, a_removal())


async def test_an_unaccepted_endpoint_that_the_platform_names_is_no_strangers(world: World) -> None:
    """A PrivateLink that nobody accepted can be deleted by choice, its own waiting connection with it."""
    spec = await world.ask()
    connections = EndpointConnections(world.provider.aws, world.platform)
    connection = await perform(connections.wait_for_endpoint_connection, spec)
    (service,) = world.provider.books()["endpoint_services"]
    world.provider.client("ec2").delete_tags(Resources=[service["id"]], Tags=[{"Key": TAG_VPC_ENDPOINT}])
    facts = await attempt(world.steps.check_removal, a_removal(allow_failed=True))
    assert connection.vpc_endpoint_id in facts.ids


async def test_all_that_stands_in_the_way_is_told_at_once(world: World) -> None:
    """One run, the whole list."""
    spec = await world.run()
    other = world.provider.make_vpc_endpoint(spec.endpoint_service)
    world.connect("theirs", f"{world.address}:3306")
    assert sorted([(FindingType.FOREIGN_ENDPOINT, other), (FindingType.ADDRESS_IN_USE, "mysql:theirs")]) == (
        await found(world.steps.check_removal, a_removal())
    )


def a_removal_at(deployment: str) -> specs.RemovalSpec:
    """The delete of a link of another deployment."""
    return specs.RemovalSpec(link=Link(deployment=deployment, name="orders-db"), aws=ACCESS)


async def test_an_unknown_deployment_refuses_a_delete(world: World) -> None:
    """A mistyped id must not pass for 'nothing to delete'."""
    assert [(FindingType.UNKNOWN_DEPLOYMENT, "wunknown")] == (
        await found(world.steps.check_removal, a_removal_at("wunknown"))
    )


async def test_what_a_deployment_that_is_gone_left_at_aws_may_go(world: World) -> None:
    """No connection can be alive, and the customer pays for the rest."""
    gone = a_removal_at("wunknown")
    scope = specs.Scope(link=gone.link, saga_id=SAGA, aws=ACCESS)
    spec = world.provider.load_balancer_spec().model_copy(update={"scope": scope})
    made = await perform(LoadBalancers(world.provider.aws).create_load_balancer, spec)
    assert (made.arn,) == (await attempt(world.steps.check_removal, gone)).ids


async def test_a_rollback_lists_what_no_other_create_completed(world: World) -> None:
    """What a dead saga of the link left is its leftover too; what an earlier create completed is not."""
    dead = await world.provider.make_target_group("saga-0", port=5432)
    complete = await world.provider.make_target_group("saga-0", port=6379)
    await add_elb_tags(world.provider.account, [complete.arn], [{"Key": TAG_COMPLETE, "Value": COMPLETE}])
    mine = await world.provider.make_target_group()
    leftovers = await attempt(world.steps.find_leftovers, a_removal(SAGA))
    assert {left.id for left in leftovers} == {mine.arn, dead.arn}
