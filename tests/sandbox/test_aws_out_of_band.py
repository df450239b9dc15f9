"""What somebody does behind a caller's back, by the control path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import FOREIGN_ACCOUNT, PROVIDER, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws


def test_tags_are_set_and_removed_on_everything_that_has_some(aws: Aws) -> None:
    """By ARN or id; the account that owns the thing is found, and "all" leaves none."""
    balancer = aws.load_balancer(Tags=[{"Key": "ours", "Value": "1"}])
    group = aws.target_group()
    listener = aws.listener(balancer, group)
    service = aws.endpoint_service(balancer)
    endpoint = aws.vpc_endpoint(service)
    for id_ in (balancer, group, listener, service["ServiceId"], endpoint):
        aws.sandbox.out_of_band("tags", id=id_, set={"owner": "somebody", "cost": "7"}, remove=["ours"])
    page = aws.sandbox.books()["aws"][PROVIDER]["us-east-1"]
    kinds = ("load_balancers", "target_groups", "listeners", "endpoint_services")
    assert [{"owner": "somebody", "cost": "7"}] * 4 == [one["tags"] for kind in kinds for one in page[kind]]
    aws.sandbox.out_of_band("tags", id=balancer, remove="all")
    assert [{}] == [one["tags"] for one in aws.sandbox.books()["aws"][PROVIDER]["us-east-1"]["load_balancers"]]


def test_things_are_deleted_as_aws_lets_them_be(aws: Aws) -> None:
    """AWS's rules hold for everybody: what is in use stays, and the refusal has AWS's code and sentence."""
    balancer, group = aws.load_balancer(), aws.target_group()
    listener, service = aws.listener(balancer, group), aws.endpoint_service(balancer)
    endpoint = aws.vpc_endpoint(service)
    for id_, code in ((balancer, "ResourceInUse"), (group, "ResourceInUse"), (service["ServiceId"], "Existing")):
        answer = aws.control.post("/delete", json={"id": id_})
        assert (400, True) == (answer.status_code, code in answer.text)
    aws.sandbox.out_of_band("delete", id=endpoint)
    aws.later(100)
    aws.sandbox.out_of_band("delete", id=service["ServiceId"])
    aws.later(100)
    aws.sandbox.out_of_band("delete", id=listener)
    aws.sandbox.out_of_band("delete", id=balancer)
    aws.later(100)
    aws.sandbox.out_of_band("delete", id=group)
    assert {} == aws.sandbox.books()["aws"]


def test_deletion_protection_is_switched_on_by_somebody(aws: Aws) -> None:
    """API_ModifyLoadBalancerAttributes, deletion_protection.enabled; the owner's delete is then refused."""
    balancer = aws.load_balancer()
    aws.sandbox.out_of_band(
        "attributes", load_balancer_arn=balancer, attributes={"deletion_protection.enabled": "true"}
    )
    assert ("OperationNotPermitted", 400) == refused(aws.elbv2.delete_load_balancer, LoadBalancerArn=balancer)


def test_a_foreign_account_connects_and_listens(aws: Aws) -> None:
    """Another principal, another account's endpoint, another team's listener."""
    balancer = aws.load_balancer()
    service = aws.endpoint_service(balancer)
    answer = aws.control.post("/endpoints", json={"service_name": service["ServiceName"]})
    assert (400, True) == (answer.status_code, "InvalidServiceName" in answer.text)
    aws.sandbox.out_of_band("principals", service_id=service["ServiceId"], add=[f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"])
    endpoint = aws.sandbox.out_of_band("endpoints", service_name=service["ServiceName"])["vpc_endpoint_id"]
    made = aws.sandbox.out_of_band("listeners", load_balancer_arn=balancer, port=9000)
    page = aws.sandbox.books()["aws"][PROVIDER]["us-east-1"]
    assert [(endpoint, FOREIGN_ACCOUNT)] == [
        (one["vpc_endpoint_id"], one["owner"]) for one in page["endpoint_connections"]
    ]
    assert [(made["listener_arn"], 9000)] == [(one["arn"], one["port"]) for one in page["listeners"]]
    assert [made["target_group_arn"]] == [one["arn"] for one in page["target_groups"]]
    aws.sandbox.out_of_band(
        "principals", service_id=service["ServiceId"], remove=[f"arn:aws:iam::{FOREIGN_ACCOUNT}:root"]
    )
    assert [["arn:aws:iam::111122223333:root"]] == [
        one["principals"] for one in aws.sandbox.books()["aws"][PROVIDER]["us-east-1"]["endpoint_services"]
    ]


def test_any_action_is_done_in_the_name_of_any_account(aws: Aws) -> None:
    """Also in another region; no fault meets it, and it is not in the record of calls."""
    aws.sandbox.fault("CreateTargetGroup", "throttle")
    vpc = aws.seed["accounts"]["310987654321"]["networks"]["eu-west-1"]["vpc_id"]
    wanted = {"Name": "theirs", "Protocol": "TCP", "Port": 1, "VpcId": vpc, "TargetType": "ip"}
    aws.sandbox.out_of_band(
        "call", account="310987654321", region="eu-west-1", action="CreateTargetGroup", params=wanted
    )
    books = aws.sandbox.books()["aws"]
    assert ["theirs"] == [one["name"] for one in books["310987654321"]["eu-west-1"]["target_groups"]]
    assert [] == aws.sandbox.calls()


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("delete", {"id": "vpce-svc-0123456789abcdef0"}),
        ("tags", {"id": "orders", "remove": "all"}),
        ("call", {"account": PROVIDER, "action": "CreateEverything"}),
        ("call", {"account": "012345678901", "action": "DescribeLoadBalancers"}),
        ("call", {"account": PROVIDER, "action": "DeleteSubnet", "params": {"SubnetId": "subnet-0123456789abcdef0"}}),
        ("shares", {"subnet_ids": ["subnet-0123456789abcdef0"], "participant": FOREIGN_ACCOUNT}),
        ("principals", {"service": "misspelt"}),
        ("description", {"deployment": "w41b11c0", "id": "pl000000", "description": ""}),
        ("description", {"deployment": "w41b11c0", "id": "mysql:absent", "description": ""}),
    ],
)
def test_an_out_of_band_change_that_cannot_be_made_is_refused_with_a_sentence(
    aws: Aws, verb: str, body: dict[str, Any]
) -> None:
    """A change that touches nothing would prove nothing."""
    answer = aws.control.post(f"/{verb}", json=body)
    assert 400 == answer.status_code, answer.text


def test_a_shared_subnet_is_the_participants_to_use_and_its_owners_to_delete(aws: Aws) -> None:
    """VPC user guide, Share your VPC subnets: what the participant sees has the owner's id, and its own zone names."""
    subnet, foreign = aws.subnet("use1-az1"), aws.ec2_of(FOREIGN_ACCOUNT)
    assert "InvalidSubnetID.NotFound" == refused(foreign.describe_subnets, SubnetIds=[subnet])[0]
    aws.sandbox.out_of_band("shares", subnet_ids=[subnet, aws.subnet("use1-az2")], participant=FOREIGN_ACCOUNT)
    shown = foreign.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    names = aws.seed["accounts"][FOREIGN_ACCOUNT]["az_names"]
    assert (PROVIDER, "use1-az1", names["use1-az1"]) == (
        shown["OwnerId"],
        shown["AvailabilityZoneId"],
        shown["AvailabilityZone"],
    )
    assert PROVIDER == foreign.describe_vpcs(VpcIds=[aws.seed["vpc"]])["Vpcs"][0]["OwnerId"]
    seen = {one["SubnetId"] for one in foreign.describe_subnets()["Subnets"] if one["OwnerId"] == PROVIDER}
    assert {subnet, aws.subnet("use1-az2")} == seen
    mine = [{"Name": "vpc-id", "Values": [aws.seed["vpc"]]}]
    assert [] == foreign.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]  # type: ignore[arg-type]
    assert ("UnauthorizedOperation", 403) == refused(foreign.delete_subnet, SubnetId=subnet)


def test_a_participants_load_balancer_takes_the_owners_addresses(aws: Aws) -> None:
    """VPC user guide, Share your VPC subnets: the owner sees the interfaces of others in its VPC."""
    subnet = aws.subnet("use1-az1")
    aws.sandbox.out_of_band("shares", subnet_ids=[subnet], participant=FOREIGN_ACCOUNT)

    def free() -> int:
        return aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]

    before = free()
    wanted = {"Type": "network", "Scheme": "internal", "Subnets": [subnet], "Name": "theirs"}
    made = aws.sandbox.out_of_band("call", account=FOREIGN_ACCOUNT, action="CreateLoadBalancer", params=wanted)[
        "LoadBalancers"
    ][0]
    assert (before - 1, ["theirs"]) == (
        free(),
        [one["name"] for one in aws.sandbox.books()["aws"][FOREIGN_ACCOUNT]["us-east-1"]["load_balancers"]],
    )
    aws.sandbox.out_of_band("delete", id=made["LoadBalancerArn"])
    aws.later(30)
    aws.later(60)
    aws.sandbox.books()
    assert before == free()


def test_a_participants_targets_are_judged_by_all_subnets_of_the_vpc(aws: Aws) -> None:
    """An address in a subnet that is not shared is in the VPC all the same, under the participant's zone name."""
    aws.sandbox.out_of_band("shares", subnet_ids=[aws.subnet("use1-az1")], participant=FOREIGN_ACCOUNT)
    wanted = {"Name": "theirs", "Protocol": "TCP", "Port": 1, "VpcId": aws.seed["vpc"], "TargetType": "ip"}
    group = aws.sandbox.out_of_band("call", account=FOREIGN_ACCOUNT, action="CreateTargetGroup", params=wanted)
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    targets = {"TargetGroupArn": arn, "Targets": [{"Id": "10.0.2.15"}]}
    aws.sandbox.out_of_band("call", account=FOREIGN_ACCOUNT, action="RegisterTargets", params=targets)
    health = aws.sandbox.out_of_band(
        "call", account=FOREIGN_ACCOUNT, action="DescribeTargetHealth", params={"TargetGroupArn": arn}
    )
    zone = aws.seed["accounts"][FOREIGN_ACCOUNT]["az_names"]["use1-az2"]
    assert [zone] == [one["Target"]["AvailabilityZone"] for one in health["TargetHealthDescriptions"]]
