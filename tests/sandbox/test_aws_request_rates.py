"""Request rates: AWS's token buckets, when the quota `request_rates` says that they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import EMQX, EMQX_ROOT, PROVIDER, STANDSTILL, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Aws

ABSENT = "vpce-svc-0123456789abcdef0"
NOT_FOUND = ("InvalidVpcEndpointServiceId.NotFound", 400)
THROTTLED = ("RequestLimitExceeded", 503)


def served(call: Callable[[], object]) -> int:
    """How many calls in a row are not throttled; each is refused for another reason."""
    count = 0
    while refused(call) != THROTTLED:
        count += 1
    return count


def decide(aws: Aws, how: str) -> None:
    """Accept or reject at a service that does not exist."""
    call: Any = getattr(aws.ec2, f"{how}_vpc_endpoint_connections")
    call(ServiceId=ABSENT, VpcEndpointIds=["vpce-0123456789abcdef0"])


@pytest.fixture
def throttling(aws: Aws) -> Aws:
    """A fresh sandbox that throttles."""
    aws.set_quotas(request_rates=True)
    return aws


def test_nothing_is_throttled_unless_asked_for(aws: Aws) -> None:
    """Most tests are about other things."""
    assert {NOT_FOUND} == {refused(lambda: decide(aws, "accept")) for _ in range(60)}


def test_each_call_about_endpoint_services_has_ten_and_gets_one_a_second(throttling: Aws) -> None:
    """EC2 API, "Request throttling": 10, refilled by 1 a second, for each action apart."""
    assert 10 == served(lambda: decide(throttling, "accept"))
    assert 10 == served(lambda: decide(throttling, "reject"))
    throttling.later(3)
    assert 3 == served(lambda: decide(throttling, "accept"))
    throttling.later(1000)
    assert 10 == served(lambda: decide(throttling, "accept"))


def test_a_consumer_makes_four_endpoints_and_then_three_in_ten_seconds(throttling: Aws) -> None:
    """EC2 API, "Request throttling", CreateVpcEndpoint: 4, refilled by 0.3 a second."""
    absent = {"ServiceName": f"com.amazonaws.vpce.us-east-1.{ABSENT}"}
    assert 4 == served(lambda: throttling.vpc_endpoint(absent))
    throttling.later(10)
    assert 3 == served(lambda: throttling.vpc_endpoint(absent))


def test_what_ec2_does_not_list_has_the_default_of_writes(throttling: Aws) -> None:
    """EC2 API, "Request throttling", mutating actions: 50; ModifyVpcEndpointServicePermissions is one."""
    modify = throttling.ec2.modify_vpc_endpoint_service_permissions
    assert 50 == served(lambda: modify(ServiceId=ABSENT, AddAllowedPrincipals=[EMQX_ROOT]))


def test_reads_of_ec2_have_a_hundred_in_each_account_and_region(throttling: Aws) -> None:
    """EC2 API, "Request throttling": describe actions have 100, per account and Region."""
    for _ in range(100):
        throttling.ec2.describe_vpcs()
    assert THROTTLED == refused(throttling.ec2.describe_vpcs)
    throttling.ec2.describe_subnets()
    throttling.ec2_of(EMQX).describe_vpcs()
    throttling.ec2_of(PROVIDER, "eu-west-1").describe_vpcs()


def test_all_reads_of_elb_share_forty(throttling: Aws) -> None:
    """ELB user guide, "API throttling": one bucket of 40 for what does not mutate, refilled by 10 a second."""
    for _ in range(20):
        throttling.elbv2.describe_load_balancers()
        throttling.elbv2.describe_target_groups()
    assert ("ThrottlingException", 400) == refused(throttling.elbv2.describe_load_balancers)
    throttling.later(1)
    for _ in range(10):
        throttling.elbv2.describe_target_groups()
    assert ("ThrottlingException", 400) == refused(throttling.elbv2.describe_target_groups)


def test_a_throttled_call_changes_nothing_and_a_reset_fills_the_buckets(throttling: Aws) -> None:
    """The effect comes with the call that is served."""
    service = throttling.endpoint_service()
    endpoints = [throttling.vpc_endpoint(service) for _ in range(4)]
    assert THROTTLED == refused(lambda: throttling.vpc_endpoint(service))
    found = throttling.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    assert set(endpoints) == {one["VpcEndpointId"] for one in found}
    throttling.sandbox.reset()
    throttling.set_clock(speed=STANDSTILL)
    throttling.set_quotas(request_rates=True)
    assert 4 == served(lambda: throttling.vpc_endpoint(service))
