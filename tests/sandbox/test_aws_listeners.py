"""Listeners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def test_arns_name_the_load_balancer(aws: Aws) -> None:
    """ELB user guide: listener/net/NAME/ID/16 hex digits."""
    balancer = aws.load_balancer()
    expected = re.escape(balancer.replace(":loadbalancer/", ":listener/")) + "/[0-9a-f]{16}"
    assert re.fullmatch(expected, aws.listener(balancer, aws.target_group()))


def test_the_same_settings_again_give_the_same_listener(aws: Aws) -> None:
    """API_CreateListener: "This operation is idempotent"."""
    balancer, group = aws.load_balancer(), aws.target_group()
    assert aws.listener(balancer, group) == aws.listener(balancer, group)


def test_another_listener_on_the_port_is_refused(aws: Aws) -> None:
    """API_CreateListener: DuplicateListener; another port is free."""
    balancer, first, second = aws.load_balancer(), aws.target_group("first"), aws.target_group("second")
    aws.listener(balancer, first)
    assert ("DuplicateListener", 400) == refused(lambda: aws.listener(balancer, second))
    aws.listener(balancer, second, port=3307)


def test_a_target_group_belongs_to_one_load_balancer(aws: Aws) -> None:
    """API_CreateListener: TargetGroupAssociationLimit."""
    first, second, group = aws.load_balancer("first"), aws.load_balancer("second"), aws.target_group()
    aws.listener(first, group)
    assert ("TargetGroupAssociationLimit", 400) == refused(lambda: aws.listener(second, group))


def test_protocols_must_go_together(aws: Aws) -> None:
    """API_CreateListener: IncompatibleProtocols."""
    group = aws.target_group(Protocol="UDP")
    balancer = aws.load_balancer()
    assert ("IncompatibleProtocols", 400) == refused(lambda: aws.listener(balancer, group))


def test_a_target_group_of_another_vpc_is_refused(aws: Aws) -> None:
    """API_CreateListener: InvalidConfigurationRequest."""
    subnet = aws.subnet("other-vpc")
    vpc = aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    group, balancer = aws.target_group(VpcId=vpc), aws.load_balancer()
    assert ("InvalidConfigurationRequest", 400) == refused(lambda: aws.listener(balancer, group))


def test_absent_things_are_not_found(aws: Aws) -> None:
    """API_CreateListener, API_DescribeListeners, API_DeleteListener."""
    balancer, group = aws.load_balancer(), aws.target_group()
    assert "LoadBalancerNotFound" == refused(lambda: aws.listener(balancer + "0", group))[0]
    assert "TargetGroupNotFound" == refused(lambda: aws.listener(balancer, group + "0"))[0]
    assert "LoadBalancerNotFound" == refused(aws.elbv2.describe_listeners, LoadBalancerArn=balancer + "0")[0]
    assert "ListenerNotFound" == refused(aws.elbv2.describe_listeners, ListenerArns=["arn:absent"])[0]
    assert "ListenerNotFound" == refused(aws.elbv2.delete_listener, ListenerArn="arn:absent")[0]


def test_listeners_are_found_by_load_balancer(aws: Aws) -> None:
    """API_DescribeListeners: the port and where it forwards to."""
    balancer, group = aws.load_balancer(), aws.target_group()
    arn = aws.listener(balancer, group)
    found = aws.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert [(arn, 3306, group)] == [
        (one["ListenerArn"], one["Port"], one["DefaultActions"][0]["TargetGroupArn"]) for one in found
    ]
    groups = aws.elbv2.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]
    assert [[balancer]] == [one["LoadBalancerArns"] for one in groups]


def test_a_deletion_can_be_stuck(aws: Aws) -> None:
    """The fault `stuck` of DeleteListener: accepted, and never done."""
    balancer = aws.load_balancer()
    arn = aws.listener(balancer, aws.target_group())
    aws.sandbox.fault("DeleteListener", "stuck")
    aws.elbv2.delete_listener(ListenerArn=arn)
    assert [arn] == [one["ListenerArn"] for one in aws.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]]
