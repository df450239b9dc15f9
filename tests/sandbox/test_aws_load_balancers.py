"""Network load balancers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def state(aws: Aws, arn: str) -> str:
    """What DescribeLoadBalancers reads."""
    return aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"]


def test_arns_say_net(aws: Aws) -> None:
    """ELB user guide: loadbalancer/net/NAME/16 hex digits for an NLB."""
    shape = r"arn:aws:elasticloadbalancing:us-east-1:210987654321:loadbalancer/net/orders/[0-9a-f]{16}"
    assert re.fullmatch(shape, aws.load_balancer())


def test_a_new_load_balancer_is_provisioning_then_active(aws: Aws) -> None:
    """API_LoadBalancerState; reading it does not hurry it."""
    arn = aws.load_balancer()
    before = [state(aws, arn) for _ in range(3)]
    aws.later(150)
    assert [*["provisioning"] * 3, "active"] == [*before, state(aws, arn)]


@pytest.mark.parametrize(
    ("kind", "expected"), [("stuck", "provisioning"), ("failed", "failed"), ("impaired", "active_impaired")]
)
def test_a_fault_keeps_a_load_balancer_from_being_active(aws: Aws, kind: str, expected: str) -> None:
    """API_LoadBalancerState, Code; the faults `stuck`, `failed` and `impaired` of CreateLoadBalancer."""
    aws.sandbox.fault("CreateLoadBalancer", kind)
    arn = aws.load_balancer()
    aws.later(100_000)
    assert expected == state(aws, arn)


def test_the_same_settings_again_give_the_same_load_balancer(aws: Aws) -> None:
    """API_CreateLoadBalancer: "This operation is idempotent", whatever the order of the subnets."""
    assert aws.load_balancer("orders", "use1-az1", "use1-az2") == aws.load_balancer("orders", "use1-az2", "use1-az1")


def test_other_settings_under_the_name_are_refused(aws: Aws) -> None:
    """API_CreateLoadBalancer: DuplicateLoadBalancerName."""
    aws.load_balancer("orders", "use1-az1", "use1-az2")
    assert "DuplicateLoadBalancerName" == refused(lambda: aws.load_balancer("orders", "use1-az1", "use1-az4"))[0]


@pytest.mark.parametrize("name", ["a" * 33, "-orders", "orders-", "or_ders", "internal-orders"])
def test_a_bad_name_is_refused(aws: Aws, name: str) -> None:
    """API_CreateLoadBalancer, Name: 32 characters, alphanumeric or hyphens, no "internal-"."""
    assert ("ValidationError", 400) == refused(aws.load_balancer, name=name)


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (("use1-az1", "use1-az1-second"), "InvalidConfigurationRequest"),
        (("use1-az2", "other-vpc"), "InvalidConfigurationRequest"),
        (("use1-az2-tiny",), "InvalidSubnet"),
    ],
)
def test_subnets_that_do_not_go_together_are_refused(aws: Aws, keys: tuple[str, ...], code: str) -> None:
    """NLB user guide, Availability Zones: one subnet per zone, one VPC, eight free addresses."""
    assert (code, 400) == refused(lambda: aws.load_balancer("orders", *keys))


def test_an_absent_subnet_is_refused(aws: Aws) -> None:
    """API_CreateLoadBalancer: SubnetNotFound."""
    assert ("SubnetNotFound", 400) == refused(aws.load_balancer, Subnets=["subnet-0123456789abcdef0"])


def test_an_absent_security_group_and_an_unknown_scheme_are_refused(aws: Aws) -> None:
    """API_CreateLoadBalancer: InvalidSecurityGroup, InvalidScheme."""
    assert ("InvalidSecurityGroup", 400) == refused(aws.load_balancer, SecurityGroups=["sg-0123456789abcdef0"])
    assert ("InvalidScheme", 400) == refused(aws.load_balancer, Scheme="public")


def test_an_internet_facing_one_needs_an_internet_gateway(aws: Aws) -> None:
    """API_CreateLoadBalancer: internet-facing is the default, and the seeded VPC has no gateway."""
    wanted = {"Name": "orders", "Type": "network", "Subnets": [aws.subnet()]}
    assert ("InvalidSubnet", 400) == refused(aws.elbv2.create_load_balancer, **wanted)


@pytest.mark.parametrize("asked", [{"Names": ["orders", "absent"]}, {"LoadBalancerArns": ["arn:absent"]}])
def test_an_absent_load_balancer_is_not_found(aws: Aws, asked: dict[str, Any]) -> None:
    """API_DescribeLoadBalancers: LoadBalancerNotFound, also beside ones that exist."""
    aws.load_balancer()
    assert ("LoadBalancerNotFound", 400) == refused(aws.elbv2.describe_load_balancers, **asked)


def test_a_deleted_load_balancer_takes_its_listeners_at_once_and_goes_later(aws: Aws) -> None:
    """API_DeleteLoadBalancer: "also deletes its listeners"; deleting what is gone succeeds."""
    arn = aws.load_balancer()
    listener = aws.listener(arn, aws.target_group())
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert "ListenerNotFound" == refused(aws.elbv2.describe_listeners, ListenerArns=[listener])[0]
    assert "provisioning" == state(aws, arn)
    aws.later(30)
    assert "LoadBalancerNotFound" == refused(aws.elbv2.describe_load_balancers, LoadBalancerArns=[arn])[0]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


def test_a_load_balancer_in_deletion_is_not_given_to_a_new_creation(aws: Aws) -> None:
    """Its name is taken until it is gone."""
    aws.elbv2.delete_load_balancer(LoadBalancerArn=aws.load_balancer())
    assert "DuplicateLoadBalancerName" == refused(aws.load_balancer)[0]


def test_deletion_can_be_stuck(aws: Aws) -> None:
    """The fault `stuck` of DeleteLoadBalancer: accepted, and never done."""
    arn = aws.load_balancer()
    aws.sandbox.fault("DeleteLoadBalancer", "stuck")
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    aws.later(100_000)
    assert "active" == state(aws, arn)


def test_deletion_protection_protects(aws: Aws) -> None:
    """NLB user guide, Deletion protection: OperationNotPermitted."""
    arn = aws.load_balancer()
    protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)  # type: ignore[arg-type]
    assert ("OperationNotPermitted", 400) == refused(aws.elbv2.delete_load_balancer, LoadBalancerArn=arn)
    shown = aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    assert protect[0] in shown


def test_an_endpoint_service_keeps_its_load_balancer_until_it_is_deleted(aws: Aws) -> None:
    """API_DeleteLoadBalancer: ResourceInUse while associated with another service, also a `Deleting` one."""
    arn = aws.load_balancer()
    service = aws.endpoint_service(arn)
    assert ("ResourceInUse", 400) == refused(aws.elbv2.delete_load_balancer, LoadBalancerArn=arn)
    aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])
    assert ("ResourceInUse", 400) == refused(aws.elbv2.delete_load_balancer, LoadBalancerArn=arn)
    aws.later(20)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


def test_a_new_load_balancer_may_be_invisible_for_a_while(aws: Aws) -> None:
    """The fault `not_visible`: reads act as if it did not exist, a repeat of its creation finds it."""
    aws.sandbox.fault("CreateLoadBalancer", "not_visible", seconds=10)
    arn = aws.load_balancer()
    assert "LoadBalancerNotFound" == refused(aws.elbv2.describe_load_balancers, Names=["orders"])[0]
    assert "LoadBalancerNotFound" == refused(aws.elbv2.describe_tags, ResourceArns=[arn])[0]
    assert arn == aws.load_balancer()
    aws.later(10)
    assert "provisioning" == state(aws, arn)
