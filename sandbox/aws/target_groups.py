"""Target groups and their attributes."""

from __future__ import annotations

import re
from typing import Any

from sandbox.aws import network
from sandbox.aws.actions import Call, action
from sandbox.aws.errors import ELB, AwsError
from sandbox.aws.ids import elb_arn, new_elb_id
from sandbox.aws.quotas import CROSS_ZONE, check_quota
from sandbox.aws.selection import paged
from sandbox.aws.state import TargetGroup
from sandbox.aws.tags import described, tags_from

_NLB_PROTOCOLS = ("TCP", "TLS", "UDP", "TCP_UDP")
_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
_RANGES = {
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
}
_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "",
    "stickiness.enabled": "false",
    "stickiness.type": "source_ip",
    "proxy_protocol_v2.enabled": "false",
    "preserve_client_ip.enabled": "false",
    "deregistration_delay.connection_termination.enabled": "false",
    CROSS_ZONE: "use_load_balancer_configuration",
}
DEREGISTRATION_DELAY = "deregistration_delay.timeout_seconds"


@action(ELB, "CreateTargetGroup", fault_kinds=("not_visible",))
def create_target_group(call: Call) -> dict[str, Any]:
    """Create a target group; a repeat with the same settings returns it, others are DuplicateTargetGroupName.

    API_CreateTargetGroup: "This operation is idempotent". Tags do not count as settings; a repeat does not change them.
    """
    name = call.required("Name")
    if not _NAME.fullmatch(name):
        raise AwsError(
            "ValidationError",
            f"Target group name '{name}' can have at most 32 characters, only alphanumeric ones or hyphens(-), and"
            " cannot begin or end with '-'",
        )
    settings = _settings(call)
    for group in call.store.target_groups.values():
        if group.name == name:
            if group.settings != settings:
                raise AwsError(
                    "DuplicateTargetGroupName",
                    f"A target group with the same name '{name}' exists, but with different settings",
                )
            return {"TargetGroups": [_description(call, group)]}
    tags = tags_from(call.params.get("Tags"))
    had = len(call.store.target_groups)
    check_quota("TooManyTargetGroups", had + 1, call.world.quotas.target_groups_per_region)
    arn = elb_arn(call.region, call.account, f"targetgroup/{name}/{new_elb_id()}")
    group = TargetGroup(arn=arn, name=name, settings=settings, tags=tags, attributes=dict(_ATTRIBUTES), **call.birth())
    call.store.target_groups[arn] = group
    return {"TargetGroups": [_description(call, group)]}


@action(ELB, "DescribeTargetGroups", read=True)
def describe_target_groups(call: Call) -> dict[str, Any]:
    """List by ARNs, names or load balancer; an absent ARN or name fails the whole call (TargetGroupNotFound)."""
    groups = [group for group in call.store.target_groups.values() if call.sees(group)]
    names, arns = call.params.get("Names") or [], call.params.get("TargetGroupArns") or []
    if set(names) - {group.name for group in groups} or set(arns) - {group.arn for group in groups}:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    if names or arns:
        groups = [group for group in groups if group.name in names or group.arn in arns]
    if balancer := call.params.get("LoadBalancerArn"):
        groups = [group for group in groups if balancer in _load_balancer_arns(call, group)]
    page, marker = paged(call, groups, mark="Marker", size="PageSize", default=400)
    return {"TargetGroups": [_description(call, group) for group in page], "NextMarker": marker or None}


@action(ELB, "DeleteTargetGroup", fault_kinds=("stuck",))
def delete_target_group(call: Call) -> dict[str, Any]:
    """Delete a target group; ResourceInUse while a listener uses it, and for a short time after.

    Source for the lag: Terraform retries for two minutes (terraform-provider-aws, elbv2/target_group.go).
    """
    group = target_group(call, call.required("TargetGroupArn"))
    if call.store.listeners.to(group.arn) or call.now < group.released_at:
        raise AwsError("ResourceInUse", f"Target group '{group.arn}' is currently in use by a listener or a rule")
    if not call.stuck:
        del call.store.target_groups[group.arn]
    return {}


@action(ELB, "DescribeTargetGroupAttributes", read=True)
def describe_target_group_attributes(call: Call) -> dict[str, Any]:
    """All attributes; a deregistration delay that was never set is shown as AWS's default, 300 seconds."""
    group = target_group(call, call.required("TargetGroupArn"))
    shown = group.attributes | {DEREGISTRATION_DELAY: group.attributes[DEREGISTRATION_DELAY] or "300"}
    return {"Attributes": described(shown)}


@action(ELB, "ModifyTargetGroupAttributes")
def modify_target_group_attributes(call: Call) -> dict[str, Any]:
    """Set known attributes; an unknown key is a ValidationError."""
    group = target_group(call, call.required("TargetGroupArn"))
    wanted = {pair["Key"]: pair["Value"] for pair in call.required("Attributes")}
    for key in wanted:
        if key not in _ATTRIBUTES:
            raise AwsError("ValidationError", f"Target group attribute key '{key}' is not recognized")
    group.attributes.update(wanted)
    return {"Attributes": described(wanted)}


def target_group(call: Call, arn: str) -> TargetGroup:
    """The target group with that ARN, even if reads do not show it yet; otherwise TargetGroupNotFound."""
    group = call.store.target_groups.get(arn)
    if group is None or call.overlooks:
        raise AwsError("TargetGroupNotFound", f"Target groups '{arn}' not found")
    return group


def _settings(call: Call) -> dict[str, Any]:
    kind = call.params.get("TargetType") or "instance"
    protocol, port, vpc_id = call.required("Protocol"), int(call.required("Port")), call.required("VpcId")
    if kind not in {"instance", "ip", "alb"} or protocol not in _NLB_PROTOCOLS:
        raise AwsError(
            "ValidationError", f"The sandbox has no target group of type '{kind}' with protocol '{protocol}'"
        )
    if kind == "alb" and protocol != "TCP":
        raise AwsError("ValidationError", "The protocol of a target group of type 'alb' must be TCP")
    if network.vpc_cidrs(call.account, call.region, vpc_id) is None:
        raise AwsError("ValidationError", f"The VPC ID '{vpc_id}' is not found")
    check = call.params.get("HealthCheckProtocol") or ("HTTP" if kind == "alb" else "TCP")
    if check not in {"TCP", "HTTP", "HTTPS"}:
        raise AwsError("ValidationError", f"Health check protocol '{check}' must be one of 'TCP', 'HTTP', 'HTTPS'")
    settings: dict[str, Any] = {
        "TargetType": kind,
        "Protocol": protocol,
        "Port": port,
        "VpcId": vpc_id,
        "IpAddressType": call.params.get("IpAddressType") or "ipv4",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": check,
        "HealthCheckPort": call.params.get("HealthCheckPort") or "traffic-port",
        "HealthCheckIntervalSeconds": int(call.params.get("HealthCheckIntervalSeconds") or 30),
        "HealthCheckTimeoutSeconds": int(call.params.get("HealthCheckTimeoutSeconds") or (10 if check == "TCP" else 6)),
        "HealthyThresholdCount": int(call.params.get("HealthyThresholdCount") or 5),
        "UnhealthyThresholdCount": int(call.params.get("UnhealthyThresholdCount") or 2),
    }
    if check != "TCP":
        settings["HealthCheckPath"] = call.params.get("HealthCheckPath") or "/"
        settings["Matcher"] = call.params.get("Matcher") or {"HttpCode": "200-399"}
    for name, (least, most) in _RANGES.items():
        if not least <= settings[name] <= most:
            raise AwsError("ValidationError", f"{name} '{settings[name]}' must be between '{least}-{most}' inclusive")
    if settings["HealthCheckTimeoutSeconds"] > settings["HealthCheckIntervalSeconds"]:
        raise AwsError("ValidationError", "Health check timeout must be smaller than or equal to the interval")
    return settings


def _load_balancer_arns(call: Call, group: TargetGroup) -> list[str]:
    return sorted({listener.load_balancer_arn for listener in call.store.listeners.to(group.arn)})


def _description(call: Call, group: TargetGroup) -> dict[str, Any]:
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        **group.settings,
        "LoadBalancerArns": _load_balancer_arns(call, group),
    }
