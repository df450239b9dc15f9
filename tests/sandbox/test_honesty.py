"""What AWS documents beyond the rules of one resource, and the sandbox keeps too.

The other `test_aws_*` files hold the facts of each resource. Those that cut across are here: permissions,
idempotency, and the order in which a link's things can be made and removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import PROVIDER, client, refused

if TYPE_CHECKING:
    from tests.sandbox.conftest import Aws

TAG = {"Key": "team", "Value": "orders"}


def policy(*actions: str, resource: str = "*", **condition: dict[str, str]) -> dict[str, Any]:
    """A policy of one statement."""
    statement: dict[str, Any] = {"Sid": "One", "Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}


def as_role(aws: Aws, service: str, document: dict[str, Any]) -> Any:  # noqa: ANN401 - boto3 makes clients by name
    """A client of the seeded role, which may do what the policy allows."""
    seed = aws.seed
    aws.control.put("/policy", json={"role_arn": seed["role_arn"], "policy": document}).raise_for_status()
    made = aws.sts.assume_role(
        RoleArn=seed["role_arn"], RoleSessionName="orders", ExternalId=seed["external_id"], DurationSeconds=900
    )["Credentials"]
    key, secret, token = made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    return client(service, aws.sandbox.endpoint, key, secret, token, "us-east-1")


def test_what_no_statement_allows_is_denied_in_each_service_s_words(aws: Aws) -> None:
    """IAM, "Policy evaluation logic": an implicit deny. EC2 error codes: UnauthorizedOperation; ELB: AccessDenied."""
    nothing = policy("ec2:DescribeVpcs")
    assert ("UnauthorizedOperation", 403) == refused(as_role(aws, "ec2", nothing).describe_subnets)
    assert ("AccessDenied", 403) == refused(as_role(aws, "elbv2", nothing).describe_load_balancers)
    assert as_role(aws, "ec2", nothing).describe_vpcs()["Vpcs"]


def test_who_one_is_can_always_be_asked(aws: Aws) -> None:
    """API_GetCallerIdentity: "No permissions are required to perform this operation"."""
    assert "310987654321" == as_role(aws, "sts", policy("ec2:DescribeVpcs")).get_caller_identity()["Account"]


def test_a_dry_run_tells_whether_one_may(aws: Aws) -> None:
    """EC2 API, DryRun: DryRunOperation with the permission, UnauthorizedOperation without it."""
    arns = ["arn:aws:elasticloadbalancing:us-east-1:310987654321:loadbalancer/net/x/0"]
    parameters = {"DryRun": True, "NetworkLoadBalancerArns": arns}
    may = as_role(aws, "ec2", policy("ec2:CreateVpcEndpointServiceConfiguration"))
    assert "DryRunOperation" == refused(may.create_vpc_endpoint_service_configuration, **parameters)[0]
    may_not = as_role(aws, "ec2", policy("ec2:DescribeVpcs"))
    assert "UnauthorizedOperation" == refused(may_not.create_vpc_endpoint_service_configuration, **parameters)[0]


def test_creating_with_tags_needs_the_permission_to_tag(aws: Aws) -> None:
    """ELB user guide, "Tag resources on creation"; the permission may be bound to the creating action."""
    network = aws.seed["accounts"]["310987654321"]["networks"]["us-east-1"]
    wanted = {"Name": "orders", "Protocol": "TCP", "Port": 3306, "VpcId": network["vpc_id"], "TargetType": "ip"}
    create = "elasticloadbalancing:CreateTargetGroup"
    elbv2 = as_role(aws, "elbv2", policy(create))
    assert ("AccessDenied", 403) == refused(elbv2.create_target_group, Tags=[TAG], **wanted)
    document = policy(create)
    tagging = policy(
        "elasticloadbalancing:AddTags",
        StringEquals={"elasticloadbalancing:CreateAction": "CreateTargetGroup", "aws:RequestTag/team": "orders"},
    )
    document["Statement"] += tagging["Statement"]
    elbv2 = as_role(aws, "elbv2", document)
    [made] = elbv2.create_target_group(Tags=[TAG], **wanted)["TargetGroups"]
    assert ("AccessDenied", 403) == refused(elbv2.add_tags, ResourceArns=[made["TargetGroupArn"]], Tags=[TAG])


def test_a_condition_on_a_tag_is_about_the_thing_as_it_is(aws: Aws) -> None:
    """IAM, "Controlling access to AWS resources using tags": aws:ResourceTag is the tag that the resource carries."""
    network = aws.seed["accounts"]["310987654321"]["networks"]["us-east-1"]
    document = policy("elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags")
    bound = policy("elasticloadbalancing:DeleteTargetGroup", StringEquals={"aws:ResourceTag/team": "orders"})
    document["Statement"] += bound["Statement"]
    elbv2 = as_role(aws, "elbv2", document)
    [made] = elbv2.create_target_group(
        Name="orders", Protocol="TCP", Port=3306, VpcId=network["vpc_id"], TargetType="ip"
    )["TargetGroups"]
    arn = made["TargetGroupArn"]
    assert ("AccessDenied", 403) == refused(elbv2.delete_target_group, TargetGroupArn=arn)
    elbv2.add_tags(ResourceArns=[arn], Tags=[TAG])
    elbv2.delete_target_group(TargetGroupArn=arn)


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Deny"},
        {"NotAction": "ec2:*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}},
    ],
)
def test_a_policy_that_is_not_understood_is_refused(aws: Aws, change: dict[str, Any]) -> None:
    """An element that the sandbox passed over would make it allow what AWS denies."""
    document = policy("ec2:DescribeVpcs")
    document["Statement"][0].update(change)
    answer = aws.control.put("/policy", json={"role_arn": aws.seed["role_arn"], "policy": document})
    assert 400 == answer.status_code


def test_a_client_token_has_at_most_64_characters(aws: Aws) -> None:
    """ec2/latest/devguide/ec2-api-idempotency: "up to 64 ASCII characters"."""
    arn = aws.load_balancer()
    aws.later(150)
    create = aws.ec2.create_vpc_endpoint_service_configuration
    assert "InvalidParameterValue" == refused(create, NetworkLoadBalancerArns=[arn], ClientToken="x" * 65)[0]
    assert create(NetworkLoadBalancerArns=[arn], ClientToken="x" * 64)["ServiceConfiguration"]["ServiceId"]


def test_a_name_is_taken_in_its_own_account_and_region_only(aws: Aws) -> None:
    """API_CreateTargetGroup, Name: "must be unique per region per account"."""
    names: dict[str, Any] = {"Name": "orders", "Protocol": "TCP", "TargetType": "ip"}
    aws.target_group(Port=3306)
    for account, region in ((PROVIDER, "eu-west-1"), ("310987654321", "us-east-1")):
        owner = aws.seed["accounts"][account]
        key, secret = owner["access_key_id"], owner["secret_access_key"]
        elbv2 = client("elbv2", aws.sandbox.endpoint, key, secret, None, region)
        made = elbv2.create_target_group(Port=5432, VpcId=owner["networks"][region]["vpc_id"], **names)
        assert f":{region}:{account}:" in made["TargetGroups"][0]["TargetGroupArn"]
    assert "DuplicateTargetGroupName" == refused(aws.target_group, Port=5432)[0]


def test_a_token_is_known_to_its_own_action_only(aws: Aws) -> None:
    """ec2/latest/devguide/ec2-api-idempotency: tokens of different actions have nothing to do with each other."""
    service = aws.endpoint_service(ClientToken="orders")
    assert aws.vpc_endpoint(service, ClientToken="orders").startswith("vpce-")


def test_things_can_be_removed_only_from_the_consumer_s_end(aws: Aws) -> None:
    """Each keeps what it depends on: API_DeleteLoadBalancer, API_DeleteTargetGroup, and EC2's error codes."""
    group, balancer = aws.target_group(), aws.load_balancer()
    listener = aws.listener(balancer, group)
    service = aws.endpoint_service(balancer)
    endpoint = aws.vpc_endpoint(service)

    def delete_service() -> list[str]:
        answer = aws.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])
        return [one["Error"]["Code"] for one in answer["Unsuccessful"]]

    assert ["ExistingVpcEndpointConnections"] == delete_service()
    assert "ResourceInUse" == refused(aws.elbv2.delete_load_balancer, LoadBalancerArn=balancer)[0]
    assert "ResourceInUse" == refused(aws.elbv2.delete_target_group, TargetGroupArn=group)[0]
    aws.ec2.reject_vpc_endpoint_connections(ServiceId=service["ServiceId"], VpcEndpointIds=[endpoint])
    assert [] == delete_service()
    assert "ResourceInUse" == refused(aws.elbv2.delete_load_balancer, LoadBalancerArn=balancer)[0]
    aws.later(600)
    aws.elbv2.delete_listener(ListenerArn=listener)
    aws.later(600)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    aws.elbv2.delete_target_group(TargetGroupArn=group)
