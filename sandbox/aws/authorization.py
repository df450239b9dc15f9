"""The permissions that a call needs (IAM actions, resources and condition keys), and the refusal without them.

Source for which action takes which resource and which key: Service Authorization Reference, "Actions, resources, and
condition keys" of Amazon EC2 and of AWS Elastic Load Balancing V2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.aws.errors import EC2, ELB, AwsError
from sandbox.aws.policies import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.aws.actions import Call
    from sandbox.aws.state import Store, Thing

ALWAYS_ALLOWED = ("sts", "GetCallerIdentity")
"""The action that needs no permissions (API_GetCallerIdentity)."""

_BY_ARN = {
    "CreateListener": "LoadBalancerArn",
    "DeleteListener": "ListenerArn",
    "DeleteLoadBalancer": "LoadBalancerArn",
    "DeleteTargetGroup": "TargetGroupArn",
    "DeregisterTargets": "TargetGroupArn",
    "ModifyLoadBalancerAttributes": "LoadBalancerArn",
    "ModifyTargetGroupAttributes": "TargetGroupArn",
    "RegisterTargets": "TargetGroupArn",
    "AddTags": "ResourceArns",
    "RemoveTags": "ResourceArns",
}
_BY_SERVICE_ID = {
    "AcceptVpcEndpointConnections": "ServiceId",
    "DeleteVpcEndpointServiceConfigurations": "ServiceIds",
    "DescribeVpcEndpointServicePermissions": "ServiceId",
    "ModifyVpcEndpointServiceConfiguration": "ServiceId",
    "ModifyVpcEndpointServicePermissions": "ServiceId",
    "RejectVpcEndpointConnections": "ServiceId",
    "CreateTags": "Resources",
    "DeleteTags": "Resources",
}


def needs(call: Call) -> Iterator[Asked]:
    """Every permission that a call of one of our actions needs. A create with tags also needs the tagging action."""
    service, name = call.action.service, call.action.name
    request = _keys("aws:RequestTag/", _request_tags(call.params))
    action = f"{service}:{name}"
    if service == ELB and name in {"CreateLoadBalancer", "CreateTargetGroup"}:
        kind = "loadbalancer/net" if name == "CreateLoadBalancer" else "targetgroup"
        new = f"arn:aws:{ELB}:{call.region}:{call.account}:{kind}/{call.params.get('Name', '')}/*"
        yield Asked(action, new, request)
        yield from _tagging(call, "AddTags", new, request)
    elif service == ELB and name in _BY_ARN:
        for arn in _many(call.params.get(_BY_ARN[name])):
            yield Asked(action, arn, request | _resource_tags(call.store, arn))
            if name == "CreateListener":
                yield from _tagging(call, "AddTags", arn.replace(":loadbalancer/", ":listener/") + "/*", request)
    elif service == EC2 and name == "CreateVpcEndpointServiceConfiguration":
        new = _service_arn(call, "*")
        yield Asked(action, new, request)
        yield from _tagging(call, "CreateTags", new, request)
    elif service == EC2 and name in _BY_SERVICE_ID:
        for id_ in _many(call.params.get(_BY_SERVICE_ID[name])):
            yield Asked(action, _service_arn(call, id_), request | _resource_tags(call.store, id_))
    else:
        yield Asked(action)


def not_allowed(asked: Asked, principal: str) -> AwsError:
    """EC2 says UnauthorizedOperation, others AccessDenied (EC2 error codes; ELB CommonErrors); both name the action."""
    service, _, _ = asked.action.partition(":")
    sentence = (
        f"User: {principal} is not authorized to perform: {asked.action} on resource: {asked.resource}"
        f" because no identity-based policy allows the {asked.action} action"
    )
    if service == EC2:
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {sentence}.", 403)
    return AwsError("AccessDenied", sentence, 403)


def _tagging(call: Call, action: str, resource: str, request: dict[str, str]) -> Iterator[Asked]:
    if request:
        service = call.action.service
        yield Asked(f"{service}:{action}", resource, {**request, f"{service}:CreateAction": call.action.name})


def _service_arn(call: Call, id_: str) -> str:
    return f"arn:aws:{EC2}:{call.region}:{call.account}:vpc-endpoint-service/{id_}"


def _request_tags(params: dict[str, Any]) -> dict[str, str]:
    pairs = [*(params.get("Tags") or [])]
    for specification in params.get("TagSpecifications") or []:
        pairs.extend(specification.get("Tags") or [])
    return {pair["Key"]: pair.get("Value", "") for pair in pairs}


def _resource_tags(store: Store, id_or_arn: str) -> dict[str, str]:
    """The resource's tags as condition keys, even if reads do not show it yet; none when it does not exist."""
    things: tuple[Mapping[str, Any], ...] = (
        store.load_balancers,
        store.target_groups,
        store.listeners,
        store.endpoint_services,
    )
    found: Thing | None = next((kind[id_or_arn] for kind in things if id_or_arn in kind), None)
    return _keys("aws:ResourceTag/", found.tags) if found is not None else {}


def _keys(prefix: str, tags: dict[str, str]) -> dict[str, str]:
    return {prefix + key: value for key, value in tags.items()}


def _many(value: Any) -> list[str]:  # noqa: ANN401  one id or several, as the botocore models have it
    return [value] if isinstance(value, str) else list(value or [])
