"""VPC endpoint services, which the API calls service configurations."""

from __future__ import annotations

from typing import Any

from sandbox.aws import network
from sandbox.aws.actions import Call, action
from sandbox.aws.client_tokens import made_before, remember
from sandbox.aws.errors import EC2, AwsError
from sandbox.aws.ids import endpoint_service_name, new_id
from sandbox.aws.load_balancers import service_with
from sandbox.aws.selection import filtered, paged
from sandbox.aws.state import EndpointService, LoadBalancer
from sandbox.aws.tags import described, tags_from_specifications

_BLOCKING = {"pendingAcceptance", "pending", "available"}
"""States of connections that keep their service from being changed (EC2: ExistingVpcEndpointConnections)."""
_CONNECTED = "Service has existing active VPC Endpoint connections!"


@action(EC2, "CreateVpcEndpointServiceConfiguration", fault_kinds=("not_visible", "stuck", "failed"))
def create_endpoint_service(call: Call) -> dict[str, Any]:
    """Create an endpoint service, at first `Pending`, on active NLBs that no other one uses. Honours ClientToken.

    "One NLB belongs to at most one endpoint service": vpc/latest/privatelink/create-endpoint-service.
    """
    if made := made_before(call):
        service = call.store.endpoint_services.get(made)
        # AWS keeps answering a token with what it created, even when that is gone.
        return {"ServiceConfiguration": _description(call, service) if service else {"ServiceId": made}}
    if call.params.get("GatewayLoadBalancerArns"):
        raise AwsError("UnsupportedOperation", "The sandbox has no Gateway Load Balancers")
    balancers = [_checked_balancer(call, arn) for arn in call.required("NetworkLoadBalancerArns")]
    tags = tags_from_specifications(call, "vpc-endpoint-service")
    id_ = new_id("vpce-svc-")
    zones = {zone["SubnetId"]: zone["ZoneName"] for balancer in balancers for zone in balancer.zones}
    views = [view for view in (network.find_subnet(call.account, call.region, one) for one in zones) if view]
    settled_at = call.due(call.world.durations.endpoint_service_available)
    service = EndpointService(
        id=id_,
        name=endpoint_service_name(call.region, id_),
        load_balancer_arns=[one.arn for one in balancers],
        acceptance_required=call.params.get("AcceptanceRequired", True),
        az_ids=sorted({view.az_id for view in views}),
        az_names=sorted({view.az_name for view in views}),
        settled_at=settled_at,
        reachable_at=settled_at + call.world.durations.endpoint_service_reachable,
        settles="Failed" if call.failed else "Available",
        tags=tags,
        **call.birth(),
    )
    call.store.endpoint_services[id_] = service
    remember(call, id_)
    return {"ServiceConfiguration": _description(call, service), "ClientToken": call.params.get("ClientToken")}


@action(EC2, "DescribeVpcEndpointServiceConfigurations", read=True)
def describe_endpoint_services(call: Call) -> dict[str, Any]:
    """List by ids or filters, for a while also `Deleting` and `Deleted` ones. One absent id fails the whole call."""
    services = [one for one in call.store.endpoint_services.values() if call.sees(one)]
    if ids := call.params.get("ServiceIds"):
        for id_ in ids:
            if id_ not in {one.id for one in services}:
                raise service_not_found(id_)
        services = [one for one in services if one.id in ids]
    fields = {
        "service-id": lambda one: one.id,
        "service-name": lambda one: one.name,
        "service-state": lambda one: one.state(call.now),
        "supported-ip-address-types": lambda _: "ipv4",
    }
    page, token = paged(call, filtered(call, services, fields), mark="NextToken", size="MaxResults")
    return {"ServiceConfigurations": [_description(call, one) for one in page], "NextToken": token or None}


@action(EC2, "ModifyVpcEndpointServiceConfiguration")
def modify_endpoint_service(call: Call) -> dict[str, Any]:
    """Change whether acceptance is required, or the NLBs; the last NLB cannot be removed.

    The NLBs cannot be changed while endpoints are connected or wait for acceptance (EC2:
    ExistingVpcEndpointConnections).
    """
    service = endpoint_service(call, call.required("ServiceId"))
    added = [_checked_balancer(call, arn).arn for arn in call.params.get("AddNetworkLoadBalancerArns") or []]
    removed = call.params.get("RemoveNetworkLoadBalancerArns") or []
    left = [arn for arn in [*service.load_balancer_arns, *added] if arn not in removed]
    if not left:
        raise AwsError("InvalidParameter", "An endpoint service must have at least one load balancer")
    if (added or removed) and _has_connections(call, service.id):
        raise AwsError("ExistingVpcEndpointConnections", _CONNECTED)
    service.load_balancer_arns = left
    service.acceptance_required = call.params.get("AcceptanceRequired", service.acceptance_required)
    return {"Return": True}


@action(EC2, "DeleteVpcEndpointServiceConfigurations", fault_kinds=("stuck", "unsuccessful"))
def delete_endpoint_services(call: Call) -> dict[str, Any]:
    """Begin deleting services. Always answers 200; what cannot be deleted is in `Unsuccessful`.

    ExistingVpcEndpointConnections while endpoints are connected or wait for acceptance.
    InvalidVpcEndpointService.NotFound (not ...ServiceId) for an absent one (openshift/hypershift PR 2700).
    """
    results = [_deleted(call, id_) for id_ in call.required("ServiceIds")]
    return {"Unsuccessful": [one for one in results if one is not None]}


def endpoint_service(call: Call, id_: str) -> EndpointService:
    """The service with that id, even if reads do not show it yet.

    InvalidVpcEndpointServiceId.NotFound when absent or `Deleted`; IncorrectState when `Deleting`.
    """
    service = call.store.endpoint_services.get(id_)
    if service is None or service.state(call.now) == "Deleted" or call.overlooks:
        raise service_not_found(id_)
    if service.state(call.now) == "Deleting":
        raise AwsError("IncorrectState", f"The VpcEndpointService '{id_}' is being deleted")
    return service


def unsuccessful(id_: str, code: str, message: str) -> dict[str, Any]:
    """An item of `Unsuccessful`."""
    return {"ResourceId": id_, "Error": {"Code": code, "Message": message}}


def service_not_found(id_: str) -> AwsError:
    """The error for an absent service where the call itself fails; `Unsuccessful` spells it differently."""
    return AwsError("InvalidVpcEndpointServiceId.NotFound", f"The VpcEndpointService Id '{id_}' does not exist")


def _deleted(call: Call, id_: str) -> dict[str, Any] | None:
    service = call.store.endpoint_services.get(id_)
    state = service.state(call.now) if service is not None else "Deleted"
    if service is None or state == "Deleted":
        return unsuccessful(
            id_, "InvalidVpcEndpointService.NotFound", f"The VpcEndpointService Id '{id_}' does not exist"
        )
    if call.unsuccessful:
        return unsuccessful(id_, "IncorrectState", f"The VpcEndpointService '{id_}' is not in a state to be deleted")
    if _has_connections(call, id_):
        return unsuccessful(id_, "ExistingVpcEndpointConnections", _CONNECTED)
    if state != "Deleting":
        service.deletion_requested = True
        service.deleted_at = call.due(call.world.durations.endpoint_service_delete)
        service.gone_at = service.deleted_at + call.world.durations.endpoint_service_listed
    return None


def _has_connections(call: Call, id_: str) -> bool:
    connections = (one for one in call.store.connections.values() if one.service_id == id_)
    return any(one.state(call.now) in _BLOCKING for one in connections)


def _checked_balancer(call: Call, arn: str) -> LoadBalancer:
    balancer = call.store.load_balancers.get(arn)
    if balancer is None or balancer.deletion_requested or balancer.type != "network":
        raise AwsError("InvalidParameter", f"The Network Load Balancer '{arn}' does not exist")
    if service_with(call, arn) is not None:
        raise AwsError(
            "InvalidParameter",
            f"The following load balancers are already associated with another VPC endpoint service: {arn}",
        )
    if balancer.state(call.now) not in {"active", "active_impaired"}:
        raise AwsError("InvalidParameter", f"The Network Load Balancer '{arn}' is not in the active state")
    return balancer


def _description(call: Call, service: EndpointService) -> dict[str, Any]:
    return {
        "ServiceId": service.id,
        "ServiceName": service.name,
        "ServiceState": service.state(call.now),
        "ServiceType": [{"ServiceType": "Interface"}],
        "AvailabilityZones": service.az_names,
        "AvailabilityZoneIds": service.az_ids,
        "AcceptanceRequired": service.acceptance_required,
        "ManagesVpcEndpoints": False,
        "NetworkLoadBalancerArns": service.load_balancer_arns,
        "SupportedIpAddressTypes": ["ipv4"],
        "BaseEndpointDnsNames": [f"{service.id}.{call.region}.vpce.amazonaws.com"],
        "Tags": described(service.tags),
    }
