"""The customer's own things that a link stands on and never changes: subnets, VPCs, network interfaces, instances."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_ec2.type_defs import SubnetTypeDef

    from clouds.aws.calls import AccountCalls


_PAGE = 1000
"""DescribeNetworkInterfaces, MaxResults: the most. Without it AWS may put all of a VPC's interfaces into one answer."""


class FoundSubnet(NamedTuple):
    """A subnet with its count of `free` addresses. `owner`: its account, another one's where the VPC is shared.

    `cidr` is its IPv4 block, None where it has IPv6 alone.
    """

    subnet_id: str
    vpc_id: str
    az_id: str
    free: int
    owner: str
    cidr: ipaddress.IPv4Network | None = None


class FoundVpc(NamedTuple):
    """A VPC: its IPv4 blocks, those added later included, and its subnets.

    Where others share the VPC with this account, the subnets are those that are shared. Elastic Load Balancing goes by
    all of them, not by the blocks (kubernetes-sigs/aws-load-balancer-controller, issue 3714).
    """

    blocks: tuple[ipaddress.IPv4Network, ...] = ()
    subnets: tuple[FoundSubnet, ...] = ()

    def subnet_of(self, address: str) -> FoundSubnet | None:
        """The subnet that an address is in, or None."""
        ip = ipaddress.IPv4Address(address)
        return next((one for one in self.subnets if one.cidr and ip in one.cidr), None)

    def has(self, address: str) -> bool:
        """Whether an address is in one of the blocks, in a subnet or not."""
        return any(ipaddress.IPv4Address(address) in block for block in self.blocks)


class HeldAddresses(NamedTuple):
    """What the network interfaces of a VPC have: single addresses, and whole prefixes."""

    addresses: frozenset[str]
    prefixes: tuple[ipaddress.IPv4Network, ...]

    def hold(self, address: str) -> bool:
        """Whether an interface has the address, by itself or within a prefix."""
        return address in self.addresses or any(ipaddress.IPv4Address(address) in one for one in self.prefixes)


class FoundInstance(NamedTuple):
    """An EC2 instance."""

    instance_id: str
    vpc_id: str
    subnet_id: str
    state: str


async def find_subnets(account: AccountCalls, subnet_ids: Sequence[str]) -> dict[str, FoundSubnet]:
    """Those of the subnets that there are, by id (DescribeSubnets by filter, which does not mind absent ones)."""
    found = await _subnets(account, "reading the subnets", ", ".join(subnet_ids), "subnet-id", subnet_ids)
    return {one.subnet_id: one for one in found}


async def read_vpc(account: AccountCalls, vpc_id: str) -> FoundVpc:
    """The blocks and the subnets of a VPC (DescribeVpcs, DescribeSubnets)."""
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
    """Those of the instances that there are, by id (DescribeInstances by filter, which does not mind absent ones)."""
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
