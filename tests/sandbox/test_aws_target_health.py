"""The health of targets (NLB user guide, "Check the health of your targets")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def registered(aws: Aws, *addresses: str) -> str:
    """A target group with those addresses."""
    arn = aws.target_group()
    targets = [{"Id": address} for address in addresses]
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=targets)  # type: ignore[arg-type]  # TypedDict's literals
    return arn


def active(aws: Aws) -> str:
    """A load balancer that has nodes which check targets."""
    arn = aws.load_balancer()
    aws.later(150)
    return arn


def test_a_target_is_unused_until_a_listener_forwards_to_its_group(aws: Aws) -> None:
    """Target.NotInUse, however long it has been registered."""
    arn = registered(aws, "10.0.1.15")
    aws.later(1000)
    assert [("unused", "Target.NotInUse")] == aws.health(arn)


def test_a_target_in_use_is_initial_then_healthy(aws: Aws) -> None:
    """Elb.RegistrationInProgress, Elb.InitialHealthChecking, healthy: counted from when the listener exists."""
    arn = registered(aws, "10.0.1.15")
    aws.later(1000)
    aws.listener(active(aws), arn)
    seen = []
    for seconds in (0, 60, 60):
        aws.later(seconds)
        seen += aws.health(arn)
    expected = [("initial", "Elb.RegistrationInProgress"), ("initial", "Elb.InitialHealthChecking"), ("healthy", "")]
    assert expected == seen


def test_no_target_is_checked_before_the_load_balancer_is_active(aws: Aws) -> None:
    """A listener made at once spares nobody the time of the checks."""
    arn = registered(aws, "10.0.1.15")
    aws.listener(aws.load_balancer(), arn)
    aws.later(150)
    assert [("initial", "Elb.RegistrationInProgress")] == aws.health(arn)
    aws.later(120)
    assert ["healthy"] == [state for state, _ in aws.health(arn)]


def test_a_later_target_is_counted_from_its_own_registration(aws: Aws) -> None:
    """One that is registered when the listener is old is initial first."""
    arn = registered(aws, "10.0.1.15")
    aws.listener(active(aws), arn)
    aws.later(120)
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.2.15"}])
    assert ["healthy", "initial"] == [state for state, _ in aws.health(arn)]


def test_an_address_that_nobody_has_is_unhealthy(aws: Aws) -> None:
    """Target.FailedHealthChecks: it may be registered, but nobody answers there."""
    arn = registered(aws, "10.0.1.77")
    aws.listener(active(aws), arn)
    aws.later(120)
    assert [("unhealthy", "Target.FailedHealthChecks")] == aws.health(arn)


def test_a_target_in_another_zone_is_not_used(aws: Aws) -> None:
    """Target.NotInUse: its Availability Zone is not enabled for the load balancer."""
    arn = registered(aws, "10.0.4.15")
    aws.listener(active(aws), arn)
    aws.later(120)
    assert [("unused", "Target.NotInUse")] == aws.health(arn)


def test_a_stopped_instance_is_not_used(aws: Aws) -> None:
    """Target.InvalidState."""
    arn, instance = aws.target_group(TargetType="instance"), aws.seed["instances"][0]
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": instance}])
    aws.listener(active(aws), arn)
    aws.later(120)
    before = aws.health(arn)
    aws.ec2.stop_instances(InstanceIds=[instance])
    assert [("healthy", ""), ("unused", "Target.InvalidState")] == [*before, *aws.health(arn)]


def test_an_address_of_a_load_balancer_is_not_usable(aws: Aws) -> None:
    """API_TargetHealth, Reason: Target.IpUnusable, "reserved for use by a load balancer"."""
    balancer = aws.load_balancer()
    filters = [{"Name": "subnet-id", "Values": [aws.subnet()]}]
    found = aws.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]  # type: ignore[arg-type]
    [address] = [one["PrivateIpAddress"] for one in found if one["Description"].startswith("ELB net/orders/")]
    arn = registered(aws, address)
    aws.listener(balancer, arn)
    aws.later(120)
    assert [("unused", "Target.IpUnusable")] == aws.health(arn)


def test_a_deregistered_target_drains_then_goes(aws: Aws) -> None:
    """Target.DeregistrationInProgress for the deregistration delay."""
    arn = registered(aws, "10.0.1.15")
    aws.listener(active(aws), arn)
    aws.elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.1.15"}])
    during = aws.health(arn)
    aws.later(300)
    assert ([("draining", "Target.DeregistrationInProgress")], []) == (during, aws.health(arn))


def test_an_absent_target_asked_for_is_not_registered(aws: Aws) -> None:
    """Target.NotRegistered."""
    asked = aws.elbv2.describe_target_health(TargetGroupArn=aws.target_group(), Targets=[{"Id": "10.0.1.15"}])
    health = asked["TargetHealthDescriptions"][0]["TargetHealth"]
    assert ("unused", "Target.NotRegistered") == (health["State"], health["Reason"])


def test_what_can_be_no_target_is_refused(aws: Aws) -> None:
    """API_DescribeTargetHealth: InvalidTarget, and TargetGroupNotFound."""
    asked = {"TargetGroupArn": aws.target_group(), "Targets": [{"Id": "8.8.8.8"}]}
    assert ("InvalidTarget", 400) == refused(aws.elbv2.describe_target_health, **asked)
    absent = aws.target_group() + "0"
    assert ("TargetGroupNotFound", 400) == refused(aws.elbv2.describe_target_health, TargetGroupArn=absent)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("stuck", ("initial", "Elb.InitialHealthChecking")), ("failed", ("unhealthy", "Target.FailedHealthChecks"))],
)
def test_a_fault_keeps_targets_from_being_healthy(aws: Aws, kind: str, expected: tuple[str, str]) -> None:
    """The faults `stuck` and `failed` of RegisterTargets."""
    aws.sandbox.fault("RegisterTargets", kind)
    arn = registered(aws, "10.0.1.15")
    aws.listener(active(aws), arn)
    aws.later(100_000)
    assert [expected] == aws.health(arn)
