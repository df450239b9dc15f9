"""Endpoint connections: requests of VPC endpoints to connect to our endpoint services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from clouds.aws.budgets import Bucket
from clouds.aws.unsuccessful import raise_unsuccessful

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import VpcEndpointConnectionTypeDef

    from clouds.aws.accounts import AwsAccount
    from clouds.aws.calls import AccountCalls

PENDING_ACCEPTANCE = "pendingAcceptance"
AVAILABLE = "available"
ACCEPTED = frozenset({"pending", AVAILABLE})
"""States after an accept, which leads from pendingAcceptance to pending and available (terraform-provider-aws
PR #19059)."""
LIVE = ACCEPTED | {PENDING_ACCEPTANCE}
ENDED = frozenset({"rejected", "expired", "failed", "deleting", "deleted"})


class FoundConnection(NamedTuple):
    """An endpoint connection as AWS shows it. `owner`: the account (12 digits) that owns the VPC endpoint.

    `dns_names`: the endpoint's name for the whole region, then those of its AZs, in AWS's order; empty until AWS shows
    any.
    """

    service_id: str
    vpc_endpoint_id: str
    owner: str
    state: str
    created_at: datetime
    dns_names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For a person who has to distinguish it from others."""
        since = f"{self.created_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.vpc_endpoint_id} of account {self.owner}, {self.state}, since {since}"

    @property
    def state_word(self) -> str:
        """The state as LIVE and ENDED spell it; some AWS tools write `PendingAcceptance`."""
        return self.state[:1].lower() + self.state[1:]

    @property
    def is_live(self) -> bool:
        """Whether it is pending or accepted, which blocks the deletion of its endpoint service."""
        return self.state_word in LIVE

    @property
    def has_ended(self) -> bool:
        """Whether it is rejected, expired, failed, being deleted or deleted."""
        return self.state_word in ENDED


async def read_endpoint_connections(account: AccountCalls) -> list[FoundConnection]:
    """Every endpoint connection of the account and region (DescribeVpcEndpointConnections).

    Not filtered, because one reading serves all sagas, and AWS has been seen to refuse the filter by endpoint id
    (terraform-provider-aws PR #48442).
    """
    return await account.call(
        Bucket.EC2_READ,
        "reading the endpoint connections",
        account.region,
        lambda clients: [
            _found(one)
            for page in clients.ec2.get_paginator("describe_vpc_endpoint_connections").paginate()
            for one in page["VpcEndpointConnections"]
        ],
    )


async def find_connections_of(account: AwsAccount, service_id: str) -> list[FoundConnection]:
    """The connections to one endpoint service, including ended ones for as long as AWS lists them."""
    return [found for found in await account.pollers.endpoint_connections.reading() if found.service_id == service_id]


async def accept_connection(account: AccountCalls, service_id: str, vpc_endpoint_id: str) -> None:
    """Accept one connection (AcceptVpcEndpointConnections). Raises if AWS lists it as unsuccessful."""
    doing = "accepting the endpoint connection"
    answer = await account.call(
        Bucket.CONNECTION_ACCEPT,
        doing,
        vpc_endpoint_id,
        lambda clients: clients.ec2.accept_vpc_endpoint_connections(
            ServiceId=service_id, VpcEndpointIds=[vpc_endpoint_id]
        ),
    )
    raise_unsuccessful(
        answer.get("Unsuccessful", []), doing, operation="AcceptVpcEndpointConnections", acts_as=account.acts_as
    )


async def reject_connection(account: AccountCalls, service_id: str, vpc_endpoint_id: str) -> None:
    """Reject one connection, accepted or not (RejectVpcEndpointConnections). Raises if AWS lists it as unsuccessful."""
    doing = "rejecting the endpoint connection"
    answer = await account.call(
        Bucket.CONNECTION_REJECT,
        doing,
        vpc_endpoint_id,
        lambda clients: clients.ec2.reject_vpc_endpoint_connections(
            ServiceId=service_id, VpcEndpointIds=[vpc_endpoint_id]
        ),
    )
    raise_unsuccessful(
        answer.get("Unsuccessful", []), doing, operation="RejectVpcEndpointConnections", acts_as=account.acts_as
    )


def _found(one: VpcEndpointConnectionTypeDef) -> FoundConnection:
    texts = cast("dict[str, str]", one)  # boto3's stubs lack the transit gateway fields
    return FoundConnection(
        service_id=one.get("ServiceId", ""),
        # A transit gateway connects without a VPC endpoint (API_VpcEndpointConnection). An empty id would match every
        # link that does not know its own endpoint yet.
        vpc_endpoint_id=texts.get("VpcEndpointId") or texts.get("TransitGatewayAttachmentId") or "(no id)",
        owner=texts.get("VpcEndpointOwner") or texts.get("TransitGatewayAttachmentOwner", ""),
        state=str(one.get("VpcEndpointState", "")),
        created_at=one.get("CreationTimestamp", datetime.fromtimestamp(0, UTC)),
        dns_names=tuple(name for entry in one.get("DnsEntries", []) if (name := entry.get("DnsName"))),
    )
