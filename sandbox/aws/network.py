"""VPCs, subnets, network interfaces and instances, which moto holds. `sandbox.aws.seeding` creates the seeded ones.

DescribeVpcs, DescribeSubnets, DescribeNetworkInterfaces, DescribeInstances and the actions that change these are
moto's own. The AZ names are ours, because AWS maps them to AZ IDs differently in each account. DeleteSubnet gets a
check from us before moto serves it.

A subnet can be shared with another account ("Share your VPC subnets with other accounts"). The participant sees the
subnet and its VPC, both with the owner's account as OwnerId, the subnet under the participant's own AZ name. It sees
only its own network interfaces, and may not delete the subnet. The owner sees every interface in its VPC.
"""

from __future__ import annotations

import copy
import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.availability_zones_and_regions import Zone

from sandbox.aws.actions import Call, action
from sandbox.aws.errors import EC2, AwsError, denied
from sandbox.aws.selection import filtered
from sandbox.seed import AZ_IDS


@dataclass(frozen=True)
class SubnetView:
    """What the other files need of a subnet; `free` is its number of free addresses."""

    id: str
    vpc_id: str
    az_id: str
    az_name: str
    owner: str
    free: int


@dataclass(frozen=True)
class InstanceView:
    """What the other files need of an instance."""

    vpc_id: str
    az_name: str
    state: str


def find_subnet(account: str, region: str, subnet_id: str) -> SubnetView | None:
    """The subnet; None when the account has no such subnet in the region."""
    try:
        subnet = ec2_backends[account][region].get_subnet(subnet_id)
    except InvalidSubnetIdError:
        return None
    return SubnetView(
        id=subnet.id,
        vpc_id=subnet.vpc_id,
        az_id=subnet.availability_zone_id,
        az_name=subnet.availability_zone,
        owner=subnet.owner_id,
        free=subnet.available_ip_address_count,
    )


def find_instance(account: str, region: str, instance_id: str) -> InstanceView | None:
    """The instance; None when the account has no such instance in the region."""
    instance = ec2_backends[account][region].get_instance_by_id(instance_id)
    if instance is None:
        return None
    return InstanceView(vpc_id=str(instance.vpc_id), az_name=str(instance.availability_zone), state=instance.state)


def vpc_cidrs(account: str, region: str, vpc_id: str) -> list[ipaddress.IPv4Network] | None:
    """The address ranges of a VPC; None when the account has no such VPC in the region."""
    vpc = ec2_backends[account][region].vpcs.get(vpc_id)
    if vpc is None:
        return None
    return [ipaddress.IPv4Network(one["cidr_block"]) for one in vpc.get_cidr_block_association_set()]


def has_security_group(account: str, region: str, group_id: str) -> bool:
    """Whether the account has that security group in the region."""
    return ec2_backends[account][region].get_security_group_from_id(group_id) is not None


def az_id_of_address(account: str, region: str, vpc_id: str, address: str) -> str | None:
    """The AZ ID of the VPC's subnet with the address, shared with the account or not; None when there is none."""
    vpc = ec2_backends[account][region].vpcs[vpc_id]
    for subnet in _subnets(vpc.ec2_backend):
        if subnet.vpc_id == vpc_id and ipaddress.ip_address(address) in subnet.cidr:
            return str(subnet.availability_zone_id)
    return None


def interfaces(account: str, region: str) -> dict[tuple[str, str], list[Any]]:
    """The network interfaces by VPC and address; those of load balancers are `requester_managed`.

    They are those of every account, in the VPCs that this account owns or shares.
    """
    holding: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for backend in {vpc.ec2_backend for vpc in ec2_backends[account][region].vpcs.values()}:
        for interface in backend.enis.values():
            for held in interface.private_ip_addresses:
                holding[interface.subnet.vpc_id, held["PrivateIpAddress"]].append(interface)
    return dict(holding)


def share_subnet(owner: str, participant: str, region: str, subnet_id: str, az_names: dict[str, str]) -> None:
    """Let the participant use the owner's subnet, under its own name for the AZ (`az_names`: AZ ID -> name)."""
    theirs, ours = ec2_backends[owner][region], ec2_backends[participant][region]
    subnet = theirs.get_subnet(subnet_id)
    ours.vpcs[subnet.vpc_id] = theirs.vpcs[subnet.vpc_id]
    name = az_names[subnet.availability_zone_id]
    seen = copy.copy(subnet)
    seen._availability_zone = Zone(name=name, region_name=region, zone_id=subnet.availability_zone_id)  # noqa: SLF001
    ours.subnets[name][subnet_id] = seen


def take_address(account: str, region: str, subnet_id: str, description: str) -> str:
    """Create a network interface on a free address of the subnet, as a load balancer node does; returns its id."""
    backend = ec2_backends[account][region]
    subnet = backend.get_subnet(subnet_id)
    interface = backend.create_network_interface(subnet, free_address(subnet), description=description)
    interface.requester_managed = True
    interface.status = "in-use"
    subnet.ec2_backend.enis[interface.id] = interface
    return str(interface.id)


def free_address(subnet: Any) -> str:  # noqa: ANN401  moto's untyped subnet
    """The highest free address of the subnet; InsufficientFreeAddressesInSubnet when none is left."""
    taken = {held["PrivateIpAddress"] for one in subnet.ec2_backend.enis.values() for held in one.private_ip_addresses}
    # AWS reserves the first four addresses and the last; the seeded targets and instances have low addresses.
    for host in reversed(list(subnet.cidr)[4:-1]):
        if str(host) not in taken:
            return str(host)
    raise AwsError("InsufficientFreeAddressesInSubnet", f"There are not enough free addresses in subnet '{subnet.id}'")


def release_address(account: str, region: str, interface_id: str) -> None:
    """Remove a network interface; one that is already gone is no error."""
    interface = ec2_backends[account][region].enis.pop(interface_id, None)
    if interface is not None:
        interface.subnet.ec2_backend.enis.pop(interface_id, None)


@action(EC2, "DescribeAvailabilityZones", read=True)
def describe_availability_zones(call: Call) -> dict[str, Any]:
    """The zones of the region under this account's names for them.

    AZ names map to AZ IDs differently per account (vpc/latest/privatelink/create-endpoint-service).
    """
    names = call.world.seed.accounts[call.account].az_names
    zones = [(az_id, names[az_id]) for az_id in AZ_IDS.get(call.region, ())]
    asked_ids, asked_names = call.params.get("ZoneIds") or [], call.params.get("ZoneNames") or []
    for asked, known in ((asked_ids, dict(zones)), (asked_names, {name for _, name in zones})):
        for one in asked:
            if one not in known:
                raise AwsError("InvalidParameterValue", f"Invalid availability zone: [{one}]")
    zones = [
        (az_id, name)
        for az_id, name in zones
        if (not asked_ids or az_id in asked_ids) and (not asked_names or name in asked_names)
    ]
    fields = {
        "zone-id": lambda zone: zone[0],
        "zone-name": lambda zone: zone[1],
        "region-name": lambda _: call.region,
        "state": lambda _: "available",
        "zone-type": lambda _: "availability-zone",
        "opt-in-status": lambda _: "opt-in-not-required",
    }
    return {
        "AvailabilityZones": [
            {
                "ZoneId": az_id,
                "ZoneName": name,
                "RegionName": call.region,
                "State": "available",
                "ZoneType": "availability-zone",
                "GroupName": call.region,
                "NetworkBorderGroup": call.region,
                "OptInStatus": "opt-in-not-required",
                "Messages": [],
            }
            for az_id, name in sorted(filtered(call, zones, fields), key=lambda zone: zone[1])
        ]
    }


@action(EC2, "DeleteSubnet")
def delete_subnet(call: Call) -> Any:  # noqa: ANN401  moto's answer
    """Let moto delete a subnet without network interfaces; otherwise DependencyViolation (EC2 error codes).

    Only the owner of a shared subnet may delete it.
    """
    id_ = call.required("SubnetId")
    subnet = find_subnet(call.account, call.region, id_)
    if subnet is not None and subnet.owner != call.account:
        raise denied(EC2, call.action.name, call.principal)
    if any(interface.subnet.id == id_ for interface in ec2_backends[call.account][call.region].enis.values()):
        raise AwsError("DependencyViolation", f"The subnet '{id_}' has dependencies and cannot be deleted.")
    return call.moto()


def _subnets(backend: EC2Backend) -> list[Any]:
    return [subnet for zone in backend.subnets.values() for subnet in zone.values()]
