"""Load balancers, found by name: `aws_name(link)` is unique in an account and region."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from clouds.aws.codes import DUPLICATE_LOAD_BALANCER, LOAD_BALANCER_NOT_FOUND, is_code
from clouds.aws.endpoint_services import read_ownerships
from clouds.aws.refusals import unseen_twin
from clouds.aws.tags import Ownership
from privatelink.errors import PrivateLinkError
from privatelink.model.names import aws_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef
    from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag

    from clouds.aws.accounts import AwsAccount
    from clouds.aws.calls import AccountCalls
    from privatelink.model.names import Link

ACTIVE = "active"
ACTIVE_IMPAIRED = "active_impaired"
FAILED = "failed"


class FoundLoadBalancer(NamedTuple):
    """A load balancer as AWS shows it. Only `find_load_balancer` reads `ownership`."""

    arn: str
    name: str
    type: str
    scheme: str
    vpc_id: str
    subnets: frozenset[str]
    state: str
    reason: str
    ownership: Ownership = Ownership("", "", complete=False)

    def differences(self, subnets: set[str]) -> list[str]:
        """Why it cannot be the link's load balancer, in words; empty if it fits. AWS cannot change these properties."""
        found = []
        if self.type != "network":
            found.append(f"it is of type {self.type}, not network")
        if self.scheme != "internal":
            found.append(f"it is {self.scheme}, not internal")
        if self.subnets != subnets:
            found.append(f"it is in {', '.join(sorted(self.subnets))}, not in {', '.join(sorted(subnets))}")
        return found


async def find_load_balancer(account: AwsAccount, link: Link) -> FoundLoadBalancer | None:
    """The load balancer with the link's name, ours or foreign (see `ownership`), or None."""
    name = aws_name(link)
    listed = await account.pollers.load_balancers.reading()
    found = next((one for one in listed.values() if one.name == name), None)
    if found is None:
        return None
    ownership = (await read_ownerships(account, [found.arn])).get(found.arn)
    # A load balancer without tags in the answer has been deleted meanwhile.
    return None if ownership is None else found._replace(ownership=ownership)


async def read_load_balancer(account: AccountCalls, arn: str) -> FoundLoadBalancer | None:
    """One load balancer by ARN, without its tags; None when AWS does not have it."""
    try:
        listed = await account.call(
            Bucket.ELB_READ,
            "reading the load balancer",
            arn,
            lambda clients: clients.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"],
        )
    except PrivateLinkError as error:
        if is_code(error, LOAD_BALANCER_NOT_FOUND):
            return None
        raise
    return next((_found(one) for one in listed), None)


async def read_load_balancers(account: AccountCalls) -> dict[str, FoundLoadBalancer]:
    """Every load balancer of the account and region by ARN, without tags. All sagas that wait for one share this."""
    found = await account.call(
        Bucket.ELB_READ,
        "reading the load balancers",
        account.region,
        lambda clients: [
            _found(one)
            for page in clients.elbv2.get_paginator("describe_load_balancers").paginate()
            for one in page["LoadBalancers"]
        ],
    )
    return {one.arn: one for one in found}


async def create_load_balancer(account: AccountCalls, name: str, subnets: Sequence[str], tags: list[ElbTag]) -> str:
    """Create an internal IPv4 Network Load Balancer in these subnets (CreateLoadBalancer). Returns its ARN.

    For the same settings AWS returns the existing load balancer. Raises `NotYet` when one that AWS does not show
    yet already has the name.
    """
    try:
        return await account.call(
            Bucket.ELB_WRITE,
            "creating the load balancer",
            name,
            lambda clients: clients.elbv2.create_load_balancer(
                Name=name, Type="network", Scheme="internal", IpAddressType="ipv4", Subnets=subnets, Tags=tags
            )["LoadBalancers"][0]["LoadBalancerArn"],
        )
    except PrivateLinkError as error:
        if is_code(error, DUPLICATE_LOAD_BALANCER):
            raise unseen_twin("load balancer", name) from None
        raise


async def set_cross_zone(account: AccountCalls, arn: str, *, unseen_until: datetime) -> None:
    """Let a target in one AZ serve endpoints in all of them (ModifyLoadBalancerAttributes)."""
    await account.call(
        Bucket.ELB_WRITE,
        "setting cross-zone balancing on the load balancer",
        arn,
        lambda clients: clients.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
        ),
        unseen_until=unseen_until,
    )


async def is_deletion_protected(account: AccountCalls, arn: str) -> bool:
    """Whether deletion protection is on (DescribeLoadBalancerAttributes); False when it is gone."""
    try:
        answer = await account.call(
            Bucket.ELB_READ,
            "reading the attributes of the load balancer",
            arn,
            lambda clients: clients.elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn),
        )
    except PrivateLinkError as error:
        if is_code(error, LOAD_BALANCER_NOT_FOUND):
            return False
        raise
    attributes = {one.get("Key"): one.get("Value") for one in answer.get("Attributes", [])}
    return attributes.get("deletion_protection.enabled") == "true"


async def delete_load_balancer(account: AccountCalls, arn: str) -> None:
    """Ask for its deletion, and that of its listeners (DeleteLoadBalancer). Success if it is already gone.

    Raises `NotYet` while an endpoint service uses it, even one that is being deleted.
    """
    try:
        await account.call(
            Bucket.ELB_WRITE,
            "deleting the load balancer",
            arn,
            lambda clients: clients.elbv2.delete_load_balancer(LoadBalancerArn=arn),
        )
    except PrivateLinkError as error:
        if not is_code(error, LOAD_BALANCER_NOT_FOUND):
            raise


def _found(one: LoadBalancerTypeDef) -> FoundLoadBalancer:
    state = one.get("State", {})
    return FoundLoadBalancer(
        arn=one.get("LoadBalancerArn", ""),
        name=one.get("LoadBalancerName", ""),
        type=str(one.get("Type", "")),
        scheme=str(one.get("Scheme", "")),
        vpc_id=one.get("VpcId", ""),
        subnets=frozenset(zone["SubnetId"] for zone in one.get("AvailabilityZones", []) if "SubnetId" in zone),
        state=str(state.get("Code", "")),
        reason=state.get("Reason", ""),
    )
