"""The table of EMQX's fields, and what is read out of them."""

from datetime import UTC, datetime

import pytest

from clouds.emqx.errors import Call
from clouds.emqx.http import read_as
from clouds.emqx.wire import CONNECTORS_SHAPE, PRIVATE_LINK_SHAPE, ConnectorRow, PrivateLinkRow, PrivateLinkState
from privatelink.errors import UnknownCloudError
from privatelink.model.names import Link, Place, description

LINK = Link(deployment="w41b11c0", name="orders-db")
PLACE = Place(account="210987654321", region="us-east-1", mode="api")
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8"


def row_of(**fields: object) -> PrivateLinkRow:
    """A row as the platform answers it."""
    return PRIVATE_LINK_SHAPE.validate_python({"privatelinkID": "pl3f9c21", **fields})


def connector_of(**fields: object) -> ConnectorRow:
    """A connector as the deployment's API answers it."""
    (connector,) = CONNECTORS_SHAPE.validate_python([{"type": "mysql", "name": "orders", **fields}])
    return connector


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("running", PrivateLinkState.RUNNING),
        ("Running", PrivateLinkState.RUNNING),
        ("FAILED", PrivateLinkState.FAILED),
        ("terminated", PrivateLinkState.TERMINATED),
        ("pending", PrivateLinkState.MOVING),
        ("provisioning", PrivateLinkState.MOVING),
        ("", PrivateLinkState.MOVING),
        (None, PrivateLinkState.MOVING),
    ],
)
def test_a_status_that_nobody_knows_is_moving(status: str | None, state: PrivateLinkState) -> None:
    """Only running, failed and terminated end a wait."""
    assert row_of(status=status).state is state


def test_optional_fields_may_be_missing_or_null() -> None:
    """EMQX's answers leave fields out; the one that makes the accept exact is optional."""
    for row in (row_of(), row_of(vpcEndpointID=None, reason=None, address=None, description=None)):
        assert (row.vpc_endpoint_id, row.address, row.description) == ("", "", "")
        assert row.why == "the platform gives no reason"


def test_an_answer_of_another_form_is_loud_and_names_fields_only() -> None:
    """What the table does not describe must not pass as empty, and no value of it may show."""
    call = Call("listing the connectors of", "w41b11c0", "the API", "KEY")
    with pytest.raises(UnknownCloudError, match=r": 0\.name, 1; ") as unknown:
        read_as(CONNECTORS_SHAPE, [{"type": "mysql", "secret": "hunter2"}, "hunter2"], call)
    assert "hunter2" not in f"{unknown.value} {unknown.value.__cause__}"


def test_a_privatelink_is_ours_by_its_description() -> None:
    """One of another link, or of a person, proves nothing."""
    assert row_of(description=description(LINK, "s1")).is_of(LINK)
    assert row_of(description=description(LINK, "s1")).saga_id == "s1"
    assert row_of(description=description(LINK, "s1", PLACE)).place == PLACE
    assert row_of(description=description(LINK, "s1")).place is None
    assert not row_of(serviceName=SERVICE, description="made by hand").is_of(LINK)
    other = Link(deployment="w41b11c0", name="orders-db2")
    assert not row_of(description=description(other, "s1")).is_of(LINK)


def test_createat_has_no_zone_so_it_counts_from_the_earliest_that_it_can_mean() -> None:
    """A connection must never look older than the PrivateLink that asked for it."""
    assert row_of(createAt="2026-08-11 03:20").earliest_creation == datetime(2026, 8, 10, 13, 20, tzinfo=UTC)
    assert row_of(createAt="soon").earliest_creation == datetime.fromtimestamp(0, UTC)


def test_a_connector_shows_its_dependants_and_its_owner() -> None:
    """Whoever reads a refusal must know what to delete first."""
    (connector,) = CONNECTORS_SHAPE.validate_python(
        [
            {
                "type": "mysql",
                "name": "orders",
                "description": description(LINK, "s1"),
                "actions": ["write"],
                "sources": ["read"],
                "node_status": None,
            }
        ]
    )
    assert connector.id == "mysql:orders"
    assert connector.dependants == ("action write", "source read")
    assert (connector.is_of(LINK), connector.saga_id) == (True, "s1")


@pytest.mark.parametrize(
    "text",
    ["vpce-1.example.com:3306", "http://vpce-1.example.com/x", "a:1, VPCE-1.Example.com:2", "vpce-1.example.com."],
)
def test_a_connector_that_dials_the_address_is_found(text: str) -> None:
    """In any field, in any spelling of the host."""
    assert connector_of(parameters={"servers": ["x", {"y": text}]}).dials("vpce-1.example.com")


@pytest.mark.parametrize(
    "text", ["a-vpce-1.example.com", "vpce-1.example.com.cn", "vpce-1.example", "vpce-1xexample.com"]
)
def test_a_connector_that_dials_another_host_is_not(text: str) -> None:
    """A longer name is another host."""
    assert not connector_of(server=text, port=1, none=None).dials("vpce-1.example.com")
