"""Endpoint connections, as the provider sees, accepts and rejects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.aws.actions import Call, action
from sandbox.aws.endpoint_services import endpoint_service, unsuccessful
from sandbox.aws.errors import EC2
from sandbox.aws.selection import filtered, paged

if TYPE_CHECKING:
    from sandbox.aws.state import Connection

_REJECTABLE = {"pendingAcceptance", "pending", "available"}


@action(EC2, "DescribeVpcEndpointConnections", read=True)
def describe_connections(call: Call) -> dict[str, Any]:
    """The connections to this account's services, even rejected ones to services that are gone (aws-nuke 1258)."""
    connections = [one for one in call.store.connections.values() if call.sees(one)]
    fields = {
        "service-id": lambda one: one.service_id,
        "vpc-endpoint-id": lambda one: one.vpc_endpoint_id,
        "vpc-endpoint-owner": lambda one: one.owner,
        "vpc-endpoint-state": lambda one: one.state(call.now),
        "vpc-endpoint-region": lambda _: call.region,
        "ip-address-type": lambda _: "ipv4",
    }
    page, token = paged(call, filtered(call, connections, fields), mark="NextToken", size="MaxResults")
    return {"VpcEndpointConnections": [_description(call, one) for one in page], "NextToken": token or None}


@action(EC2, "AcceptVpcEndpointConnections", fault_kinds=("stuck", "failed", "unsuccessful"))
def accept_connections(call: Call) -> dict[str, Any]:
    """Accept `pendingAcceptance` connections, which become `pending` and later `available`.

    Source for `pending` in between: terraform-provider-aws 19059. What cannot be accepted is in `Unsuccessful`.
    """

    def accept(connection: Connection) -> None:
        connection.accepted = True
        connection.available_at = call.due(call.world.durations.connection_available)
        connection.settles = "failed" if call.failed else "available"

    return _decide(call, {"pendingAcceptance"}, accept)


@action(EC2, "RejectVpcEndpointConnections", fault_kinds=("unsuccessful",))
def reject_connections(call: Call) -> dict[str, Any]:
    """Reject waiting, pending or available connections; what cannot be rejected is in `Unsuccessful`."""

    def reject(connection: Connection) -> None:
        connection.rejected = True

    return _decide(call, _REJECTABLE, reject)


def _decide(call: Call, states: set[str], decide: Any) -> dict[str, Any]:  # noqa: ANN401
    service = endpoint_service(call, call.required("ServiceId"))
    refused = []
    for id_ in call.required("VpcEndpointIds"):
        connection = call.store.connections.get(id_)
        if connection is None or connection.service_id != service.id:
            refused.append(
                unsuccessful(id_, "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{id_}' does not exist")
            )
        elif call.unsuccessful:
            refused.append(unsuccessful(id_, "IncorrectState", f"The connection of '{id_}' cannot be changed now"))
        elif (state := connection.state(call.now)) not in states:
            refused.append(unsuccessful(id_, "InvalidState", f"The connection of '{id_}' is in state {state}"))
        else:
            decide(connection)
    return {"Unsuccessful": refused}


def _description(call: Call, connection: Connection) -> dict[str, Any]:
    return {
        "ServiceId": connection.service_id,
        "VpcEndpointId": connection.vpc_endpoint_id,
        "VpcEndpointOwner": connection.owner,
        "VpcEndpointState": connection.state(call.now),
        "VpcEndpointRegion": call.region,
        "CreationTimestamp": connection.created,
        "DnsEntries": dns_entries(connection),
        "NetworkLoadBalancerArns": _load_balancer_arns(call, connection),
        "IpAddressType": "ipv4",
    }


def dns_entries(connection: Connection) -> list[dict[str, str]]:
    """The regional name first, then one for each zone."""
    return [{"DnsName": name, "HostedZoneId": "Z7HUB22UULQXV"} for name in connection.dns_names]


def _load_balancer_arns(call: Call, connection: Connection) -> list[str]:
    service = call.store.endpoint_services.get(connection.service_id)
    return service.load_balancer_arns if service is not None else []
