"""Target groups, found by name: `aws_name(link, port)`, one for each listener's port."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from clouds.aws.codes import DUPLICATE_TARGET_GROUP, TARGET_GROUP_NOT_FOUND, is_code
from clouds.aws.refusals import unseen_twin
from clouds.aws.tags import Ownership, read_elb_tags
from privatelink.errors import PrivateLinkError
from privatelink.names import aws_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from mypy_boto3_elbv2.literals import ProtocolEnumType
    from mypy_boto3_elbv2.type_defs import (
        CreateTargetGroupInputTypeDef,
        TargetDescriptionTypeDef,
        TargetGroupTypeDef,
        TargetHealthDescriptionTypeDef,
    )
    from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag

    from clouds.aws.accounts import AwsAccount
    from clouds.aws.calls import AccountCalls
    from clouds.aws.sessions import Clients
    from privatelink.listeners import Listener
    from privatelink.names import Link

TRAFFIC_PORT = "traffic-port"
"""ELBv2's word for: check the target's own port."""

DRAINING = "draining"

CHECK_INTERVAL_SECONDS = 10
"""Instead of AWS's 30: a create waits for two checks in a row, and a dead target is left within 20 s."""

CHECK_THRESHOLD = 2
"""AWS's least, for the same reason; up and down alike, as a Network Load Balancer was long bound to."""

DEREGISTRATION_DELAY_SECONDS = 0
"""Instead of AWS's 300: nobody uses an address any more when its link is removed, so there is nothing to drain."""

_ABOUT_ZONE = re.compile(r"IP address '([0-9.]+)'.*(?:not in|is outside|is within) the VPC")
"""ELB's ValidationError where a target was given with an AZ and is in the VPC, or without one and is not (sentences in
kubernetes-sigs/aws-load-balancer-controller, issues 561, 3084 and 3714)."""

_BATCH = 100
"""Targets in one call, as AWS's own controllers do; the API states no number."""


class TargetHealth(NamedTuple):
    """One registered target: its state, and AWS's reason and description when it is not healthy.

    `port`: the one that it is registered with, the target group's or an override; 0 where AWS shows none.
    """

    target: str
    state: str
    reason: str
    description: str
    port: int = 0

    def __str__(self) -> str:
        """For a person."""
        why = ": ".join(part for part in (self.reason, self.description) if part)
        return f"{self.target} {self.state} ({why})" if why else f"{self.target} {self.state}"

    def is_asked_for(self, listener: Listener) -> bool:
        """Whether the listener's request names this target, and it is registered with the port that the request says.

        One that drains counts as none: it is on its way out.
        """
        return self.target in listener.targets and self.port in {0, listener.traffic_port} and self.state != DRAINING


class FoundTargetGroup(NamedTuple):
    """A target group as AWS shows it. `port` is the targets'; `health_check` is protocol, port, path."""

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
        """The listener's port that its name stands for, or None when the name is not of this link."""
        port = self.name.removeprefix(f"{aws_name(link)}-")
        return int(port) if port.isdigit() and self.name == aws_name(link, int(port)) else None

    def differences(self, listener: Listener, vpc_id: str) -> list[str]:
        """What keeps it from being this listener's target group, in words; empty when it fits."""
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
    """Protocol, port and path of a listener's health check in ELBv2's words; a path only where there is one."""
    check = listener.health_check
    path = "" if check.protocol == "tcp" else check.path or "/"
    return _PROTOCOLS[check.protocol], str(check.port or TRAFFIC_PORT), path


async def read_target_groups(account: AccountCalls) -> list[TargetGroupTypeDef]:
    """Every target group of the account and region, tags not read: what all who look for one share."""
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
    """Every target group that has a name of the link, ours or not (`ownership` tells), in the order of their ports."""
    prefix = f"{aws_name(link)}-"
    listed = await account.views.target_groups.reading()
    found = await _with_ownership(account, [one for one in listed if one.get("TargetGroupName", "").startswith(prefix)])
    return sorted((one for one in found if one.listener_port(link)), key=lambda one: one.listener_port(link) or 0)


async def find_target_group(account: AwsAccount, link: Link, port: int) -> FoundTargetGroup | None:
    """The target group that has the name of the link's listener on `port`, ours or not, or None."""
    return next((one for one in await find_target_groups(account, link) if one.listener_port(link) == port), None)


async def read_target_health(
    account: AccountCalls, arn: str, *, settles_at: datetime | None = None
) -> list[TargetHealth]:
    """Every registered target of a target group (DescribeTargetHealth), those that drain included."""
    return await account.call(
        Bucket.ELB_READ,
        "reading the health of the targets",
        arn,
        lambda clients: [
            _health(one) for one in clients.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        ],
        settles_at=settles_at,
    )


async def create_target_group(
    account: AccountCalls, name: str, listener: Listener, vpc_id: str, tags: list[ElbTag]
) -> str:
    """Make the TCP target group of a listener; its ARN (CreateTargetGroup).

    AWS answers the same settings again with the one that exists. `NotYet` when one has the name that was not shown.
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


async def set_deregistration_delay(account: AccountCalls, arn: str, *, settles_at: datetime) -> None:
    """Let a deregistered target go at once (ModifyTargetGroupAttributes)."""
    delay = str(DEREGISTRATION_DELAY_SECONDS)
    await account.call(
        Bucket.ELB_WRITE,
        "setting the deregistration delay of the target group",
        arn,
        lambda clients: clients.elbv2.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}]
        ),
        settles_at=settles_at,
    )


async def register_targets(
    account: AccountCalls, arn: str, targets: Sequence[str], outside: Collection[str], *, settles_at: datetime
) -> None:
    """Register targets; one that is registered stays as it is (RegisterTargets).

    Those `outside` the VPC's subnets belong to no AZ of it, which AWS wants to be told. In a VPC that is shared with us
    we do not see every subnet, but AWS goes by all of them: where it says that an address is in the VPC, or is not, it
    is believed, once for each address.
    """
    elsewhere, corrected = set(outside), set[str]()
    for start in range(0, len(targets), _BATCH):
        addresses = targets[start : start + _BATCH]
        while True:
            batch: list[TargetDescriptionTypeDef] = [
                {"Id": target, "AvailabilityZone": "all"} if target in elsewhere else {"Id": target}
                for target in addresses
            ]
            register = partial(_register, arn, batch)
            try:
                await account.call(Bucket.ELB_WRITE, "registering targets", arn, register, settles_at=settles_at)
            except PrivateLinkError as error:
                told = _ABOUT_ZONE.search(error.details_model.sentence)
                if told is None or told[1] in corrected:
                    raise
                corrected.add(told[1])
                elsewhere ^= {told[1]}
            else:
                break


def _register(arn: str, batch: list[TargetDescriptionTypeDef], clients: Clients) -> None:
    clients.elbv2.register_targets(TargetGroupArn=arn, Targets=batch)


async def deregister_targets(account: AccountCalls, arn: str, targets: Sequence[TargetHealth]) -> None:
    """Deregister targets (DeregisterTargets), each with its port: without it one with a port override would stay."""
    batch: list[TargetDescriptionTypeDef] = [
        {"Id": one.target, "Port": one.port} if one.port else {"Id": one.target} for one in targets
    ]
    await account.call(
        Bucket.ELB_WRITE,
        "deregistering targets that the request does not name",
        arn,
        lambda clients: clients.elbv2.deregister_targets(TargetGroupArn=arn, Targets=batch),
    )


async def delete_target_group(account: AccountCalls, arn: str) -> None:
    """Delete a target group; gone already is success (DeleteTargetGroup).

    `NotYet` while AWS says that a listener uses it, which lags behind the listener's end.
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


async def _with_ownership(account: AccountCalls, named: list[TargetGroupTypeDef]) -> list[FoundTargetGroup]:
    arns = [one["TargetGroupArn"] for one in named if "TargetGroupArn" in one]
    tags = await read_elb_tags(account, arns)
    # One without an answer about its tags was deleted since.
    return [_found(one, Ownership.of(tags[arn])) for one in named if (arn := one.get("TargetGroupArn", "")) in tags]


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


def _health(one: TargetHealthDescriptionTypeDef) -> TargetHealth:
    health, target = one.get("TargetHealth", {}), one["Target"]
    return TargetHealth(
        target=target["Id"],
        port=target.get("Port", 0),
        state=str(health.get("State", "")),
        reason=str(health.get("Reason", "")),
        description=health.get("Description", ""),
    )
