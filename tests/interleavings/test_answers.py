"""The law of true answers can fail: it finds each kind of untrue ending, but not the true one beside it."""

from typing import Any

import pytest

from privatelink.errors import Cancelled, Leftover, NameTaken, Outcome, RemovalRefused, RollbackIncomplete, StepFailed
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_SAGA, Link, Place, aws_name, description
from privatelink.model.result import DeleteResult, PrivateLinkResult
from tests.support.answers import Ending, SagaAnswer, falsehoods
from tests.support.belongings import Known, everything_of

LINK = Link(deployment="w41b11c0", name="orders")
HERE = Place(account="210987654321", region="us-east-1", mode="api")
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-1"
RUNNING = PrivateLinkResult(
    link=str(LINK),
    address="one.example.com",
    service_name=SERVICE,
    service_id="vpce-svc-1",
    load_balancer_arn="arn:lb",
    target_group_arns=("arn:tg",),
    vpc_endpoint_id="vpce-1",
    private_link_id="pl1",
    connector="mysql:orders",
)
DELETED = DeleteResult(link=str(LINK), status="deleted")
EMPTY: dict[str, Any] = {"aws": {}, "platform": {}, "connectors": {}}


def known() -> Known:
    """The link as its callers know it."""
    return Known(LINK, (3306,), "mysql:orders", targets={3306: ("10.0.1.15", "10.0.2.15")})


def books(*, region: str = "us-east-1", tags: dict[str, str] | None = None, says: str | None = None) -> dict[str, Any]:
    """The books of a running link, in some region, optionally with other tags or descriptions."""
    tags = {TAG_LINK: str(LINK), TAG_SAGA: "saga-1"} if tags is None else tags
    says = description(LINK, "saga-1", HERE) if says is None else says
    page = {
        "load_balancers": [{"arn": "arn:lb", "name": aws_name(LINK), "tags": tags}],
        "target_groups": [{"arn": "arn:tg", "name": aws_name(LINK, 3306), "tags": tags}],
        "listeners": [{"arn": "arn:listener", "port": 3306, "load_balancer_arn": "arn:lb", "tags": tags}],
        "endpoint_services": [
            {"id": "vpce-svc-1", "name": SERVICE, "tags": tags, "load_balancer_arns": ["arn:lb"]},
        ],
        "endpoint_connections": [{"vpc_endpoint_id": "vpce-1", "service_id": "vpce-svc-1", "state": "available"}],
    }
    row = {"privatelinkID": "pl1", "serviceName": SERVICE, "description": says, "status": "running"}
    row |= {"address": "one.example.com", "vpcEndpointID": "vpce-1"}
    return {
        "packets": {"vpce-1": {"3306": {"10.0.1.15:3306": "healthy", "10.0.2.15:3306": "healthy"}}},
        "aws": {HERE.account: {region: page}},
        "platform": {"w41b11c0": [row]},
        "connectors": {"w41b11c0": [{"type": "mysql", "name": "orders", "description": says}]},
    }


def told(answer: SagaAnswer, page: dict[str, Any], *, operation: Any = "create", saga: str = "saga-1") -> list[str]:  # noqa: ANN401
    """What is not true of the ending."""
    return falsehoods(Ending(answer, saga, operation), page, known())


def test_a_true_ending_is_no_falsehood() -> None:
    """It says running while the link runs, and deleted when nothing is there."""
    assert told(RUNNING, books()) == []
    assert told(DELETED, EMPTY, operation="delete") == []


@pytest.mark.parametrize(
    "page", [books(), books(region="eu-west-1"), books(tags={}), books(tags={}, says="somebody's")]
)
def test_deleted_is_said_only_where_nothing_is_left_anywhere(page: dict[str, Any]) -> None:
    """Not in any region, nor under other tags or descriptions."""
    [one] = told(DELETED, page, operation="delete")
    assert "load balancer arn:lb" in one
    assert "PrivateLink pl1" in one
    assert "connector mysql:orders" in one


def test_a_private_link_is_the_links_also_when_its_service_is_gone() -> None:
    """A row with an edited description is identified by the service that it led to."""
    mine, page = known(), books(says="somebody's")
    everything_of(page, mine)
    assert "pl1" in everything_of(page | {"aws": {}}, mine)


@pytest.mark.parametrize("service", ["vpce-svc-1", "vpce-svc-of-nobody"])
def test_at_a_console_a_private_link_is_seen_by_its_endpoint_at_a_service_that_is_there(service: str) -> None:
    """Only a person sees its row once AWS only has the rejected connection of a service that is gone."""
    by_console, page = Known(LINK, (3306,), by_console=True), books()
    [connection] = page["aws"][HERE.account]["us-east-1"]["endpoint_connections"]
    page["platform"]["w41b11c0"][0]["vpcEndpointID"] = connection["vpc_endpoint_id"]
    is_there = connection["service_id"] == service
    connection["service_id"] = service
    assert ("pl1" in everything_of(page, by_console)) is is_there


@pytest.mark.parametrize("gone", ["load_balancers", "target_groups", "endpoint_services", "endpoint_connections"])
def test_running_is_said_only_of_what_is_there(gone: str) -> None:
    """Each thing that the result names, and the connection behind its address."""
    page = books()
    page["aws"][HERE.account]["us-east-1"][gone] = []
    assert told(RUNNING, page)


def test_running_is_said_of_one_link_only() -> None:
    """A second load balancer of the link, in another region, is not overlooked."""
    page, other = books(), books(region="eu-west-1")
    other["aws"][HERE.account]["eu-west-1"]["load_balancers"][0]["arn"] = "arn:second"
    page["aws"][HERE.account] |= other["aws"][HERE.account]
    assert any("arn:second" in one for one in told(RUNNING, page))


def test_running_is_said_only_with_the_platforms_word_and_address() -> None:
    """The platform must show the address that was given."""
    page = books()
    page["platform"]["w41b11c0"][0]["status"] = "failed"
    assert told(RUNNING, page)
    # A person at a console confirms one of the endpoint's own names, not another endpoint's.
    by_console = Known(LINK, (3306,), "mysql:orders", by_console=True)
    for name, true in (("vpce-1-zone.example.com", True), ("vpce-10-zone.example.com", False)):
        answer = RUNNING.model_copy(update={"address": name})
        page = books()
        page["platform"]["w41b11c0"][0]["vpcEndpointID"] = "vpce-1"
        assert (falsehoods(Ending(answer, "saga-1", "create"), page, by_console) == []) is true
        assert told(answer, page)


@pytest.mark.parametrize(
    "ports",
    [
        {},
        {"3307": {"10.0.1.15:3306": "healthy", "10.0.2.15:3306": "healthy"}},
        {"3306": {}},
        {"3306": {"10.0.1.15:3306": "healthy"}},
        {"3306": {"10.0.1.15:3306": "healthy", "10.0.2.15:3306": "draining"}},
        {"3306": {"10.0.1.15:3306": "healthy", "10.0.2.15:3306": "healthy", "10.0.1.99:3306": "unhealthy"}},
    ],
)
def test_running_is_said_only_of_what_works(ports: dict[str, dict[str, str]]) -> None:
    """Each port must have its targets, all of them healthy."""
    assert told(RUNNING, books() | {"packets": {"vpce-1": ports}})


def test_a_target_that_is_being_let_go_hides_nobody() -> None:
    """A target of an earlier create, which AWS lists until it is drained."""
    page = books()
    page["packets"]["vpce-1"]["3306"]["10.0.1.99:3306"] = "draining"
    assert told(RUNNING, page) == []


def test_rolled_back_is_said_only_where_nothing_of_it_is_left() -> None:
    """What an earlier create completed may stay; a cancelled delete must leave nothing."""
    error = StepFailed("it failed", outcome=Outcome.ROLLED_BACK)
    assert told(error, books())
    assert told(error, EMPTY) == []
    complete = everything_of(books(), known()).keys()
    assert falsehoods(Ending(error, "saga-2", "create", frozenset(complete)), books(), known()) == []
    tagged = books(tags={TAG_LINK: str(LINK), TAG_COMPLETE: "true"}) | {"platform": {}, "connectors": {}}
    assert told(error, tagged) == []
    assert told(Cancelled("cancelled", outcome=Outcome.ROLLED_BACK), tagged, operation="delete")
    with_platform = tagged | {"platform": books()["platform"]}
    assert "PrivateLink pl1" in told(error, with_platform, saga="saga-1")[0]
    assert told(error, with_platform, saga="saga-2") == []


def test_what_has_taken_the_name_may_stay_where_the_error_names_it_and_nothing_else_may() -> None:
    """The error names it by its ID, or by that name."""

    def rolled_back(resource: str, page: dict[str, Any]) -> list[str]:
        return told(NameTaken("it is there", resource=resource, outcome=Outcome.ROLLED_BACK), page)

    connector = books(says="somebody's") | {"aws": {}, "platform": {}}
    assert rolled_back("mysql:orders", connector) == []
    assert rolled_back("mysql:other", connector)
    page = books(tags={})["aws"][HERE.account]["us-east-1"]
    alone = {kind: things if kind == "load_balancers" else [] for kind, things in page.items()}
    balancer = EMPTY | {"aws": {HERE.account: {"us-east-1": alone}}}
    assert rolled_back(aws_name(LINK), balancer) == []
    assert rolled_back("arn:lb", balancer) == []
    assert "target group" in rolled_back(aws_name(LINK), books(tags={}))[0]


def test_refused_is_said_only_where_the_saga_made_nothing() -> None:
    """A thing has the ID of the saga that made it."""
    error = RemovalRefused("in use", outcome=Outcome.REFUSED)
    assert told(error, books())
    assert told(error, books(), saga="saga-2") == []


def test_what_is_left_is_listed() -> None:
    """Each thing is listed by its ID, or reported as not checked."""
    ids = everything_of(books(), known())
    every = tuple(Leftover(kind="thing", id=id_, reason="") for id_ in ids)

    def error(*leftovers: Leftover) -> RollbackIncomplete:
        return RollbackIncomplete("it failed", leftovers=leftovers, outcome=Outcome.INCOMPLETE)

    assert told(error(*every), books()) == []
    assert "does not list" in told(error(*every[1:]), books())[0]
    assert told(error(Leftover(kind="unknown", id="w41b11c0", reason="401")), books()) == []
