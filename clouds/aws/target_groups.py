"""Target groups, found by name: `aws_name(link, port)`, one per listener port."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from clouds.aws.codes import DUPLICATE_TARGET_GROUP, TARGET_GROUP_NOT_FOUND, is_code
from clouds.aws.endpoint_services import read_ownerships
from clouds.aws.refusals import unseen_twin
from privatelink.errors import PrivateLinkError
from privatelink.model.names import aws_name

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_elbv2.literals import ProtocolEnumType
    from mypy_boto3_elbv2.type_defs import (
        CreateTargetGroupInputTypeDef,
        TargetGroupTypeDef,
    )
    from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag

    from clouds.aws.accounts import AwsAccount
    from clouds.aws.calls import AccountCalls
    from clouds.aws.tags import Ownership
    from privatelink.model.listeners import Listener
    from privatelink.model.names import Link

TRAFFIC_PORT = "traffic-port"
"""ELBv2's word for checking the target's own port."""

CHECK_INTERVAL_SECONDS = 10
"""Seconds between health checks, instead of AWS's 30: a create waits for two in a row, and a dead target is dropped
within 20 s."""

CHECK_THRESHOLD = 2
"""Number of checks that change a target's health: AWS's minimum, for the same reason. It is the same up and down,
because Network Load Balancers long required that."""

DEREGISTRATION_DELAY_SECONDS = 0
"""Seconds for draining, instead of AWS's 300. When a link is removed, nobody uses its address any more."""


class FoundTargetGroup(NamedTuple):
    """A target group as AWS shows it. `port` is the targets' port; `health_check` is protocol, port and path."""

    arn: str
    name: str
    protocol: str
    port: int
    target_type: str
    vpc_id: str
    health_check: tuple[str, str, str]
    load_balancer_arns: tuple[str, ...]
    ownership: Ownership

    def listener_port(self, link: Link) -> int | None:
        """The port of the listener that its name is for; None if the name is not one of this link's."""
        port = self.name.removeprefix(f"{aws_name(link)}-")
        return int(port) if port.isdigit() and self.name == aws_name(link, int(port)) else None

    def differences(self, listener: Listener, vpc_id: str) -> list[str]:
        """Why it cannot be this listener's target group, in words; empty if it fits."""
        wanted = {
            "protocol": (self.protocol, "TCP"),
            "target port": (self.port, listener.traffic_port),
            "target type": (self.target_type, listener.target_type),
            "VPC": (self.vpc_id, vpc_id),
            "health check": (" ".join(self.health_check).strip(), " ".join(health_check_of(listener)).strip()),
        }
        return [f"its {what} is {has}, not {asked}" for what, (has, asked) in wanted.items() if has != asked]


_PROTOCOLS: dict[str, ProtocolEnumType] = {"tcp": "TCP", "http": "HTTP", "https": "HTTPS"}


def health_check_of(listener: Listener) -> tuple[ProtocolEnumType, str, str]:
    """Protocol, port and path of a listener's health check in ELBv2's words. The path is empty for TCP."""
    check = listener.health_check
    path = "" if check.protocol == "tcp" else check.path or "/"
    return _PROTOCOLS[check.protocol], str(check.port or TRAFFIC_PORT), path


async def read_target_groups(account: AccountCalls) -> list[TargetGroupTypeDef]:
    """Every target group of the account and region, without tags. All sagas that look for one share this."""
    return await account.call(
        Bucket.ELB_READ,
        "reading the target groups",
        account.region,
        lambda clients: [
            one
            for page in clients.elbv2.get_paginator("describe_target_groups").paginate()
            for one in page["TargetGroups"]
        ],
    )


async def find_target_groups(account: AwsAccount, link: Link) -> list[FoundTargetGroup]:
    """Every target group with a name of the link, ours or foreign (see `ownership`), sorted by port."""
    prefix = f"{aws_name(link)}-"
    listed = await account.pollers.target_groups.reading()
    found = await _with_ownership(account, [one for one in listed if one.get("TargetGroupName", "").startswith(prefix)])
    return sorted((one for one in found if one.listener_port(link)), key=lambda one: one.listener_port(link) or 0)


async def find_target_group(account: AwsAccount, link: Link, port: int) -> FoundTargetGroup | None:
    """The target group with the name for the link's listener on `port`, ours or foreign, or None."""
    return next((one for one in await find_target_groups(account, link) if one.listener_port(link) == port), None)


async def create_target_group(
    account: AccountCalls, name: str, listener: Listener, vpc_id: str, tags: list[ElbTag]
) -> str:
    """Create the TCP target group of a listener (CreateTargetGroup). Returns its ARN.

    For the same settings AWS returns the existing target group. Raises `NotYet` when one that AWS does not show
    yet already has the name.
    """
    protocol, check_port, path = health_check_of(listener)
    settings: CreateTargetGroupInputTypeDef = {
        "Name": name,
        "Protocol": "TCP",
        "Port": listener.traffic_port,
        "VpcId": vpc_id,
        "TargetType": listener.target_type,
        "HealthCheckProtocol": protocol,
        "HealthCheckPort": check_port,
        "HealthCheckIntervalSeconds": CHECK_INTERVAL_SECONDS,
        "HealthyThresholdCount": CHECK_THRESHOLD,
        "UnhealthyThresholdCount": CHECK_THRESHOLD,
        "Tags": tags,
    }
    if path:
        settings["HealthCheckPath"] = path
    try:
        return await account.call(
            Bucket.ELB_WRITE,
            "creating the target group",
            name,
            lambda clients: clients.elbv2.create_target_group(**settings)["TargetGroups"][0]["TargetGroupArn"],
        )
    except PrivateLinkError as error:
        if is_code(error, DUPLICATE_TARGET_GROUP):
            raise unseen_twin("target group", name) from None
        raise


async def set_deregistration_delay(account: AccountCalls, arn: str, *, unseen_until: datetime) -> None:
    """Make deregistered targets go immediately, without draining (ModifyTargetGroupAttributes)."""
    delay = str(DEREGISTRATION_DELAY_SECONDS)
    await account.call(
        Bucket.ELB_WRITE,
        "setting the deregistration delay of the target group",
        arn,
        lambda clients: clients.elbv2.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}]
        ),
        unseen_until=unseen_until,
    )


async def delete_target_group(account: AccountCalls, arn: str) -> None:
    """Delete a target group (DeleteTargetGroup). Success if it is already gone.

    Raises `NotYet` while AWS says that a listener uses it, which may be so for a while after the listener is gone.
    """
    try:
        await account.call(
            Bucket.ELB_WRITE,
            "deleting the target group",
            arn,
            lambda clients: clients.elbv2.delete_target_group(TargetGroupArn=arn),
        )
    except PrivateLinkError as error:
        if not is_code(error, TARGET_GROUP_NOT_FOUND):
            raise


async def _with_ownership(account: AwsAccount, named: list[TargetGroupTypeDef]) -> list[FoundTargetGroup]:
    arns = [one["TargetGroupArn"] for one in named if "TargetGroupArn" in one]
    owners = await read_ownerships(account, arns)
    # A target group without tags in the answer has been deleted meanwhile.
    return [_found(one, owners[arn]) for one in named if (arn := one.get("TargetGroupArn", "")) in owners]


def _found(one: TargetGroupTypeDef, ownership: Ownership) -> FoundTargetGroup:
    protocol = str(one.get("HealthCheckProtocol", ""))
    return FoundTargetGroup(
        arn=one.get("TargetGroupArn", ""),
        name=one.get("TargetGroupName", ""),
        protocol=str(one.get("Protocol", "")),
        port=one.get("Port", 0),
        target_type=str(one.get("TargetType", "")),
        vpc_id=one.get("VpcId", ""),
        health_check=(
            protocol,
            one.get("HealthCheckPort", TRAFFIC_PORT),
            "" if protocol == "TCP" else one.get("HealthCheckPath", ""),
        ),
        load_balancer_arns=tuple(one.get("LoadBalancerArns", [])),
        ownership=ownership,
    )
