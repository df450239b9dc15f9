"""Quotas (NLB user guide, "Quotas for your Network Load Balancers"; PrivateLink guide, "AWS PrivateLink quotas")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def targets(count: int, address: str = "10.0.1.15") -> list[Any]:
    """So many targets in one zone: the same address on other ports."""
    return [{"Id": address, "Port": 1000 + number} for number in range(count)]


def in_use(aws: Aws, *, cross_zone: bool = False) -> str:
    """A target group that an NLB forwards to."""
    arn, balancer = aws.target_group(), aws.load_balancer()
    pairs: list[Any] = [{"Key": "load_balancing.cross_zone.enabled", "Value": str(cross_zone).lower()}]
    aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=pairs)
    aws.listener(balancer, arn)
    return arn


def test_the_quotas_are_aws_s_unless_set(aws: Aws) -> None:
    """The tables of both pages, column Default."""
    expected = {
        "load_balancers_per_region": 50,
        "target_groups_per_region": 3000,
        "targets_per_target_group": 1000,
        "targets_per_load_balancer": 3000,
        "targets_per_zone": 500,
        "interface_endpoints_per_vpc": 50,
        "request_rates": False,
    }
    assert expected == aws.control.get("/quotas").json()


def test_a_region_has_at_most_fifty_load_balancers(aws: Aws) -> None:
    """Network Load Balancers per Region, adjustable. API_CreateLoadBalancer: TooManyLoadBalancers."""
    arns = [aws.load_balancer(f"orders-{number}") for number in range(50)]
    assert ("TooManyLoadBalancers", 400) == refused(aws.load_balancer, name="one-more")
    assert arns[0] == aws.load_balancer("orders-0"), "what exists is given at the limit too"
    aws.set_quotas(load_balancers_per_region=51)
    aws.load_balancer("one-more")


def test_a_deleted_load_balancer_makes_room_when_it_is_gone(aws: Aws) -> None:
    """The quota is of load balancers that exist, Application Load Balancers apart: they have a quota of their own."""
    aws.set_quotas(load_balancers_per_region=1)
    arn = aws.load_balancer("first")
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert "TooManyLoadBalancers" == refused(aws.load_balancer, name="second")[0]
    aws.later(30)
    aws.load_balancer("second")


def test_a_load_balancer_has_at_most_fifty_listeners(aws: Aws) -> None:
    """Listeners per Network Load Balancer, not adjustable. API_CreateListener: TooManyListeners."""
    balancer, other, group = aws.load_balancer(), aws.load_balancer("other"), aws.target_group()
    arns = [aws.listener(balancer, group, port) for port in range(3306, 3356)]
    assert ("TooManyListeners", 400) == refused(lambda: aws.listener(balancer, group, 3356))
    assert arns[0] == aws.listener(balancer, group, 3306)
    aws.listener(other, aws.target_group("other"), 3356)
    aws.elbv2.delete_listener(ListenerArn=arns[0])
    aws.listener(balancer, group, 3356)


def test_a_region_has_so_many_target_groups(aws: Aws) -> None:
    """Target groups per Region, adjustable. API_CreateTargetGroup: TooManyTargetGroups."""
    aws.set_quotas(target_groups_per_region=2)
    first, second = aws.target_group("first"), aws.target_group("second")
    assert ("TooManyTargetGroups", 400) == refused(aws.target_group, name="third")
    assert first == aws.target_group("first")
    aws.elbv2.delete_target_group(TargetGroupArn=second)
    aws.target_group("third")


def test_a_target_group_has_at_most_a_thousand_targets(aws: Aws) -> None:
    """Targets per Target Group per Region, adjustable. API_RegisterTargets: TooManyTargets, and none is registered."""
    arn, register = aws.target_group(), aws.elbv2.register_targets
    register(TargetGroupArn=arn, Targets=targets(999))
    two_more = targets(1001)[-2:]
    assert ("TooManyTargets", 400) == refused(register, TargetGroupArn=arn, Targets=two_more)
    assert 999 == len(aws.health(arn))
    register(TargetGroupArn=arn, Targets=[*targets(999), two_more[0]])
    assert 1000 == len(aws.health(arn))


def test_a_zone_of_a_load_balancer_has_at_most_five_hundred_targets(aws: Aws) -> None:
    """Targets per Availability Zone per Network Load Balancer: TooManyTargets; another zone has room."""
    arn, register = in_use(aws), aws.elbv2.register_targets
    register(TargetGroupArn=arn, Targets=targets(500))
    assert ("TooManyTargets", 400) == refused(register, TargetGroupArn=arn, Targets=targets(501)[-1:])
    register(TargetGroupArn=arn, Targets=targets(1, "10.0.2.15"))


def test_with_cross_zone_load_balancing_that_is_the_limit_of_all_zones(aws: Aws) -> None:
    """The note on that quota: then it is the load balancer's, however many zones it has."""
    aws.set_quotas(targets_per_zone=2)
    arn, register = in_use(aws, cross_zone=True), aws.elbv2.register_targets
    register(TargetGroupArn=arn, Targets=targets(2))
    assert "TooManyTargets" == refused(register, TargetGroupArn=arn, Targets=targets(1, "10.0.2.15"))[0]


def test_a_target_counts_once_for_each_target_group(aws: Aws) -> None:
    """The other note, "it counts as N targets"; API_CreateListener: TooManyTargets."""
    aws.set_quotas(targets_per_load_balancer=1)
    groups = [aws.target_group(name) for name in ("first", "second")]
    for arn in groups:
        aws.elbv2.register_targets(TargetGroupArn=arn, Targets=targets(1))
    balancer = aws.load_balancer()
    aws.listener(balancer, groups[0])
    assert ("TooManyTargets", 400) == refused(lambda: aws.listener(balancer, groups[1], 3307))
    aws.listener(balancer, groups[0], 3307)


def test_a_draining_target_does_not_count(aws: Aws) -> None:
    """The quota is of registered targets (assumed: no public source)."""
    aws.set_quotas(targets_per_zone=1)
    arn = in_use(aws)
    first, second = targets(2)
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[first])
    aws.elbv2.deregister_targets(TargetGroupArn=arn, Targets=[first])
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[second])
    assert ["draining", "initial"] == [state for state, _ in aws.health(arn)]


def test_a_vpc_has_at_most_fifty_interface_endpoints(aws: Aws) -> None:
    """Interface VPC endpoints per VPC, adjustable. EC2 error codes: VpcEndpointLimitExceeded."""
    service = aws.endpoint_service()
    for _ in range(50):
        aws.vpc_endpoint(service)
    assert ("VpcEndpointLimitExceeded", 400) == refused(lambda: aws.vpc_endpoint(service))
    aws.set_quotas(interface_endpoints_per_vpc=51)
    last = aws.vpc_endpoint(service, ClientToken="link-1")
    assert last == aws.vpc_endpoint(service, ClientToken="link-1")
