"""Targets: what may be registered in a target group, and how it is deregistered."""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.aws import network
from sandbox.aws.actions import Call, action
from sandbox.aws.errors import ELB, AwsError
from sandbox.aws.quotas import check_quota
from sandbox.aws.state import Target, TargetGroup
from sandbox.aws.target_groups import DEREGISTRATION_DELAY, target_group

# Ranges for targets outside the VPC's subnets (NLB user guide, Target groups: IP address ranges).
_OUTSIDE_SUBNETS = [
    ipaddress.ip_network(one) for one in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
]


@action(ELB, "RegisterTargets", fault_kinds=("stuck", "failed", "not_found_yet"))
def register_targets(call: Call) -> dict[str, Any]:
    """Register all of the targets or none; those already registered do not change.

    Sources: API_RegisterTargets, and the NLB user guide for the addresses that a target may have (others are
    InvalidTarget). An address is in the VPC if it is in one of its subnets; the VPC's CIDR blocks do not matter. An
    address outside needs an Availability Zone, and one inside keeps that of its subnet
    (kubernetes-sigs/aws-load-balancer-controller, issues 3714, 561 and 3084, have AWS's messages).
    """
    group = target_group(call, call.required("TargetGroupArn"))
    wanted = [checked_target(call, group, one) for one in call.required("Targets")]
    registered = {(one.id, one.port) for one in group.registered()}
    new = {(one.id, one.port): one for one in wanted if (one.id, one.port) not in registered}
    _check_quotas(call, group, list(new.values()))
    group.targets |= new
    return {}


@action(ELB, "DeregisterTargets", fault_kinds=("stuck",))
def deregister_targets(call: Call) -> dict[str, Any]:
    """Let targets drain for the deregistration delay, then remove them (NLB user guide, Deregistration delay)."""
    group = target_group(call, call.required("TargetGroupArn"))
    delay = float(group.attributes[DEREGISTRATION_DELAY] or call.world.durations.target_deregister)
    # Targets that serve no load balancer have no connections to drain.
    delay = delay if call.store.listeners.to(group.arn) else 0.0
    for one in call.required("Targets"):
        named = [target for target in group.targets.values() if target.id == one["Id"]]
        named = [target for target in named if one.get("Port") in {None, target.port}]
        if not named:
            raise AwsError("InvalidTarget", f"The following targets are not registered: '{one['Id']}'")
        for target in named:
            if not target.deregistered:
                target.deregistered, target.gone_at = True, call.due(delay)
    return {}


def _check_quotas(call: Call, group: TargetGroup, new: list[Target]) -> None:
    quotas = call.world.quotas
    check_quota("TooManyTargets", len(group.registered()) + len(new), quotas.targets_per_target_group)
    for arn in {listener.load_balancer_arn for listener in call.store.listeners.to(group.arn)}:
        quotas.check_targets(call.store.load_balancers[arn], [*call.store.targets_behind(arn), *new])


def checked_target(call: Call, group: TargetGroup, one: dict[str, Any]) -> Target:
    """The target that a request describes, registered now; InvalidTarget when it cannot be one of this group."""
    check = {"ip": _check_address, "instance": _check_instance, "alb": _check_load_balancer}
    zone = check[group.settings["TargetType"]](call, group, one)
    return Target(
        id=one["Id"],
        port=int(one.get("Port") or group.settings["Port"]),
        availability_zone=zone,
        registered_at=call.now,
        check_seconds=call.world.durations.target_healthy,
        fault_kind=call.fault.kind if call.fault is not None and (call.stuck or call.failed) else None,
    )


def _check_address(call: Call, group: TargetGroup, one: dict[str, Any]) -> str | None:
    try:
        address = ipaddress.IPv4Address(one["Id"])
    except ValueError:
        raise AwsError("ValidationError", f"The IP address '{one['Id']}' is not a valid IPv4 address") from None
    asked = one.get("AvailabilityZone")
    az_id = network.az_id_of_address(call.account, call.region, group.settings["VpcId"], str(address))
    if az_id is not None:
        zone = call.world.seed.accounts[call.account].az_names[az_id]
        if asked not in {None, zone}:
            raise AwsError(
                "ValidationError",
                f"The IP address '{address}' is within the VPC, and cannot have its Availability Zone overridden to"
                f" '{asked}' from '{zone}'",
            )
        return zone
    if not any(address in allowed for allowed in _OUTSIDE_SUBNETS):
        raise AwsError("InvalidTarget", f"The IP address '{address}' is not within a valid range of the target group")
    if asked is None:
        raise AwsError(
            "ValidationError",
            f"The Availability Zone is required for IP address '{address}' because it is not in the VPC",
        )
    if asked != "all" and asked not in call.world.seed.accounts[call.account].az_names.values():
        raise AwsError(
            "ValidationError",
            "You must specify a valid Availability Zone or select 'all' for all enabled Availability zones, since the"
            f" IP address '{address}' is outside the VPC",
        )
    return str(asked)


def _check_instance(call: Call, group: TargetGroup, one: dict[str, Any]) -> str | None:
    instance = network.find_instance(call.account, call.region, one["Id"])
    if instance is None or instance.vpc_id != group.settings["VpcId"]:
        raise AwsError("InvalidTarget", f"The following targets are not in the target group VPC: '{one['Id']}'")
    if instance.state != "running":
        raise AwsError(
            "InvalidTarget",
            f"The following targets are not in a running state and cannot be registered: '{one['Id']}'",
        )
    return instance.az_name


def _check_load_balancer(call: Call, group: TargetGroup, one: dict[str, Any]) -> str | None:
    balancer = call.store.load_balancers.get(one["Id"])
    if balancer is None or balancer.type != "application" or balancer.vpc_id != group.settings["VpcId"]:
        raise AwsError("InvalidTarget", f"The Application Load Balancer '{one['Id']}' is not in the target group VPC")
    if group.settings["Port"] not in {listener.port for listener in call.store.listeners.on(one["Id"])}:
        raise AwsError("InvalidTarget", f"'{one['Id']}' has no listener on port {group.settings['Port']}")
    return None
