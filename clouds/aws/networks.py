"""The customer's own resources, which a link uses and never changes: subnets, VPCs, network interfaces, instances."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_ec2.type_defs import SubnetTypeDef

    from clouds.aws.calls import AccountCalls


_PAGE = 1000
"""Maximum MaxResults of DescribeNetworkInterfaces. Without one, AWS may put all interfaces of a VPC in one answer."""


class FoundSubnet(NamedTuple):
    """A subnet. `free`: number of free addresses. `owner`: its account, which is another one if the VPC is shared.

    `cidr`: its IPv4 block; None if it has only IPv6.
    """

    subnet_id: str
    vpc_id: str
    az_id: str
    free: int
    owner: str
    cidr: ipaddress.IPv4Network | None = None


class FoundVpc(NamedTuple):
    """A VPC: its IPv4 blocks, including those added later, and its subnets.

    If another account shares the VPC with this one, `subnets` has only the shared subnets. Elastic Load Balancing goes
    by all subnets, not by the blocks (kubernetes-sigs/aws-load-balancer-controller, issue 3714).
    """

    blocks: tuple[ipaddress.IPv4Network, ...] = ()
    subnets: tuple[FoundSubnet, ...] = ()

    def subnet_of(self, address: str) -> FoundSubnet | None:
        """The subnet that contains the address, or None."""
        ip = ipaddress.IPv4Address(address)
        return next((one for one in self.subnets if one.cidr and ip in one.cidr), None)

    def has(self, address: str) -> bool:
        """Whether the address is in one of the blocks, even if in no subnet."""
        return any(ipaddress.IPv4Address(address) in block for block in self.blocks)


class HeldAddresses(NamedTuple):
    """The single addresses and whole prefixes that the network interfaces of a VPC hold."""

    addresses: frozenset[str]
    prefixes: tuple[ipaddress.IPv4Network, ...]

    def hold(self, address: str) -> bool:
        """Whether an interface has the address, singly or within a prefix."""
        return address in self.addresses or any(ipaddress.IPv4Address(address) in one for one in self.prefixes)


class FoundInstance(NamedTuple):
    """An EC2 instance."""

    instance_id: str
    vpc_id: str
    subnet_id: str
    state: str


async def find_subnets(account: AccountCalls, subnet_ids: Sequence[str]) -> dict[str, FoundSubnet]:
    """Those of the subnets that exist, by id (DescribeSubnets with a filter, which ignores absent ones)."""
    found = await _subnets(account, "reading the subnets", ", ".join(subnet_ids), "subnet-id", subnet_ids)
    return {one.subnet_id: one for one in found}


async def read_vpc(account: AccountCalls, vpc_id: str) -> FoundVpc:
    """The blocks and subnets of a VPC (DescribeVpcs, DescribeSubnets)."""
    blocks = await account.call(
        Bucket.EC2_READ,
        "reading the VPC",
        vpc_id,
        lambda clients: tuple(
            ipaddress.IPv4Network(block["CidrBlock"])
            for vpc in clients.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
            for block in vpc.get("CidrBlockAssociationSet", [])
            if block.get("CidrBlockState", {}).get("State", "associated") == "associated" and "CidrBlock" in block
        ),
    )
    subnets = await _subnets(account, "reading the subnets of the VPC", vpc_id, "vpc-id", [vpc_id])
    return FoundVpc(blocks, subnets)


async def _subnets(
    account: AccountCalls, doing: str, resource: str, name: str, values: Sequence[str]
) -> tuple[FoundSubnet, ...]:
    return await account.call(
        Bucket.EC2_READ,
        doing,
        resource,
        lambda clients: tuple(
            _subnet(one)
            for page in clients.ec2.get_paginator("describe_subnets").paginate(
                Filters=[{"Name": name, "Values": values}]
            )
            for one in page["Subnets"]
        ),
    )


def _subnet(one: SubnetTypeDef) -> FoundSubnet:
    return FoundSubnet(
        subnet_id=one.get("SubnetId", ""),
        vpc_id=one.get("VpcId", ""),
        az_id=one.get("AvailabilityZoneId", ""),
        free=one.get("AvailableIpAddressCount", 0),
        owner=one.get("OwnerId", ""),
        cidr=ipaddress.IPv4Network(one["CidrBlock"]) if one.get("CidrBlock") else None,
    )


async def read_held_addresses(account: AccountCalls, vpc_id: str) -> HeldAddresses:
    """The addresses and prefixes that network interfaces of the VPC have (DescribeNetworkInterfaces)."""
    interfaces = await account.call(
        Bucket.EC2_READ,
        "reading the network interfaces of the VPC",
        vpc_id,
        lambda clients: [
            one
            for page in clients.ec2.get_paginator("describe_network_interfaces").paginate(
                Filters=[{"Name": "vpc-id", "Values": [vpc_id]}], PaginationConfig={"PageSize": _PAGE}
            )
            for one in page["NetworkInterfaces"]
        ],
    )
    return HeldAddresses(
        frozenset(
            address.get("PrivateIpAddress", "") for one in interfaces for address in one.get("PrivateIpAddresses", [])
        ),
        tuple(
            ipaddress.IPv4Network(prefix["Ipv4Prefix"])
            for one in interfaces
            for prefix in one.get("Ipv4Prefixes", [])
            if "Ipv4Prefix" in prefix
        ),
    )


async def find_instances(account: AccountCalls, instance_ids: Sequence[str]) -> dict[str, FoundInstance]:
    """Those of the instances that exist, by id (DescribeInstances with a filter, which ignores absent ones)."""
    listed = await account.call(
        Bucket.EC2_READ,
        "reading the instances",
        ", ".join(instance_ids),
        lambda clients: [
            one
            for page in clients.ec2.get_paginator("describe_instances").paginate(
                Filters=[{"Name": "instance-id", "Values": instance_ids}]
            )
            for reservation in page["Reservations"]
            for one in reservation.get("Instances", [])
        ],
    )
    found = (
        FoundInstance(
            instance_id=one.get("InstanceId", ""),
            vpc_id=one.get("VpcId", ""),
            subnet_id=one.get("SubnetId", ""),
            state=one.get("State", {}).get("Name", ""),
        )
        for one in listed
    )
    return {one.instance_id: one for one in found}
