"""The health of targets, computed from their registration, the listeners that forward to them, and the network."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

from sandbox.aws import network
from sandbox.aws.actions import Call, action
from sandbox.aws.errors import ELB
from sandbox.aws.state import NEVER, Store, Target, TargetGroup
from sandbox.aws.target_groups import target_group
from sandbox.aws.targets import checked_target

Interfaces = dict[tuple[str, str], list[Any]]

_REGISTRATION = 0.3
"""Fraction of `check_seconds` that AWS calls registration; the rest is initial health checking."""


@action(ELB, "DescribeTargetHealth", read=True)
def describe_target_health(call: Call) -> dict[str, Any]:
    """The state and reason of the registered targets, or of those asked for.

    Source: NLB user guide, Target health status. A target is `unused` until a listener forwards to the group.
    InvalidTarget for what cannot be a target of the group.
    """
    group = target_group(call, call.required("TargetGroupArn"))
    targets = [target for target in group.targets.values() if call.now < target.gone_at]
    asked = call.params.get("Targets") or []
    shown = targets if not asked else [_asked(call, targets, group, one) for one in asked]
    holding = network.interfaces(call.account, call.region)
    return {
        "TargetHealthDescriptions": [
            _description(group, one, health(call.store, call.now, holding, group, one)) for one in shown
        ]
    }


def _asked(call: Call, targets: list[Target], group: TargetGroup, one: dict[str, Any]) -> Target:
    port = int(one.get("Port") or group.settings["Port"])
    for target in targets:
        if (target.id, target.port) == (one["Id"], port):
            return target
    return replace(checked_target(call, group, one), registered_at=NEVER)


def health(store: Store, now: float, holding: Interfaces, group: TargetGroup, target: Target) -> dict[str, str]:
    """State, Reason and Description of one target; `holding` is `network.interfaces` of the store's account."""
    if target.registered_at == NEVER:
        return _state("unused", "Target.NotRegistered", "Target is not registered to the target group")
    if target.deregistered:
        return _state("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
    if unusable := _unusable(store, holding, group, target):
        return unusable
    listeners = [one for one in store.listeners.to(group.arn) if one.is_seen(now)]
    if not listeners:
        return _state("unused", "Target.NotInUse", "Target group is not configured to receive traffic")
    if not _zone_enabled(store, target, {one.load_balancer_arn for one in listeners}):
        return _state(
            "unused",
            "Target.NotInUse",
            "Target is in an Availability Zone that is not enabled for the load balancer",
        )
    # The load balancer's nodes do the health checks, and it has none before it is active (assumed: no public source).
    served = min(max(one.since, store.load_balancers[one.load_balancer_arn].settled_at) for one in listeners)
    began = max(target.registered_at, served)
    return _checked(target, now, began, answers=_answers(store, holding, group, target))


def _unusable(store: Store, holding: Interfaces, group: TargetGroup, target: Target) -> dict[str, str] | None:
    """The state of a target that cannot be used even with a listener; None for a usable one."""
    kind, vpc_id = group.settings["TargetType"], group.settings["VpcId"]
    if kind == "ip" and any(one.requester_managed for one in holding.get((vpc_id, target.id), ())):
        return _state("unused", "Target.IpUnusable", "Target IP address is reserved for use by a load balancer")
    if kind == "instance":
        instance = network.find_instance(store.account, store.region, target.id)
        if instance is None or instance.state != "running":
            state = instance.state if instance is not None else "terminated"
            return _state("unused", "Target.InvalidState", f"Target is in the {state} state")
    return None


def _checked(target: Target, now: float, began: float, *, answers: bool) -> dict[str, str]:
    takes = target.check_seconds
    if target.fault_kind == "stuck" or now < began + takes:
        if now < began + takes * _REGISTRATION:
            return _state("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
        return _state("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
    if target.fault_kind == "failed" or not answers:
        return _state("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
    return {"State": "healthy"}


def _zone_enabled(store: Store, target: Target, balancers: set[str]) -> bool:
    """Whether the target's zone is enabled; one without a zone (an ALB, an outside address) is used from every zone."""
    if target.availability_zone in {None, "all"}:
        return True
    return any(
        zone["ZoneName"] == target.availability_zone for arn in balancers for zone in store.load_balancers[arn].zones
    )


def _answers(store: Store, holding: Interfaces, group: TargetGroup, target: Target) -> bool:
    """Whether the target answers; an address in the VPC does only if a network interface has it."""
    if group.settings["TargetType"] != "ip":
        return True
    vpc_id = group.settings["VpcId"]
    cidrs = network.vpc_cidrs(store.account, store.region, vpc_id) or []
    inside = any(ipaddress.ip_address(target.id) in cidr for cidr in cidrs)
    return not inside or (vpc_id, target.id) in holding


def _state(state: str, reason: str, description: str) -> dict[str, str]:
    return {"State": state, "Reason": reason, "Description": description}


def _description(group: TargetGroup, target: Target, health: dict[str, str]) -> dict[str, Any]:
    named: dict[str, Any] = {"Id": target.id, "Port": target.port}
    if target.availability_zone is not None:
        named["AvailabilityZone"] = target.availability_zone
    check = group.settings["HealthCheckPort"]
    return {
        "Target": named,
        "HealthCheckPort": str(target.port) if check == "traffic-port" else check,
        "TargetHealth": health,
    }
