"""The control path: books, reset, durations and faults, and what it answers to a bad call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.conftest import PROVIDER, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def test_the_books_hold_what_is_alive(aws: Aws) -> None:
    """Account and region first; what is seeded is in it only when asked for."""
    assert {} == aws.sandbox.books()["aws"]
    aws.target_group()
    page = aws.sandbox.books()["aws"][PROVIDER]["us-east-1"]
    assert ["orders"] == [one["name"] for one in page["target_groups"]]
    everything = aws.control.get("/books", params={"all": 1}).json()["aws"]
    assert aws.seed["albs"] == [one["arn"] for one in everything[PROVIDER]["us-east-1"]["load_balancers"]]


def test_the_books_do_not_hold_what_is_only_listed(aws: Aws) -> None:
    """A `Deleted` endpoint service is described by AWS for a while, but nothing is left of it."""
    service = aws.endpoint_service()
    aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])
    aws.later(20)
    assert "Deleted" == aws.service_state(service)
    assert [] == aws.sandbox.books()["aws"][PROVIDER]["us-east-1"]["endpoint_services"]


def test_the_books_show_both_ends_of_a_connection(aws: Aws) -> None:
    """The provider's page has the connection, the consumer's the VPC endpoint."""
    endpoint = aws.vpc_endpoint(aws.endpoint_service())
    books = aws.sandbox.books()["aws"]
    connections = books[PROVIDER]["us-east-1"]["endpoint_connections"]
    assert [(endpoint, "pendingAcceptance")] == [(one["vpc_endpoint_id"], one["state"]) for one in connections]
    assert [endpoint] == [one["id"] for one in books["111122223333"]["us-east-1"]["vpc_endpoints"]]


def test_the_books_show_what_a_packet_finds_behind_an_endpoint(aws: Aws) -> None:
    """The targets of each port and their health; nothing before the connection is available, or the way broken."""
    balancer, group = aws.load_balancer(), aws.target_group()
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.1.15"}, {"Id": "10.0.1.99"}])
    aws.listener(balancer, group)
    aws.listener(balancer, aws.target_group("empty"), port=3307)
    aws.later(600)
    service = aws.endpoint_service(balancer)
    endpoint = aws.vpc_endpoint(service)
    assert "packets" not in aws.sandbox.books()
    aws.ec2.accept_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[endpoint])
    aws.later(600)
    targets = {"10.0.1.15:3306": "healthy", "10.0.1.99:3306": "unhealthy"}
    assert {endpoint: {"3306": targets, "3307": {}}} == aws.sandbox.books()["packets"]
    assert {endpoint: {"3306": True, "3307": False}} == aws.control.get("/packets").json()
    for listener in aws.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]:
        aws.elbv2.delete_listener(ListenerArn=listener["ListenerArn"])
    assert {endpoint: {}} == aws.sandbox.books()["packets"]
    aws.ec2.reject_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[endpoint])
    aws.later(600)
    assert "packets" not in aws.sandbox.books()


def test_a_reset_brings_everything_back(aws: Aws) -> None:
    """Things, network, faults, calls, durations, quotas and the speed."""
    aws.target_group()
    aws.ec2.stop_instances(InstanceIds=aws.seed["instances"])
    aws.sandbox.fault("DescribeVpcs", "throttle")
    aws.sandbox.durations(load_balancer_active=1)
    aws.set_quotas(load_balancers_per_region=1)
    before = aws.control.get("/books", params={"all": 1}).json()
    aws.sandbox.reset()
    after = aws.control.get("/books", params={"all": 1}).json()
    assert before["aws"] != after["aws"]
    assert {} == aws.sandbox.books()["aws"]
    states = aws.ec2.describe_instances()["Reservations"]
    assert {"running"} == {one["State"]["Name"] for reservation in states for one in reservation["Instances"]}
    assert [] == aws.control.get("/faults").json()
    assert 150 == aws.control.get("/durations").json()["load_balancer_active"]
    assert 50 == aws.control.get("/quotas").json()["load_balancers_per_region"]
    assert aws.sandbox.env["PRIVATELINK_PACE"] == f"{aws.control.get('/clock').json()['speed']:g}"


def test_a_duration_holds_for_what_begins_after(aws: Aws) -> None:
    """What is under way keeps the time it had."""
    first = aws.load_balancer("first")
    aws.sandbox.durations(load_balancer_active=10)
    second = aws.load_balancer("second")
    aws.later(10)
    found = aws.elbv2.describe_load_balancers(LoadBalancerArns=[first, second])["LoadBalancers"]
    assert {"first": "provisioning", "second": "active"} == {
        one["LoadBalancerName"]: one["State"]["Code"] for one in found
    }


def test_faults_are_planned_listed_and_dropped(aws: Aws) -> None:
    """One object or a list; each says how often it hit."""
    one = {"action": "DescribeVpcs", "kind": "throttle", "times": None}
    assert aws.control.post("/faults", json=[one, one | {"action": "DescribeSubnets"}]).is_success
    refused(aws.ec2.describe_vpcs)
    assert [("DescribeVpcs", 1), ("DescribeSubnets", 0)] == [
        (fault["action"], fault["hits"]) for fault in aws.control.get("/faults").json()
    ]
    assert aws.control.delete("/faults").is_success
    aws.ec2.describe_vpcs()


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/faults", {"action": "CreateLoadBalancers", "kind": "throttle"}, "CreateLoadBalancer"),
        ("POST", "/faults", {"action": "DescribeVpcs", "kind": "stuck"}, "what can"),
        ("POST", "/faults", {"action": "DescribeVpcs", "kind": "explode"}, "explode"),
        ("PUT", "/durations", {"nonsense": 1}, "nonsense"),
        ("PUT", "/durations", {"load_balancer_active": -1}, "load_balancer_active"),
        ("PUT", "/durations", [], "JSON object"),
        ("PUT", "/quotas", {"load_balancers": 1}, "load_balancers"),
        ("PUT", "/quotas", {"load_balancers_per_region": -1}, "load_balancers_per_region"),
        ("PUT", "/clock", {"speed": 0}, "greater than 0"),
        ("PUT", "/clock", {"speed": "fast"}, "speed"),
        ("PUT", "/clock", {"pace": 2}, "pace"),
    ],
)
def test_a_bad_control_call_is_refused_with_a_sentence(
    aws: Aws, method: str, path: str, body: object, says: str
) -> None:
    """HTTP 400, and what would be right."""
    answer = aws.control.request(method, path, json=body)
    assert 400 == answer.status_code
    assert says in answer.text


def test_an_unknown_control_path_is_not_found(aws: Aws) -> None:
    """HTTP 404, with the paths that exist."""
    answer = aws.control.get("/nonsense")
    assert 404 == answer.status_code
    assert "books, reset, faults" in answer.text
