"""Network load balancers and their attributes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.aws import network
from sandbox.aws.actions import Call, action
from sandbox.aws.errors import ELB, AwsError
from sandbox.aws.ids import elb_arn, new_elb_id
from sandbox.aws.quotas import CROSS_ZONE, check_quota
from sandbox.aws.selection import paged
from sandbox.aws.state import EndpointService, LoadBalancer
from sandbox.aws.tags import described, tags_from

if TYPE_CHECKING:
    from sandbox.aws.network import SubnetView

_NAME = re.compile(r"(?!-|internal-)[A-Za-z0-9-]{1,32}(?<!-)")
_FREE_ADDRESSES = 8
_ATTRIBUTES = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    CROSS_ZONE: "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "zonal_shift.config.enabled": "false",
}
_PROTECTION = "deletion_protection.enabled"


@action(ELB, "CreateLoadBalancer", fault_kinds=("not_visible", "stuck", "failed", "impaired"))
def create_load_balancer(call: Call) -> dict[str, Any]:
    """Create an NLB, at first `provisioning`; a repeat with the same settings returns it, others are Duplicate*.

    API_CreateLoadBalancer: "This operation is idempotent"; the name rules are those of its Name parameter. Tags do not
    count as settings.
    """
    name = call.required("Name")
    if not _NAME.fullmatch(name):
        raise AwsError(
            "ValidationError",
            f"The load balancer name '{name}' can have at most 32 characters, only alphanumeric ones or hyphens,"
            " cannot begin or end with a hyphen, and cannot begin with 'internal-'",
        )
    if call.params.get("Type") != "network":
        raise AwsError("ValidationError", "The sandbox makes load balancers of type 'network' only")
    settings = _settings(call)
    for balancer in call.store.load_balancers.values():
        if balancer.name == name:
            if balancer.settings != settings or balancer.deletion_requested:
                raise AwsError(
                    "DuplicateLoadBalancerName",
                    f"A load balancer with the same name '{name}' exists, but with different settings",
                )
            return {"LoadBalancers": [_description(call, balancer)]}
    subnets = _checked_subnets(call, settings["Subnets"])
    _check_security_groups(call, settings["SecurityGroups"])
    _check_scheme(settings["Scheme"], subnets)
    tags = tags_from(call.params.get("Tags"))
    had = [one for one in call.store.load_balancers.values() if one.type == "network"]
    check_quota("TooManyLoadBalancers", len(had) + 1, call.world.quotas.load_balancers_per_region)
    id_ = new_elb_id()
    arn = elb_arn(call.region, call.account, f"loadbalancer/net/{name}/{id_}")
    balancer = LoadBalancer(
        arn=arn,
        name=name,
        type="network",
        vpc_id=subnets[0].vpc_id,
        settings=settings,
        zones=[{"ZoneName": one.az_name, "SubnetId": one.id, "LoadBalancerAddresses": []} for one in subnets],
        settled_at=call.due(call.world.durations.load_balancer_active),
        settles="failed" if call.failed else "active_impaired" if call.impaired else "active",
        attributes=dict(_ATTRIBUTES),
        interface_ids=[
            network.take_address(call.account, call.region, one.id, f"ELB net/{name}/{id_}") for one in subnets
        ],
        tags=tags,
        **call.birth(),
    )
    call.store.load_balancers[arn] = balancer
    return {"LoadBalancers": [_description(call, balancer)]}


@action(ELB, "DescribeLoadBalancers", read=True)
def describe_load_balancers(call: Call) -> dict[str, Any]:
    """List by ARNs or names; one that is absent fails the whole call (LoadBalancerNotFound)."""
    balancers = [one for one in call.store.load_balancers.values() if call.sees(one)]
    names, arns = call.params.get("Names") or [], call.params.get("LoadBalancerArns") or []
    absent = [*(set(names) - {one.name for one in balancers}), *(set(arns) - {one.arn for one in balancers})]
    if absent:
        raise AwsError("LoadBalancerNotFound", f"Load balancers '{sorted(absent)}' not found")
    if names or arns:
        balancers = [one for one in balancers if one.name in names or one.arn in arns]
    page, marker = paged(call, balancers, mark="Marker", size="PageSize", default=400)
    return {"LoadBalancers": [_description(call, one) for one in page], "NextMarker": marker or None}


@action(ELB, "DeleteLoadBalancer", fault_kinds=("stuck",))
def delete_load_balancer(call: Call) -> dict[str, Any]:
    """Delete an NLB and its listeners; succeeds too when there is no such NLB (API_DeleteLoadBalancer).

    OperationNotPermitted under deletion protection; ResourceInUse while an endpoint service has it, even one that is
    being deleted.
    """
    balancer = call.store.load_balancers.get(call.required("LoadBalancerArn"))
    if balancer is None or balancer.deletion_requested:
        return {}
    if balancer.attributes[_PROTECTION] == "true":
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{balancer.arn}' cannot be deleted because deletion protection is enabled",
        )
    if service_with(call, balancer.arn) is not None:
        raise AwsError(
            "ResourceInUse",
            f"Load balancer '{balancer.arn}' cannot be deleted because it is currently associated with another service",
        )
    for listener in call.store.listeners.on(balancer.arn):
        del call.store.listeners[listener.arn]
        release_target_groups(call, listener.target_group_arns)
    balancer.deletion_requested = True
    balancer.gone_at = call.due(call.world.durations.load_balancer_delete)
    return {}


@action(ELB, "DescribeLoadBalancerAttributes", read=True)
def describe_load_balancer_attributes(call: Call) -> dict[str, Any]:
    """All attributes of a load balancer."""
    balancer = load_balancer(call, call.required("LoadBalancerArn"))
    if not call.sees(balancer):
        raise _not_found(balancer.arn)
    return {"Attributes": described(balancer.attributes)}


@action(ELB, "ModifyLoadBalancerAttributes")
def modify_load_balancer_attributes(call: Call) -> dict[str, Any]:
    """Set known attributes; an unknown key is InvalidConfigurationRequest."""
    balancer = load_balancer(call, call.required("LoadBalancerArn"))
    wanted = {pair["Key"]: pair["Value"] for pair in call.required("Attributes")}
    for key in wanted:
        if key not in _ATTRIBUTES:
            raise AwsError("InvalidConfigurationRequest", f"Load balancer attribute key '{key}' is not recognized")
    balancer.attributes.update(wanted)
    return {"Attributes": described(balancer.attributes)}


def load_balancer(call: Call, arn: str) -> LoadBalancer:
    """The load balancer with that ARN, even if reads do not show it yet; otherwise LoadBalancerNotFound."""
    balancer = call.store.load_balancers.get(arn)
    if balancer is None or (balancer.deletion_requested and not call.action.read):
        raise _not_found(arn)
    return balancer


def service_with(call: Call, arn: str) -> EndpointService | None:
    """The endpoint service that has the load balancer, if any; one that is being deleted still has it."""
    services = (one for one in call.store.endpoint_services.values() if arn in one.load_balancer_arns)
    return next((one for one in services if one.state(call.now) != "Deleted"), None)


def release_target_groups(call: Call, arns: list[str]) -> None:
    """Let the target groups that no listener uses any more become deletable a little later."""
    for arn in arns:
        if not call.store.listeners.to(arn) and arn in call.store.target_groups:
            call.store.target_groups[arn].released_at = call.now + call.world.durations.target_group_release


def _not_found(arn: str) -> AwsError:
    return AwsError("LoadBalancerNotFound", f"Load balancer '{arn}' not found")


def _settings(call: Call) -> dict[str, Any]:
    mapped = [one["SubnetId"] for one in call.params.get("SubnetMappings") or []]
    return {
        "Type": "network",
        "Scheme": call.params.get("Scheme") or "internet-facing",
        "IpAddressType": call.params.get("IpAddressType") or "ipv4",
        "Subnets": sorted([*(call.params.get("Subnets") or []), *mapped]),
        "SecurityGroups": sorted(call.params.get("SecurityGroups") or []),
    }


def _checked_subnets(call: Call, ids: list[str]) -> list[SubnetView]:
    """Check the subnets: one per zone, one VPC, eight free addresses in each (NLB user guide, Availability Zones)."""
    if not ids:
        raise AwsError("ValidationError", "You must specify either subnets or subnet mappings")
    subnets = []
    for id_ in ids:
        subnet = network.find_subnet(call.account, call.region, id_)
        if subnet is None:
            raise AwsError("SubnetNotFound", f"The subnet ID '{id_}' does not exist")
        subnets.append(subnet)
    if len({one.vpc_id for one in subnets}) > 1:
        raise AwsError("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
    if len({one.az_id for one in subnets}) < len(subnets):
        raise AwsError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    for one in subnets:
        if one.free < _FREE_ADDRESSES:
            raise AwsError(
                "InvalidSubnet",
                f"Not enough IP space available in {one.id}. ELB requires at least {_FREE_ADDRESSES} free IP addresses"
                " in each subnet.",
            )
    return subnets


def _check_security_groups(call: Call, ids: list[str]) -> None:
    for id_ in ids:
        if not network.has_security_group(call.account, call.region, id_):
            raise AwsError("InvalidSecurityGroup", f"Security group '{id_}' does not exist")


def _check_scheme(scheme: str, subnets: list[SubnetView]) -> None:
    """Refuse an internet-facing NLB, as AWS would in a VPC without an internet gateway, which no seeded VPC has."""
    if scheme not in {"internal", "internet-facing"}:
        raise AwsError("InvalidScheme", f"The requested scheme '{scheme}' is not valid")
    if scheme != "internal":
        raise AwsError("InvalidSubnet", f"VPC {subnets[0].vpc_id} has no internet gateway")


def _description(call: Call, balancer: LoadBalancer) -> dict[str, Any]:
    state: dict[str, str] = {"Code": balancer.state(call.now)}
    if state["Code"] == "failed":
        state["Reason"] = "The load balancer could not be provisioned"
    return {
        "LoadBalancerArn": balancer.arn,
        "LoadBalancerName": balancer.name,
        "DNSName": f"{balancer.name}-{balancer.arn.rsplit('/', 1)[-1]}.elb.{call.region}.amazonaws.com",
        "CanonicalHostedZoneId": "Z26RNL4JYFTOTI",
        "CreatedTime": balancer.created,
        "Scheme": balancer.settings["Scheme"],
        "Type": balancer.type,
        "IpAddressType": balancer.settings["IpAddressType"],
        "VpcId": balancer.vpc_id,
        "State": state,
        "AvailabilityZones": balancer.zones,
        "SecurityGroups": balancer.settings["SecurityGroups"],
    }
