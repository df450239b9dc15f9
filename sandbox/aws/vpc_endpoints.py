"""VPC endpoints: the consumer's end of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.aws import network
from sandbox.aws.actions import Call, action
from sandbox.aws.client_tokens import made_before, remember
from sandbox.aws.endpoint_connections import dns_entries
from sandbox.aws.endpoint_services import unsuccessful
from sandbox.aws.errors import EC2, AwsError
from sandbox.aws.ids import new_dns_suffix, new_id
from sandbox.aws.quotas import check_quota
from sandbox.aws.selection import filtered, paged
from sandbox.aws.state import Connection, EndpointService, Store
from sandbox.aws.tags import described, tags_from_specifications

if TYPE_CHECKING:
    from sandbox.aws.network import SubnetView


@action(EC2, "CreateVpcEndpoint", fault_kinds=("not_visible", "stuck", "failed"))
def create_vpc_endpoint(call: Call) -> dict[str, Any]:
    """Request a connection to an endpoint service of any account. Honours ClientToken.

    InvalidServiceName when no service has that name or the caller is no allowed principal (AWS does not distinguish
    these); InvalidParameter when a subnet's AZ ID is not one of the service's (create-endpoint-service).
    """
    if made := made_before(call):
        return {"VpcEndpoint": _description(call, _endpoint(call, made))}
    store, service = _service(call, call.required("ServiceName"))
    if network.vpc_cidrs(call.account, call.region, call.required("VpcId")) is None:
        raise AwsError("InvalidVpcId.NotFound", f"The vpc ID '{call.params['VpcId']}' does not exist")
    subnets = _checked_subnets(call, service)
    had = [one for one in _owned(call) if one.vpc_id == call.params["VpcId"] and one.state(call.now) != "deleted"]
    check_quota("VpcEndpointLimitExceeded", len(had) + 1, call.world.quotas.interface_endpoints_per_vpc)
    tags = tags_from_specifications(call, "vpc-endpoint")
    id_ = new_id("vpce-")
    birth = call.birth()
    connection = Connection(
        vpc_endpoint_id=id_,
        service_id=service.id,
        service_name=service.name,
        owner=call.account,
        vpc_id=call.params["VpcId"],
        subnet_ids=[one.id for one in subnets],
        dns_names=_dns_names(id_, service, call.region, subnets),
        # A stuck one waits forever, as if nobody decided and AWS's seven days never ended.
        expires_at=call.due(call.world.durations.connection_expires),
        tags=tags,
        **birth,
    )
    if call.failed or not service.acceptance_required:
        connection.accepted = True
        connection.available_at = call.due(call.world.durations.connection_available)
        connection.settles = "failed" if call.failed else "available"
    store.connections[id_] = connection
    remember(call, id_)
    return {"VpcEndpoint": _description(call, connection), "ClientToken": call.params.get("ClientToken")}


@action(EC2, "DescribeVpcEndpoints", read=True)
def describe_vpc_endpoints(call: Call) -> dict[str, Any]:
    """The endpoints of this account; one absent id fails the whole call (InvalidVpcEndpointId.NotFound)."""
    endpoints = [one for one in _owned(call) if call.sees(one) and one.state(call.now) != "deleted"]
    if ids := call.params.get("VpcEndpointIds"):
        for id_ in ids:
            if id_ not in {one.vpc_endpoint_id for one in endpoints}:
                raise _not_found(id_)
        endpoints = [one for one in endpoints if one.vpc_endpoint_id in ids]
    fields = {
        "vpc-endpoint-id": lambda one: one.vpc_endpoint_id,
        "vpc-endpoint-state": lambda one: one.state(call.now),
        "vpc-endpoint-type": lambda _: "Interface",
        "service-name": lambda one: one.service_name,
        "vpc-id": lambda one: one.vpc_id,
    }
    page, token = paged(call, filtered(call, endpoints, fields), mark="NextToken", size="MaxResults")
    return {"VpcEndpoints": [_description(call, one) for one in page], "NextToken": token or None}


@action(EC2, "DeleteVpcEndpoints", fault_kinds=("stuck", "unsuccessful"))
def delete_vpc_endpoints(call: Call) -> dict[str, Any]:
    """Begin deleting endpoints; the connection is `deleting`, then `deleted`, and is still listed for a while."""
    refused = []
    for id_ in call.required("VpcEndpointIds"):
        found = next((one for one in _owned(call) if one.vpc_endpoint_id == id_), None)
        if found is None or found.state(call.now) == "deleted":
            refused.append(
                unsuccessful(id_, "InvalidVpcEndpoint.NotFound", f"The Vpc Endpoint Id '{id_}' does not exist")
            )
        elif call.unsuccessful:
            refused.append(unsuccessful(id_, "IncorrectState", f"'{id_}' is not in a state to be deleted"))
        elif not found.deletion_requested:
            found.deletion_requested = True
            found.deleted_at = call.due(call.world.durations.vpc_endpoint_delete)
            found.gone_at = found.deleted_at + call.world.durations.connection_listed
    return {"Unsuccessful": refused}


def _owned(call: Call) -> list[Connection]:
    stores = call.world.stores_in(call.region)
    return [one for store in stores for one in store.connections.values() if one.owner == call.account]


def _endpoint(call: Call, id_: str) -> Connection:
    for one in _owned(call):
        if one.vpc_endpoint_id == id_:
            return one
    raise _not_found(id_)


def _not_found(id_: str) -> AwsError:
    return AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{id_}' does not exist")


def _service(call: Call, name: str) -> tuple[Store, EndpointService]:
    for store in call.world.stores_in(call.region):
        for service in store.endpoint_services.values():
            if service.name == name and _allowed(call, store, service) and call.sees(service):
                state = service.state(call.now)
                if state == "Pending" or (state == "Available" and call.now < service.reachable_at):
                    raise AwsError("Unavailable", f"The service '{name}' is not available yet", 503)
                if state == "Available":
                    return store, service
    raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")


def _allowed(call: Call, store: Store, service: EndpointService) -> bool:
    """Whether the caller may connect: as the owner, or as an allowed principal (everybody, its account or itself)."""
    principals = {"*", f"arn:aws:iam::{call.account}:root", call.principal}
    return store.account == call.account or bool(principals & set(service.principals))


def _checked_subnets(call: Call, service: EndpointService) -> list[SubnetView]:
    subnets = []
    for id_ in call.required("SubnetIds"):
        subnet = network.find_subnet(call.account, call.region, id_)
        if subnet is None or subnet.vpc_id != call.params["VpcId"]:
            raise AwsError("InvalidSubnetId.NotFound", f"The subnet ID '{id_}' does not exist")
        if subnet.az_id not in service.az_ids:
            raise AwsError(
                "InvalidParameter",
                f"The VPC endpoint service {service.name} does not support the availability zone of the subnet: {id_}.",
            )
        subnets.append(subnet)
    if len({one.az_id for one in subnets}) < len(subnets):
        raise AwsError("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone")
    return subnets


def _dns_names(id_: str, service: EndpointService, region: str, subnets: list[SubnetView]) -> list[str]:
    suffix, domain = new_dns_suffix(), f"{service.id}.{region}.vpce.amazonaws.com"
    return [f"{id_}-{suffix}.{domain}", *(f"{id_}-{suffix}-{one.az_name}.{domain}" for one in subnets)]


def _description(call: Call, connection: Connection) -> dict[str, Any]:
    return {
        "VpcEndpointId": connection.vpc_endpoint_id,
        "VpcEndpointType": "Interface",
        "VpcId": connection.vpc_id,
        "ServiceName": connection.service_name,
        "State": connection.state(call.now),
        "SubnetIds": connection.subnet_ids,
        "DnsEntries": dns_entries(connection),
        "IpAddressType": "ipv4",
        "PrivateDnsEnabled": False,
        "RequesterManaged": False,
        "CreationTimestamp": connection.created,
        "OwnerId": connection.owner,
        "Tags": described(connection.tags),
    }
