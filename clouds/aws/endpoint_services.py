"""Endpoint services, found by tag: they cannot have a name of ours, and a remembered id may be another attempt's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from clouds.aws.codes import ENDPOINT_SERVICE_NOT_FOUND, is_code
from clouds.aws.tags import TAG_VPC_ENDPOINT, Ownership, read_elb_tags, tag_dict
from clouds.aws.unsuccessful import raise_unsuccessful
from privatelink.errors import EndpointServiceFailed, PrivateLinkError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_ec2.type_defs import ServiceConfigurationTypeDef
    from mypy_boto3_ec2.type_defs import TagTypeDef as Ec2Tag

    from clouds.aws.accounts import AwsAccount
    from clouds.aws.calls import AccountCalls
    from privatelink.model.names import Link

AVAILABLE = "Available"
PENDING = "Pending"
FAILED = "Failed"
LEAVING = frozenset({"Deleting", "Deleted"})
DELETED = "Deleted"


class FoundEndpointService(NamedTuple):
    """An endpoint service as AWS shows it. `vpc_endpoint_id`: the link's endpoint, empty until that is proven."""

    service_id: str
    service_name: str
    link: str
    saga_id: str
    complete: bool
    load_balancer_arns: tuple[str, ...]
    state: str
    vpc_endpoint_id: str
    mode: str = ""

    @property
    def ownership(self) -> Ownership:
        """Which link and saga it belongs to."""
        return Ownership(self.link, self.saga_id, self.complete, self.mode)

    @property
    def is_live(self) -> bool:
        """Whether it is neither being deleted nor deleted. AWS lists a deleted one for a while."""
        return self.state not in LEAVING


async def find_endpoint_service(account: AwsAccount, link: Link) -> FoundEndpointService | None:
    """The link's live endpoint service. Of several (leftovers), it prefers a complete one, then an available one."""
    live = [found for found in await find_endpoint_services(account, link) if found.is_live]
    return max(live, key=lambda found: (found.complete, found.state == AVAILABLE, found.service_id), default=None)


async def find_endpoint_services(account: AwsAccount, link: Link) -> list[FoundEndpointService]:
    """Every endpoint service of the link that is not deleted, including those that are being deleted."""
    return [
        found
        for found in await account.pollers.endpoint_services.reading()
        if found.ownership.belongs_to(link) and found.state != DELETED
    ]


async def read_ownerships(account: AwsAccount, arns: Sequence[str]) -> dict[str, Ownership]:
    """Who owns load balancers, target groups or listeners, by ARN. Those deleted meanwhile are left out.

    A resource of a link is complete when the link's live endpoint service is, whatever its own tags say: a create marks
    the endpoint service first, and may end before it has marked the rest.
    """
    found = {arn: Ownership.of(tags) for arn, tags in (await read_elb_tags(account, arns)).items()}
    if all(one.complete or not one.link for one in found.values()):
        return found
    services = await account.pollers.endpoint_services.reading()
    complete = {service.link for service in services if service.complete and service.is_live}
    return {arn: one._replace(complete=one.complete or one.link in complete) for arn, one in found.items()}


async def read_endpoint_services(account: AccountCalls) -> list[FoundEndpointService]:
    """Every endpoint service of the account and region (DescribeVpcEndpointServiceConfigurations).

    Not filtered, because filters by tag are not reliable everywhere, and one reading serves all sagas.
    """
    return await account.call(
        Bucket.EC2_READ,
        "reading the endpoint services",
        account.region,
        lambda clients: [
            _found(one)
            for page in clients.ec2.get_paginator("describe_vpc_endpoint_service_configurations").paginate()
            for one in page["ServiceConfigurations"]
        ],
    )


async def read_allowed_principals(
    account: AccountCalls, service_id: str, *, unseen_until: datetime | None = None
) -> list[str]:
    """The ARNs that may connect (DescribeVpcEndpointServicePermissions); empty when the service is gone.

    Raises `NotYet` for a service that AWS does not show yet, until `unseen_until`.
    """
    try:
        return await account.call(
            Bucket.EC2_READ,
            "reading the allowed principals of the endpoint service",
            service_id,
            lambda clients: [
                one["Principal"]
                for page in clients.ec2.get_paginator("describe_vpc_endpoint_service_permissions").paginate(
                    ServiceId=service_id
                )
                for one in page["AllowedPrincipals"]
                if "Principal" in one
            ],
            unseen_until=unseen_until,
        )
    except PrivateLinkError as error:
        if error.waiting_helps or not is_code(error, *ENDPOINT_SERVICE_NOT_FOUND):
            raise
        return []


async def create_endpoint_service(
    account: AccountCalls, load_balancer_arn: str, token: str, tags: list[Ec2Tag], *, unseen_until: datetime
) -> tuple[str, str]:
    """Create an IPv4 endpoint service that requires acceptance (CreateVpcEndpointServiceConfiguration).

    Returns its id and name. A repeated call with the same `token` returns the same endpoint service. AWS does this even
    after it was deleted, which raises `EndpointServiceFailed`.
    """
    made = await account.call(
        Bucket.SERVICE_CREATE,
        "creating the endpoint service over",
        load_balancer_arn,
        lambda clients: clients.ec2.create_vpc_endpoint_service_configuration(
            AcceptanceRequired=True,
            NetworkLoadBalancerArns=[load_balancer_arn],
            SupportedIpAddressTypes=["ipv4"],
            ClientToken=token,
            TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tags}],
        )["ServiceConfiguration"],
        unseen_until=unseen_until,
    )
    service_id, service_name = made.get("ServiceId", ""), made.get("ServiceName", "")
    if not service_name or made.get("ServiceState") in LEAVING:
        raise EndpointServiceFailed(
            f"creating the endpoint service ({service_id}): someone deleted it since this create made it",
            resource=service_id,
            next_step="create the link again",
        )
    return service_id, service_name


async def add_principal(account: AccountCalls, service_id: str, arn: str, *, unseen_until: datetime) -> None:
    """Allow one ARN to connect (ModifyVpcEndpointServicePermissions, a set operation)."""
    await account.call(
        Bucket.EC2_WRITE,
        "adding an allowed principal to the endpoint service",
        service_id,
        lambda clients: clients.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=service_id, AddAllowedPrincipals=[arn]
        ),
        unseen_until=unseen_until,
    )


async def remove_principals(account: AccountCalls, service_id: str, arns: list[str]) -> None:
    """Stop allowing these ARNs. Success if the service is gone."""
    try:
        await account.call(
            Bucket.EC2_WRITE,
            "removing the allowed principals of the endpoint service",
            service_id,
            lambda clients: clients.ec2.modify_vpc_endpoint_service_permissions(
                ServiceId=service_id, RemoveAllowedPrincipals=arns
            ),
        )
    except PrivateLinkError as error:
        if not is_code(error, *ENDPOINT_SERVICE_NOT_FOUND):
            raise


async def delete_endpoint_service(account: AccountCalls, service_id: str) -> None:
    """Ask for its deletion (DeleteVpcEndpointServiceConfigurations). Success if it is already gone.

    Raises `NotYet` while it has endpoint connections.
    """
    doing = "deleting the endpoint service"
    answer = await account.call(
        Bucket.SERVICE_DELETE,
        doing,
        service_id,
        lambda clients: clients.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service_id]),
    )
    raise_unsuccessful(
        answer.get("Unsuccessful", []),
        doing,
        operation="DeleteVpcEndpointServiceConfigurations",
        acts_as=account.acts_as,
        done=ENDPOINT_SERVICE_NOT_FOUND,
    )


def _found(one: ServiceConfigurationTypeDef) -> FoundEndpointService:
    tags = tag_dict(one.get("Tags", []))
    ownership = Ownership.of(tags)
    return FoundEndpointService(
        service_id=one.get("ServiceId", ""),
        service_name=one.get("ServiceName", ""),
        link=ownership.link,
        saga_id=ownership.saga_id,
        complete=ownership.complete,
        load_balancer_arns=tuple(one.get("NetworkLoadBalancerArns", [])),
        state=one.get("ServiceState", PENDING),
        vpc_endpoint_id=tags.get(TAG_VPC_ENDPOINT, ""),
        mode=ownership.mode,
    )
