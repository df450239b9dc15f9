"""VPCs, subnets, network interfaces, instances and Availability Zones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.sandbox.conftest import EMQX, PROVIDER, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def test_subnets_tell_their_az_id_and_free_addresses(aws: Aws) -> None:
    """API_DescribeSubnets: AvailabilityZoneId, and AvailableIpAddressCount without AWS's five and what is taken."""
    tiny = aws.subnet("use1-az2-tiny")
    found = aws.ec2.describe_subnets(SubnetIds=[tiny])["Subnets"][0]
    assert ("use1-az2", 16 - 5 - 6) == (found["AvailabilityZoneId"], found["AvailableIpAddressCount"])


def test_subnets_are_filtered_by_vpc_and_az_id(aws: Aws) -> None:
    """API_DescribeSubnets: the filters vpc-id and availability-zone-id."""
    filters = [
        {"Name": "vpc-id", "Values": [aws.seed["vpc"]]},
        {"Name": "availability-zone-id", "Values": ["use1-az1"]},
    ]
    found = aws.ec2.describe_subnets(Filters=filters)["Subnets"]  # type: ignore[arg-type]  # TypedDict's literals
    seeded = {aws.subnet(f"use1-az1{which}") for which in ("", "-second", "-large")}
    assert seeded == {one["SubnetId"] for one in found}


def test_an_absent_subnet_is_refused(aws: Aws) -> None:
    """EC2 error codes: InvalidSubnetID.NotFound."""
    assert ("InvalidSubnetID.NotFound", 400) == refused(
        aws.ec2.describe_subnets, SubnetIds=["subnet-0123456789abcdef0"]
    )


def test_az_names_differ_between_accounts_and_az_ids_do_not(aws: Aws) -> None:
    """vpc/latest/privatelink/create-endpoint-service: AZ names map to AZ IDs differently per account."""
    zones = [
        {
            one["ZoneId"]: one["ZoneName"]
            for one in aws.ec2_of(account).describe_availability_zones()["AvailabilityZones"]
        }
        for account in (PROVIDER, EMQX)
    ]
    assert zones[0].keys() == zones[1].keys()
    assert all(zones[0][az_id] != zones[1][az_id] for az_id in zones[0])


def test_subnets_and_zones_use_the_same_names(aws: Aws) -> None:
    """An AZ name means the same in DescribeSubnets and DescribeAvailabilityZones of one account."""
    asked = aws.ec2.describe_availability_zones(ZoneIds=["use1-az4"])["AvailabilityZones"]
    subnet = aws.ec2.describe_subnets(SubnetIds=[aws.subnet("use1-az4")])["Subnets"][0]
    assert [subnet["AvailabilityZone"]] == [one["ZoneName"] for one in asked]


def test_another_region_has_a_network_of_its_own(aws: Aws) -> None:
    """EC2 is regional: eu-west-1 has its own VPC, subnets and AZ IDs, and knows nothing of us-east-1."""
    europe = aws.ec2_of(PROVIDER, "eu-west-1")
    found = {one["AvailabilityZoneId"] for one in europe.describe_subnets()["Subnets"]}
    assert {"euw1-az1", "euw1-az2"} == found
    assert "InvalidSubnetID.NotFound" == refused(europe.describe_subnets, SubnetIds=[aws.subnet()])[0]


def test_an_address_shows_whether_an_interface_has_it(aws: Aws) -> None:
    """API_DescribeNetworkInterfaces: the filter addresses.private-ip-address."""

    def interfaces(address: str) -> int:
        filters = [{"Name": "addresses.private-ip-address", "Values": [address]}]
        found = aws.ec2.describe_network_interfaces(Filters=filters)  # type: ignore[arg-type]  # TypedDict's literals
        return len(found["NetworkInterfaces"])

    assert (1, 0) == (interfaces(aws.seed["targets"][0]), interfaces("10.0.1.77"))


def test_the_seeded_instances_run(aws: Aws) -> None:
    """API_DescribeInstances."""
    found = aws.ec2.describe_instances(InstanceIds=aws.seed["instances"])["Reservations"]
    assert ["running"] * 2 == [one["State"]["Name"] for reservation in found for one in reservation["Instances"]]


def test_a_load_balancer_takes_an_address_in_each_subnet_longer_than_it_lives(aws: Aws) -> None:
    """NLB user guide, Availability Zones: a node in each zone, with an address of the subnet.

    Its network interfaces outlive it: terraform-provider-aws, elbv2/load_balancer.go, waits for them to be detached.
    """

    def free() -> int:
        return aws.ec2.describe_subnets(SubnetIds=[aws.subnet()])["Subnets"][0]["AvailableIpAddressCount"]

    before = free()
    arn = aws.load_balancer()
    taken = before - free()
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    aws.later(30)
    assert "LoadBalancerNotFound" == refused(aws.elbv2.describe_load_balancers, LoadBalancerArns=[arn])[0]
    lingering = before - free()
    aws.later(60)
    assert (1, 1, before) == (taken, lingering, free())


def test_a_subnet_with_a_network_interface_in_it_is_not_deleted(aws: Aws) -> None:
    """EC2 error codes: DependencyViolation; a load balancer's interfaces keep the subnets that it has."""
    made = aws.ec2.create_subnet(VpcId=aws.seed["vpc"], CidrBlock="10.0.30.0/24", AvailabilityZoneId="use1-az1")
    subnet = made["Subnet"]["SubnetId"]
    arn = aws.load_balancer(Subnets=[subnet])
    assert ("DependencyViolation", 400) == refused(aws.ec2.delete_subnet, SubnetId=subnet)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    aws.later(30)
    aws.later(60)
    aws.ec2.delete_subnet(SubnetId=subnet)
    assert "InvalidSubnetID.NotFound" == refused(aws.ec2.describe_subnets, SubnetIds=[subnet])[0]


def test_zones_are_filtered_by_az_id_and_tell_that_all_may_use_them(aws: Aws) -> None:
    """API_DescribeAvailabilityZones: the filter zone-id, and OptInStatus."""
    filters = [{"Name": "zone-id", "Values": ["use1-az4"]}]
    found = aws.ec2.describe_availability_zones(Filters=filters)["AvailabilityZones"]  # type: ignore[arg-type]
    assert [("use1-az4", "opt-in-not-required")] == [(one["ZoneId"], one["OptInStatus"]) for one in found]


def test_ids_have_seventeen_hex_digits(aws: Aws) -> None:
    """EC2 user guide, resource IDs: the longer format."""
    ids = [aws.seed["vpc"], *aws.seed["subnets"].values(), *aws.seed["instances"]]
    assert all(re.fullmatch(r"(vpc|subnet|i)-[0-9a-f]{17}", one) for one in ids)


def test_a_stopped_instance_is_seen_stopped(aws: Aws) -> None:
    """What moto serves of EC2 acts on the seeded things too."""
    instance = aws.seed["instances"][0]
    aws.ec2.stop_instances(InstanceIds=[instance])
    found = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert "stopped" == found["State"]["Name"]
