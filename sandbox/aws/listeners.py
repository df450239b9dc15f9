"""Listeners: ports of an NLB that forward to target groups."""

from __future__ import annotations

from typing import Any

from sandbox.aws.actions import Call, action
from sandbox.aws.errors import ELB, AwsError
from sandbox.aws.ids import new_elb_id
from sandbox.aws.load_balancers import load_balancer, release_target_groups
from sandbox.aws.quotas import LISTENERS_PER_LOAD_BALANCER, check_quota
from sandbox.aws.selection import paged
from sandbox.aws.state import Listener, LoadBalancer, TargetGroup
from sandbox.aws.tags import tags_from
from sandbox.aws.target_groups import target_group

_PROTOCOLS = ("TCP", "UDP", "TCP_UDP", "TLS")


@action(ELB, "CreateListener", fault_kinds=("not_visible",))
def create_listener(call: Call) -> dict[str, Any]:
    """Create a listener; a repeat with the same settings returns it, other settings are DuplicateListener.

    API_CreateListener: "This operation is idempotent".
    """
    balancer = load_balancer(call, call.required("LoadBalancerArn"))
    protocol, port = call.required("Protocol"), int(call.required("Port"))
    if protocol not in _PROTOCOLS:
        raise AwsError("ValidationError", f"Listener protocol '{protocol}' must be one of '{', '.join(_PROTOCOLS)}'")
    groups = [target_group(call, arn) for arn in _forwarded_to(call.required("DefaultActions"))]
    for listener in call.store.listeners.on(balancer.arn):
        if listener.port == port:
            if listener.protocol != protocol or listener.target_group_arns != [one.arn for one in groups]:
                raise AwsError(
                    "DuplicateListener", "A listener already exists on this port for this load balancer, differently"
                )
            return {"Listeners": [_description(listener)]}
    for group in groups:
        _check_target_group(call, balancer, protocol, group)
    check_quota("TooManyListeners", len(call.store.listeners.on(balancer.arn)) + 1, LISTENERS_PER_LOAD_BALANCER)
    call.world.quotas.check_targets(balancer, call.store.targets_behind(balancer.arn, *(one.arn for one in groups)))
    arn = f"{balancer.arn.replace(':loadbalancer/', ':listener/')}/{new_elb_id()}"
    listener = Listener(
        arn=arn,
        load_balancer_arn=balancer.arn,
        port=port,
        protocol=protocol,
        target_group_arns=[one.arn for one in groups],
        since=call.now,
        tags=tags_from(call.params.get("Tags")),
        **call.birth(),
    )
    call.store.listeners[arn] = listener
    return {"Listeners": [_description(listener)]}


@action(ELB, "DescribeListeners", read=True)
def describe_listeners(call: Call) -> dict[str, Any]:
    """List by load balancer or ARNs; one that is absent fails the whole call."""
    listeners = [one for one in call.store.listeners.values() if call.sees(one)]
    if arns := call.params.get("ListenerArns"):
        if absent := set(arns) - {one.arn for one in listeners}:
            raise AwsError("ListenerNotFound", f"One or more listeners not found: {sorted(absent)}")
        listeners = [one for one in listeners if one.arn in arns]
    else:
        balancer = call.store.load_balancers.get(call.required("LoadBalancerArn"))
        if balancer is None or not call.sees(balancer):
            raise AwsError("LoadBalancerNotFound", "One or more load balancers not found")
        listeners = [one for one in listeners if one.load_balancer_arn == balancer.arn]
    page, marker = paged(call, listeners, mark="Marker", size="PageSize", default=400)
    return {"Listeners": [_description(one) for one in page], "NextMarker": marker or None}


@action(ELB, "DeleteListener", fault_kinds=("stuck",))
def delete_listener(call: Call) -> dict[str, Any]:
    """Delete a listener; its target group becomes deletable a little later. ListenerNotFound when absent."""
    listener = call.store.listeners.get(call.required("ListenerArn"))
    if listener is None:
        raise AwsError("ListenerNotFound", "One or more listeners not found")
    if not call.stuck:
        del call.store.listeners[listener.arn]
        release_target_groups(call, listener.target_group_arns)
    return {}


def _forwarded_to(actions: list[dict[str, Any]]) -> list[str]:
    for one in actions:
        if one.get("Type") != "forward":
            raise AwsError("InvalidLoadBalancerAction", "A Network Load Balancer's listener can only forward")
    direct = [one["TargetGroupArn"] for one in actions if one.get("TargetGroupArn")]
    configured = [
        group["TargetGroupArn"]
        for one in actions
        for group in (one.get("ForwardConfig") or {}).get("TargetGroups") or []
    ]
    arns = sorted({*direct, *configured})
    if not arns:
        raise AwsError("ValidationError", "A target group ARN must be specified")
    return arns


def _check_target_group(call: Call, balancer: LoadBalancer, protocol: str, group: TargetGroup) -> None:
    if group.settings["VpcId"] != balancer.vpc_id:
        raise AwsError(
            "InvalidConfigurationRequest", f"The target group '{group.arn}' is not in the VPC of the load balancer"
        )
    if group.settings["Protocol"] != ("TCP" if protocol == "TLS" else protocol):
        raise AwsError(
            "IncompatibleProtocols",
            f"Protocol {group.settings['Protocol']} of the target group does not go with listener protocol {protocol}",
        )
    if any(one.load_balancer_arn != balancer.arn for one in call.store.listeners.to(group.arn)):
        raise AwsError(
            "TargetGroupAssociationLimit",
            f"The following target groups cannot be associated with more than one load balancer: {group.arn}",
        )


def _description(listener: Listener) -> dict[str, Any]:
    forward = {"TargetGroups": [{"TargetGroupArn": arn} for arn in listener.target_group_arns]}
    action_: dict[str, Any] = {"Type": "forward", "ForwardConfig": forward}
    if len(listener.target_group_arns) == 1:
        action_["TargetGroupArn"] = listener.target_group_arns[0]
    return {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": [action_],
    }
