"""A removal as a whole: what it refuses, what it finds, what it lists."""

import json
import shlex
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from activities import inputs
from activities.checks.address_users import AddressUsers
from activities.connectors import Connectors
from activities.endpoint_connections import EndpointConnections
from activities.inquiries import Inquiries
from activities.load_balancers import LoadBalancers
from activities.private_links import PrivateLinks
from activities.scopes import RemovalScope, Scope
from clouds.aws.tags import COMPLETE, TAG_VPC_ENDPOINT, add_elb_tags
from clouds.emqx.deployment_api import DeploymentApis
from clouds.secrets import OfferedSecrets
from clouds.settings import Settings
from privatelink.errors import AccessDenied, FindingType, NotYet, RemovalRefused
from privatelink.model.names import TAG_COMPLETE, Link, description
from privatelink.model.request import ConsolePlatform
from privatelink.pace import paced_delta
from tests.activities.standing_world import HERE, World, world
from tests.support.steps import (
    ACCESS,
    CONSUMER,
    LINK,
    PRINCIPAL,
    SAGA,
    a_deadline,
    a_removal,
    a_scope,
    attempt,
    perform,
    refusal,
)

__all__ = ["world"]  # the fixture

POST = "POST /deployments/{deploymentID}/privatelinks"


async def found(
    check: Callable[[RemovalScope], Awaitable[inputs.RemovalFacts]], spec: RemovalScope
) -> list[tuple[str, str]]:
    """What the check refuses for: type and what it concerns."""
    error = await refusal(RemovalRefused, check, spec)
    assert error.details_model.next_step
    return sorted((finding.type, finding.resource) for finding in error.details_model.findings)


async def test_nothing_is_found_of_what_does_not_exist(world: World) -> None:
    """A delete of it is done before it begins."""
    assert inputs.RemovalFacts(place=HERE) == await attempt(world.steps.check_removal, a_removal())
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
    found_now = {one.resource: one for one in error.details_model.findings}
    assert set(found_now) == {words for _, _, words in HOLDERS}
    assert {one.type for one in found_now.values()} == {FindingType.ADDRESS_IN_USE}
    assert "would be locked out" in found_now["authenticator password_based:mysql"].message


async def test_a_place_that_the_key_may_not_read_refuses_a_delete_and_names_the_scope(world: World) -> None:
    """What could not be looked at is asked for before anything is removed; somebody may say that nothing is there."""
    await world.run()
    world.provider.sandbox.quirk("deployment_key_scopes", ["data_integration"])
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    findings = {one.resource: one for one in error.details_model.findings}
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


async def test_an_inspection_finds_all_that_a_delete_would_be_refused_for(world: World) -> None:
    """An inspection lists every user of the address, and what could not be looked at, as a delete does."""
    await world.run()
    world.post("/authentication", at(world.address, HOLDERS[0][1]))
    world.provider.sandbox.quirk("deployment_key_scopes", ["access_control", "data_integration", "gateways"])
    settings = Settings.from_environment()
    inquiries = Inquiries(world.provider.aws, world.platform, DeploymentApis(settings), world.steps._inventory)
    inspection = await attempt(inquiries.inspect_link, a_removal())
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    assert error.details_model.findings == inspection.findings
    assert {FindingType.ADDRESS_IN_USE, FindingType.PLACE_UNREAD} == {one.type for one in inspection.findings}
    (unread,) = [one for one in inspection.findings if one.type == FindingType.PLACE_UNREAD]
    assert f"`privatelink delete {LINK} --ignore-deployment`" in unread.next_step


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


async def test_each_of_aws_names_for_the_endpoint_leads_to_the_link(world: World) -> None:
    """An endpoint has a name for the region and one for each of its AZs; who dials any of them uses the link."""
    await world.run()
    (connection,) = world.provider.client("ec2").describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    names = [entry["DnsName"] for entry in connection["DnsEntries"]]
    assert len(names) > 1
    for number, name in enumerate(names):
        world.connect(f"theirs-{number}", f"{name}:3306")
    expected = [(FindingType.ADDRESS_IN_USE, f"mysql:theirs-{number}") for number in range(len(names))]
    assert expected == sorted(await found(world.steps.check_removal, a_removal()))


async def test_actions_on_the_own_connector_refuse_a_delete(world: World) -> None:
    """Rules would lose their way out."""
    await world.run()
    world.connect("ours", f"{world.address}:3306", description(LINK, SAGA))
    world.post("/actions", {"type": "mysql", "name": "insert", "connector": "ours", "parameters": {"sql": "x"}})
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    (finding,) = error.details_model.findings
    assert (FindingType.ADDRESS_IN_USE, "mysql:ours") == (finding.type, finding.resource)
    assert "insert" in finding.message


async def test_a_worker_without_the_deployments_key_refuses_a_delete_unless_the_request_allows_it(world: World) -> None:
    """It cannot see what uses the address, nor the link's own connector; the facts say what is allowed."""
    spec = await world.run()
    world.connect("theirs", f"{world.address}:3306")
    world.without_deployment_key()
    assert [(FindingType.KEY_MISSING, LINK.deployment)] == await found(world.steps.check_removal, a_removal())
    facts = await attempt(world.steps.check_removal, a_removal(ignore_deployment=True))
    assert spec.private_link.private_link_id in facts.ids
    assert [LINK.deployment in one for one in facts.not_looked_at] == [True]


async def test_a_key_that_may_not_list_connectors_refuses_a_delete_unless_the_request_ignores_the_deployment(
    world: World,
) -> None:
    """Each step of such a delete goes on without the deployment, as if the worker had no key of it."""
    spec = await world.run()
    world.provider.sandbox.quirk("deployment_key_scopes", ["access_control"])
    await refusal(AccessDenied, world.steps.check_removal, a_removal())
    ignoring = a_removal(ignore_deployment=True)
    facts = await attempt(world.steps.check_removal, ignoring)
    assert [LINK.deployment in one for one in facts.not_looked_at] == [True]
    settings = Settings.from_environment()
    apis = DeploymentApis(settings)
    connectors = Connectors(apis, world.provider.aws, OfferedSecrets(settings.secrets))
    assert not (await attempt(connectors.delete_connector, ignoring)).ids
    links = PrivateLinks(world.platform, world.provider.aws, AddressUsers(apis))
    assert (spec.private_link.private_link_id,) == (await perform(links.delete_private_link, ignoring)).ids
    assert "connectors" not in [one.kind for one in await attempt(world.steps.find_leftovers, ignoring)]


async def test_a_last_look_without_the_deployments_key_lists_what_it_could_not_look_at(world: World) -> None:
    """Nothing is said to be gone that nobody looked at."""
    world.without_deployment_key()
    (left,) = await attempt(world.steps.find_leftovers, a_removal())
    assert (left.kind, left.id) == ("connectors", LINK.deployment)
    assert [] == await attempt(world.steps.find_leftovers, a_removal(ignore_deployment=True))


@pytest.mark.parametrize("status", ["pending", "failed"])
async def test_one_that_is_not_running_goes_by_explicit_choice_alone(world: World, status: str) -> None:
    """EMQX's page asks for `running`; a person may say that it shall go all the same."""
    if status == "failed":
        world.provider.sandbox.fault(POST, "failed")
    else:
        world.provider.sandbox.durations(platform_endpoint=10_000)
    asked = await world.ask()
    await world.mark_complete(asked.endpoint_service.service_id)
    private_link_id = asked.private_link.private_link_id
    deadline = a_deadline(600)
    while (await world.platform.list_private_links(LINK.deployment))[0].status != status:
        assert not deadline.passed
    assert [(FindingType.PRIVATE_LINK_NOT_RUNNING, private_link_id)] == (
        await found(world.steps.check_removal, a_removal())
    )
    assert private_link_id in (await attempt(world.steps.check_removal, a_removal(allow_failed=True))).ids


async def test_one_of_a_create_that_did_not_end_well_goes_without_a_choice(world: World) -> None:
    """It is what a terminated create leaves, and nobody's traffic depends on it; the advice is a plain delete."""
    world.provider.sandbox.durations(platform_endpoint=10_000)
    asked = await world.ask()
    assert asked.private_link.private_link_id in (await attempt(world.steps.check_removal, a_removal())).ids


async def test_foreign_endpoints_refuse_a_delete(world: World) -> None:
    """They would be cut; the link's own is none of them."""
    spec = await world.run()
    other = world.provider.make_vpc_endpoint(spec.endpoint_service)
    assert [(FindingType.FOREIGN_ENDPOINT, other)] == await found(world.steps.check_removal, a_removal())


async def test_an_unaccepted_endpoint_that_the_platform_names_is_not_foreign(world: World) -> None:
    """A PrivateLink that nobody accepted can be deleted by choice, its own waiting connection with it."""
    spec = await world.ask()
    connections = EndpointConnections(world.provider.aws, world.platform)
    connection = (await perform(connections.wait_for_endpoint_connection, spec)).connection
    assert connection
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


def a_removal_at(deployment: str) -> RemovalScope:
    """The delete of a link of another deployment."""
    return RemovalScope(link=Link(deployment=deployment, name="orders-db"), aws=ACCESS)


async def test_an_unknown_deployment_refuses_a_delete(world: World) -> None:
    """A mistyped id must not pass for 'nothing to delete'."""
    assert [(FindingType.UNKNOWN_DEPLOYMENT, "wunknown")] == (
        await found(world.steps.check_removal, a_removal_at("wunknown"))
    )


async def test_what_a_deployment_that_is_gone_left_at_aws_may_go(world: World) -> None:
    """No connection can be alive, and the customer pays for the rest."""
    gone = a_removal_at("wunknown")
    scope = Scope(link=gone.link, saga_id=SAGA, aws=ACCESS)
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


OURS = ("privatelink:link", "privatelink:deployment", "privatelink:managed-by", "privatelink:saga")


async def test_what_lost_its_tags_refuses_a_delete_with_the_command_that_gives_them_back(world: World) -> None:
    """It has the link's own name, or hangs on what has; once the command is run, the delete finds it."""
    provider, (elb, ec2) = world.provider, (world.provider.client("elbv2"), world.provider.client("ec2"))
    service = await provider.make_endpoint_service()
    load_balancer = await provider.make_load_balancer()
    group = await provider.make_target_group()
    listener_arn = await provider.make_listener(load_balancer, group)
    arns = [load_balancer.arn, group.arn, listener_arn]
    elb.remove_tags(ResourceArns=arns, TagKeys=list(OURS))
    ec2.delete_tags(Resources=[service.service_id], Tags=[{"Key": key} for key in OURS])
    everything = {*arns, service.service_id}

    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal())
    lost = {one.resource: one for one in error.details_model.findings}
    assert everything == set(lost)
    assert {FindingType.TAGS_LOST} == {one.type for one in lost.values()}
    assert everything == {left.id for left in await attempt(world.steps.find_leftovers, a_removal())}

    for one in lost.values():
        words = shlex.split(one.next_step.split("`")[1])
        tags = [dict(part.split("=", 1) for part in word.split(",")) for word in words[words.index("--tags") + 1 :]]
        if "elbv2" in words:
            elb.add_tags(ResourceArns=[one.resource], Tags=tags)
        else:
            ec2.create_tags(Resources=[one.resource], Tags=tags)
    assert everything == set((await attempt(world.steps.check_removal, a_removal())).ids)


async def test_a_rollback_lists_what_its_saga_recorded_though_the_mark_is_gone(world: World) -> None:
    """Tags and descriptions can be edited while a saga runs. A name that a foreign thing took since is not listed."""
    spec = await world.run()
    (balancer,) = world.provider.books()["load_balancers"]
    world.provider.client("elbv2").remove_tags(ResourceArns=[balancer["arn"]], TagKeys=list(OURS))
    row = world.provider.sandbox.books()["platform"][LINK.deployment][0]
    world.connect("renamed", "elsewhere.example.com:3306", "by hand")
    recorded = (balancer["arn"], "mysql:renamed", row["privatelinkID"], spec.endpoint_service.service_id)
    listed = await attempt(world.steps.find_leftovers, a_removal(SAGA, recorded=recorded))
    assert set(recorded) <= {left.id for left in listed}
    unrecorded = await attempt(world.steps.find_leftovers, a_removal("saga-2"))
    assert balancer["arn"] not in {left.id for left in unrecorded}


async def test_deletion_protection_refuses_a_delete_before_anything_is_removed(world: World) -> None:
    """Whoever switched it on did not want it gone; the last step would be refused forever."""
    await world.run()
    (balancer,) = world.provider.books()["load_balancers"]
    attributes = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    elb = world.provider.client("elbv2")
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["arn"], Attributes=attributes)
    assert [(FindingType.DELETION_PROTECTED, balancer["arn"])] == await found(world.steps.check_removal, a_removal())


async def test_a_last_look_waits_while_only_what_was_removed_still_shows(world: World) -> None:
    """EC2 is eventually consistent: a reading may be older than the removal. Later it is listed all the same."""
    group = await world.provider.make_target_group()
    spec = a_removal(removed=(group.arn,))
    await refusal(NotYet, world.steps.find_leftovers, spec)
    (left,) = await attempt(world.steps.find_leftovers, spec, scheduled=paced_delta(600))
    assert group.arn == left.id


async def test_the_address_of_a_row_without_one_is_the_connections(world: World) -> None:
    """The platform may show `running` before it shows the address; whoever dials it is found by AWS's name."""
    world.provider.sandbox.durations(platform_address=100_000)
    spec = await world.ask()
    connections = EndpointConnections(world.provider.aws, world.platform)
    connection = (await perform(connections.wait_for_endpoint_connection, spec)).connection
    assert connection
    acceptance = inputs.Acceptance(scope=a_scope(), connection=connection, deadline=a_deadline())
    dns_name, *_ = await perform(connections.accept_endpoint_connection, acceptance)
    world.connect("theirs", f"{dns_name}:3306")
    assert [(FindingType.ADDRESS_IN_USE, "mysql:theirs")] == await found(world.steps.check_removal, a_removal())


async def test_the_links_own_endpoint_of_another_account_than_principal_arns_refuses_a_console_delete(
    world: World,
) -> None:
    """Nobody would be asked to delete its PrivateLink, and AWS's side would go from under it."""
    spec = await world.run(place=None)
    (connection,) = world.provider.books()["endpoint_connections"]
    wrong = ConsolePlatform(mode="console", az_ids=("use1-az1",), principal_arn="arn:aws:iam::111122223334:root")
    error = await refusal(RemovalRefused, world.steps.check_removal, a_removal(platform=wrong))
    (finding,) = error.details_model.findings
    assert (FindingType.FOREIGN_ENDPOINT, connection["vpc_endpoint_id"]) == (finding.type, finding.resource)
    assert CONSUMER in finding.next_step
    right = ConsolePlatform(mode="console", az_ids=("use1-az1",), principal_arn=PRINCIPAL)
    facts = await attempt(world.steps.check_removal, a_removal(platform=right))
    assert spec.endpoint_service.service_id in facts.ids


async def test_a_target_group_that_a_foreign_load_balancer_uses_refuses_a_delete(world: World) -> None:
    """AWS would refuse its deletion at the last step, when the rest of the link is gone."""
    group = await world.provider.make_target_group()
    elb = world.provider.client("elbv2")
    made = elb.create_load_balancer(
        Name="theirs", Type="network", Scheme="internal", Subnets=list(world.provider.subnets.values())
    )
    theirs = made["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group.arn}]
    elb.create_listener(LoadBalancerArn=theirs, Protocol="TCP", Port=3306, DefaultActions=forward)
    assert [(FindingType.IN_USE_BY_OTHERS, group.arn)] == await found(world.steps.check_removal, a_removal())
