"""Other people's look-alikes: none is adopted, accepted, rejected or deleted, and what is in the way is named."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from privatelink import PrivateLinkRequest
from privatelink.errors import (
    FindingType,
    NameTaken,
    PrivateLinkError,
    RemovalRefused,
    RequestRefused,
    RollbackIncomplete,
)
from privatelink.model.names import TAG_LINK, TAG_MANAGED_BY, Link, aws_name, description
from tests.chaos.foreign_clients import CONSUMER, ForeignClients, Ids
from tests.chaos.foreign_things import OTHER_LINK, ForeignThings, foreign_in
from tests.support.deadlines import SetDeadlines
from tests.support.laws import counts, of_link
from tests.support.requests import full_request
from tests.support.world import World

LINK = Link(deployment="w41b11c0", name="orders-db")
OTHERS_TAGS = {TAG_LINK: OTHER_LINK, TAG_MANAGED_BY: "privatelink-orchestrator"}
FOREIGN_ACCOUNT = "410987654321"


@pytest.fixture
def clients(world: World) -> Iterator[ForeignClients]:
    """Other people's clients."""
    opened = ForeignClients(world.sandbox)
    yield opened
    opened.close()


@pytest.fixture
def foreign_things(world: World, clients: ForeignClients) -> ForeignThings:
    """What makes look-alikes."""
    return ForeignThings(world.sandbox, clients)


@pytest.fixture
def short_removal(set_deadlines: SetDeadlines) -> None:
    """A removal that nothing can mend is given up after half a minute of our clock."""
    set_deadlines(removal=30)


def _request(world: World, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - as a caller writes them
    listeners = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
    return full_request(world.sandbox, listeners=listeners, **changes)


async def _fails(world: World, **changes: Any) -> PrivateLinkError:  # noqa: ANN401 - as a caller writes them
    with pytest.raises(PrivateLinkError) as caught:
        await world.links.create(_request(world, **changes))
    return caught.value


def _at(world: World, step: str, do: Callable[[], object]) -> None:
    """Let somebody else act once, right after a step of ours."""
    done = False

    async def act() -> None:
        nonlocal done
        if not done:
            done = True
            await asyncio.to_thread(do)

    world.faults.at(LINK.workflow_id, step, "after", act)


def _ids(world: World) -> Ids:
    return Ids.of(world.sandbox.books(), str(LINK))


def _service_name(world: World) -> str:
    return str(of_link(world.sandbox.books(), str(LINK))["endpoint_services"][0]["name"])


def _connection_states(world: World) -> dict[str, str]:
    connections = of_link(world.sandbox.books(), str(LINK)).get("endpoint_connections", [])
    return {one["vpc_endpoint_id"]: one["state"] for one in connections}


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never came to hold")


@pytest.mark.parametrize("tags", [{}, OTHERS_TAGS], ids=["untagged", "tagged for another link"])
async def test_names_that_others_have_are_refused_by_name_before_anything_is_made(
    world: World, foreign_things: ForeignThings, tags: dict[str, str]
) -> None:
    """The load balancer, the target group and the connector are each named; not one is touched."""
    name = aws_name(LINK)
    group = foreign_things.target_group(aws_name(LINK, 3306), tags)
    foreign_things.listener(foreign_things.load_balancer(name, tags), group)
    connector = foreign_things.connector("orders-db")
    before = world.sandbox.books()

    error = await _fails(world)

    assert isinstance(error, RequestRefused)
    taken = {one.resource for one in error.details_model.findings if one.type == FindingType.NAME_TAKEN}
    assert {name, aws_name(LINK, 3306), connector} == taken
    assert before == world.sandbox.books()


@pytest.mark.parametrize("kind", ["load balancer", "target group", "connector"])
async def test_a_name_taken_after_the_checks_is_never_adopted_nor_rolled_back(
    world: World, foreign_things: ForeignThings, kind: str
) -> None:
    """Whoever takes the name between our check and our step keeps the thing; ours is rolled back."""
    takes: dict[str, tuple[str, Callable[[], str], str]] = {
        "load balancer": ("check-provider", lambda: foreign_things.load_balancer(aws_name(LINK), {}), aws_name(LINK)),
        "target group": (
            "check-provider",
            lambda: foreign_things.target_group(aws_name(LINK, 3306), OTHERS_TAGS),
            aws_name(LINK, 3306),
        ),
        "connector": ("wait-for-private-link", lambda: foreign_things.connector("orders-db"), "mysql:orders-db"),
    }
    step, take, taken = takes[kind]
    foreign_before: dict[str, Any] = {}

    def act() -> None:
        take()
        foreign_before.update(foreign_in(world.sandbox.books(), {str(LINK)}))

    _at(world, step, act)
    error = await _fails(world)

    assert isinstance(error, NameTaken)
    assert taken in error.details_model.resource
    assert {} == counts(world.sandbox.books(), str(LINK))
    assert foreign_before == foreign_in(world.sandbox.books(), {str(LINK)})


async def test_only_the_links_own_connection_is_accepted_and_a_foreign_principal_is_removed(
    world: World, foreign_things: ForeignThings, clients: ForeignClients
) -> None:
    """Beside ours wait one of the right account that is not ours, and one of a third account that somebody allowed.

    The same create again allows exactly the deployment's principal. A delete is refused and names both endpoints; when
    they are gone it works.
    """
    foreign: list[str] = []
    principal = f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"

    def come() -> None:
        foreign_things.allow(_ids(world).service_id, principal)
        foreign.append(foreign_things.vpc_endpoint(_service_name(world), CONSUMER))
        foreign.append(foreign_things.vpc_endpoint(_service_name(world), FOREIGN_ACCOUNT))

    _at(world, "add-allowed-principal", come)
    result = await world.links.create(_request(world))

    waiting = dict.fromkeys(foreign, "pendingAcceptance")
    assert {result.vpc_endpoint_id: "available"} | waiting == _connection_states(world)
    service = of_link(world.sandbox.books(), str(LINK))["endpoint_services"][0]
    assert principal in service["principals"]
    await world.links.create(_request(world))
    service = of_link(world.sandbox.books(), str(LINK))["endpoint_services"][0]
    assert principal not in service["principals"]
    assert len(service["principals"]) == 1
    assert {result.vpc_endpoint_id: "available"} | waiting == _connection_states(world)

    before = world.sandbox.books()
    with pytest.raises(RemovalRefused) as caught:
        await world.links.delete(str(LINK))
    findings = caught.value.details_model.findings
    assert set(foreign) == {one.resource for one in findings if one.type == FindingType.FOREIGN_ENDPOINT}
    assert before == world.sandbox.books()

    clients.consumer.delete_vpc_endpoints(VpcEndpointIds=foreign[:1])
    clients.aws("ec2", FOREIGN_ACCOUNT).delete_vpc_endpoints(VpcEndpointIds=foreign[1:])
    await world.links.delete(str(LINK))
    assert {} == counts(world.sandbox.books(), str(LINK))


@pytest.mark.usefixtures("short_removal")
@pytest.mark.chaos
async def test_where_nobody_can_tell_whose_a_connection_is_none_is_accepted_or_rejected(
    world: World, foreign_things: ForeignThings, clients: ForeignClients
) -> None:
    """Two of the right account, the platform names neither, and the request says that no person shall be asked.

    Both are named, and the foreign one is left in peace.

    The rollback then lists the endpoint service under it, and a delete finishes once its owner has taken it away.
    """
    world.sandbox.quirk("withhold_vpc_endpoint_id", True)  # noqa: FBT003 - what the control path takes
    foreign: list[str] = []
    _at(world, "create-private-link", lambda: foreign.append(foreign_things.vpc_endpoint(_service_name(world))))
    accepted_before = _decisions(world)

    error = await _fails(world, approval=False)

    assert isinstance(error, RollbackIncomplete)
    assert "finding out which endpoint connection is this PrivateLink's" in str(error)
    listed = {left.kind: left for left in error.details_model.leftovers}
    assert foreign == [listed["endpoint connection"].id]
    assert foreign[0] in listed["endpoint service"].reason
    assert {foreign[0]: "pendingAcceptance"} == _connection_states(world)
    assert accepted_before == _decisions(world)

    clients.consumer.delete_vpc_endpoints(VpcEndpointIds=foreign)
    await world.links.delete(_request(world))
    assert {} == counts(world.sandbox.books(), str(LINK))


def _decisions(world: World) -> list[str]:
    words = {"AcceptVpcEndpointConnections", "RejectVpcEndpointConnections"}
    return [call["action"] for call in world.sandbox.calls() if call["action"] in words]


@pytest.mark.usefixtures("short_removal")
@pytest.mark.chaos
async def test_an_endpoint_service_of_others_over_our_load_balancer_is_named_and_left(
    world: World, foreign_things: ForeignThings, clients: ForeignClients
) -> None:
    """AWS lets a load balancer belong to one endpoint service only, so theirs blocks ours, and blocks the rollback."""
    made: list[str] = []
    _at(
        world,
        "wait-for-load-balancer",
        lambda: made.append(foreign_things.endpoint_service(_ids(world).load_balancer_arn, OTHERS_TAGS)),
    )
    error = await _fails(world)

    assert isinstance(error, RollbackIncomplete)
    assert made[0] in str(error)
    load_balancer, service = error.details_model.leftovers
    assert (service.kind, service.id) == ("endpoint service", made[0])
    assert "carries the tag of link" in service.reason
    assert load_balancer.kind == "load balancer"
    assert "currently associated with another service" in load_balancer.reason
    services = foreign_in(world.sandbox.books(), {str(LINK)})
    assert any(made[0] in key for key in services)

    clients.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=made)
    await world.links.delete(_request(world))
    assert {} == counts(world.sandbox.books(), str(LINK))


@pytest.mark.usefixtures("short_removal")
async def test_a_private_link_of_another_link_to_our_service_is_named_and_never_deleted(
    world: World, foreign_things: ForeignThings, clients: ForeignClients
) -> None:
    """Its description says whose it is, though it leads to us: neither adopted, nor removed by rollback or delete."""
    made: list[str] = []
    other = description(Link.parse("w41b11c0/somebody-elses"), "0199-another")
    _at(
        world,
        "add-allowed-principal",
        lambda: made.append(foreign_things.private_link(_service_name(world), other)),
    )
    error = await _fails(world)

    assert "w41b11c0/somebody-elses leads to it" in str(error)
    assert made[0] in str(error)

    rows = world.sandbox.books()["platform"]["w41b11c0"]
    assert [made[0]] == [one["privatelinkID"] for one in rows if one["status"] != "terminated"]
    clients.platform.delete(f"/privatelinks/{made[0]}").raise_for_status()

    async def gone() -> bool:
        return not world.sandbox.books()["platform"]

    await _until(gone)
    await world.links.delete(_request(world))
    assert {} == counts(world.sandbox.books(), str(LINK))
