"""Target groups and their targets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetDescriptionTypeDef

    from tests.sandbox.conftest import Aws


def test_arns_have_elb_s_shape(aws: Aws) -> None:
    """ELB user guide: targetgroup/NAME/16 hex digits."""
    shape = r"arn:aws:elasticloadbalancing:us-east-1:210987654321:targetgroup/orders/[0-9a-f]{16}"
    assert re.fullmatch(shape, aws.target_group())


def test_the_same_settings_again_give_the_same_target_group(aws: Aws) -> None:
    """API_CreateTargetGroup: "This operation is idempotent"; tags are no settings, and stay as they were."""
    tags = [[{"Key": "link", "Value": value}] for value in ("first", "second")]
    arns = {aws.target_group(Tags=one) for one in tags}
    assert 1 == len(arns)
    described = aws.elbv2.describe_tags(ResourceArns=list(arns))["TagDescriptions"][0]["Tags"]
    assert tags[0] == described


@pytest.mark.parametrize("other", [{"Port": 3307}, {"HealthCheckProtocol": "HTTP"}, {"HealthyThresholdCount": 3}])
def test_other_settings_under_the_name_are_refused(aws: Aws, other: dict[str, Any]) -> None:
    """API_CreateTargetGroup: DuplicateTargetGroupName."""
    aws.target_group()
    assert ("DuplicateTargetGroupName", 400) == refused(aws.target_group, **other)


@pytest.mark.parametrize("name", ["a" * 33, "-orders", "orders-", "or_ders"])
def test_a_bad_name_is_refused(aws: Aws, name: str) -> None:
    """API_CreateTargetGroup, Name: 32 characters, alphanumeric or hyphens, no hyphen at the ends."""
    assert ("ValidationError", 400) == refused(aws.target_group, name=name)


def test_an_absent_vpc_is_refused(aws: Aws) -> None:
    """API_CreateTargetGroup: the VPC must be the caller's."""
    assert ("ValidationError", 400) == refused(aws.target_group, VpcId="vpc-0123456789abcdef0")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("8.8.8.8", "InvalidTarget"),
        ("10.99.0.1", "ValidationError"),
        ("10.0.250.10", "ValidationError"),
        ("banana", "ValidationError"),
    ],
)
def test_an_address_that_cannot_be_a_target_is_refused(aws: Aws, bad: str, code: str) -> None:
    """NLB user guide, IP addresses as targets: of the VPC, or private with the zone "all"; never public."""
    assert (code, 400) == refused(aws.elbv2.register_targets, TargetGroupArn=aws.target_group(), Targets=[{"Id": bad}])


@pytest.mark.parametrize("address", ["10.99.0.1", "10.0.250.10"])
def test_a_private_address_in_no_subnet_of_the_vpc_needs_a_zone(aws: Aws, address: str) -> None:
    """API_TargetDescription, AvailabilityZone; the subnets decide, not the VPC's blocks.

    aws-load-balancer-controller, issue 3714: the sentence, of an address in a block of the VPC that no subnet has.
    """
    arn = aws.target_group()
    with pytest.raises(ClientError, match=f"Zone is required for IP address '{address}' because it is not in the VPC"):
        aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": address}])
    with pytest.raises(ClientError, match="or select 'all' for all enabled Availability zones"):
        aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": address, "AvailabilityZone": "mars-1a"}])
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": address, "AvailabilityZone": "all"}])
    assert 1 == len(aws.health(arn))


def test_an_address_in_a_subnet_of_the_vpc_keeps_its_zone(aws: Aws) -> None:
    """aws-load-balancer-controller, issue 561: "all" is refused for it."""
    arn = aws.target_group()
    with pytest.raises(ClientError, match="is within the VPC, and cannot have its Availability Zone overridden"):
        aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.1.15", "AvailabilityZone": "all"}])
    assert [] == aws.health(arn)


@pytest.mark.parametrize("block", ["198.19.0.0/16", "11.20.0.0/16"])
def test_a_second_block_of_the_vpc_may_be_any_that_aws_lets_a_vpc_have(aws: Aws, block: str) -> None:
    """VPC user guide, VPC CIDR blocks: publicly routable ones and 198.19.0.0/16 are among them.

    An address in one of its subnets is a target as any other; one that no subnet has is not.
    """
    inside, outside = block.replace("0.0/16", "4.10"), block.replace("0.0/16", "9.10")
    vpc, arn = aws.seed["vpc"], aws.target_group()
    aws.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=block)
    subnet = block.replace("0.0/16", "4.0/24")
    aws.ec2.create_subnet(VpcId=vpc, CidrBlock=subnet, AvailabilityZoneId="use1-az1")
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": inside}])
    assert 1 == len(aws.health(arn))
    for zone in ({}, {"AvailabilityZone": "all"}):
        targets: Any = [{"Id": outside, **zone}]
        assert ("InvalidTarget", 400) == refused(aws.elbv2.register_targets, TargetGroupArn=arn, Targets=targets)


def test_one_bad_target_keeps_all_out(aws: Aws) -> None:
    """API_RegisterTargets is one request: nothing of a refused one is applied."""
    arn = aws.target_group()
    both = [{"Id": "10.0.1.15"}, {"Id": "8.8.8.8"}]
    assert ("InvalidTarget", 400) == refused(aws.elbv2.register_targets, TargetGroupArn=arn, Targets=both)
    assert [] == aws.health(arn)


@pytest.mark.parametrize("stopped", [True, False])
def test_an_instance_that_cannot_be_a_target_is_refused(aws: Aws, *, stopped: bool) -> None:
    """API_RegisterTargets: InvalidTarget for an absent instance, and for one that does not run."""
    instance = aws.seed["instances"][0] if stopped else "i-0123456789abcdef0"
    if stopped:
        aws.ec2.stop_instances(InstanceIds=[instance])
    arn = aws.target_group(TargetType="instance")
    assert ("InvalidTarget", 400) == refused(aws.elbv2.register_targets, TargetGroupArn=arn, Targets=[{"Id": instance}])


def test_an_alb_is_a_target_on_a_port_it_listens_on(aws: Aws) -> None:
    """NLB user guide, ALB as a target: its listener's port must match the target group's."""
    alb: list[TargetDescriptionTypeDef] = [{"Id": aws.seed["albs"][0]}]
    good, bad = (aws.target_group(f"alb-{port}", TargetType="alb", Port=port) for port in (80, 81))
    aws.elbv2.register_targets(TargetGroupArn=good, Targets=alb)
    assert 1 == len(aws.health(good))
    assert ("InvalidTarget", 400) == refused(aws.elbv2.register_targets, TargetGroupArn=bad, Targets=alb)


def test_registering_again_changes_nothing(aws: Aws) -> None:
    """It is a no-op, and restarts no health check: AWS's controllers count on it (API_RegisterTargets is silent)."""
    arn = aws.target_group()
    for _ in range(2):
        aws.elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.1.15"}])
    assert 1 == len(aws.health(arn))


@pytest.mark.parametrize("ask", [{"Names": ["absent"]}, {"TargetGroupArns": ["arn:absent"]}])
def test_an_absent_target_group_is_not_found(aws: Aws, ask: dict[str, list[str]]) -> None:
    """API_DescribeTargetGroups: TargetGroupNotFound, also beside ones that exist."""
    aws.target_group()
    asked = {key: [*values, *(["orders"] if key == "Names" else [])] for key, values in ask.items()}
    assert ("TargetGroupNotFound", 400) == refused(aws.elbv2.describe_target_groups, **asked)


def test_a_target_group_in_use_is_not_deleted(aws: Aws) -> None:
    """API_DeleteTargetGroup: ResourceInUse while a listener forwards to it, and for a moment after."""
    arn = aws.target_group()
    listener = aws.listener(aws.load_balancer(), arn)
    delete = aws.elbv2.delete_target_group
    assert ("ResourceInUse", 400) == refused(delete, TargetGroupArn=arn)
    aws.elbv2.delete_listener(ListenerArn=listener)
    assert ("ResourceInUse", 400) == refused(delete, TargetGroupArn=arn)
    aws.later(15)
    delete(TargetGroupArn=arn)
    assert ("TargetGroupNotFound", 400) == refused(delete, TargetGroupArn=arn)


def test_a_target_group_is_in_use_for_a_moment_after_its_load_balancer_was_deleted(aws: Aws) -> None:
    """API_DeleteTargetGroup: ResourceInUse lags also when the listener went with its load balancer."""
    arn, balancer = aws.target_group(), aws.load_balancer()
    aws.listener(balancer, arn)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    assert ("ResourceInUse", 400) == refused(aws.elbv2.delete_target_group, TargetGroupArn=arn)
    aws.later(15)
    aws.elbv2.delete_target_group(TargetGroupArn=arn)


def test_a_new_target_group_may_not_be_found_where_targets_are_registered(aws: Aws) -> None:
    """API_RegisterTargets, TargetGroupNotFound: the fault `not_found_yet`, for a moment after the creation."""
    arn, targets = aws.target_group(), [{"Id": "10.0.1.15"}]
    aws.sandbox.fault("RegisterTargets", "not_found_yet")
    assert ("TargetGroupNotFound", 400) == refused(aws.elbv2.register_targets, TargetGroupArn=arn, Targets=targets)
    assert [] == aws.health(arn)
    aws.elbv2.register_targets(TargetGroupArn=arn, Targets=targets)  # type: ignore[arg-type]  # TypedDict's literals
    assert 1 == len(aws.health(arn))


def test_the_deregistration_delay_is_300_seconds_unless_set(aws: Aws) -> None:
    """NLB user guide, Target group attributes."""
    arn = aws.target_group()

    def delay() -> str:
        pairs = aws.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        return next(one["Value"] for one in pairs if one["Key"] == "deregistration_delay.timeout_seconds")

    before = delay()
    wanted = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
    aws.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=wanted)  # type: ignore[arg-type]
    assert ("300", "0") == (before, delay())


def test_target_groups_come_in_pages(aws: Aws) -> None:
    """API_DescribeTargetGroups: PageSize and Marker."""
    wanted = {aws.target_group(f"orders-{number}") for number in range(5)}
    pages = aws.elbv2.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2})
    found = [[one["TargetGroupArn"] for one in page["TargetGroups"]] for page in pages]
    assert [2, 2, 1] == [len(page) for page in found]
    assert wanted == {arn for page in found for arn in page}
