"""Tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TagTypeDef

    from tests.sandbox.conftest import Aws


def test_tags_can_be_set_and_taken_off_again(aws: Aws) -> None:
    """API_AddTags overwrites a key that exists; API_RemoveTags takes off keys, absent ones too."""
    tags: list[TagTypeDef] = [{"Key": "link", "Value": "w41b11c0/orders"}, {"Key": "saga", "Value": "1"}]
    arn = aws.target_group(Tags=tags)
    aws.elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": "saga", "Value": "2"}])
    aws.elbv2.remove_tags(ResourceArns=[arn], TagKeys=["link", "absent"])
    described = aws.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert [[{"Key": "saga", "Value": "2"}]] == [one["Tags"] for one in described]


def test_one_absent_thing_refuses_the_whole(aws: Aws) -> None:
    """API_DescribeTags: TargetGroupNotFound, LoadBalancerNotFound, ListenerNotFound."""
    group, balancer = aws.target_group(), aws.load_balancer()
    listener = aws.listener(balancer, group)
    read = aws.elbv2.describe_tags
    assert 3 == len(read(ResourceArns=[group, balancer, listener])["TagDescriptions"])
    assert "TargetGroupNotFound" == refused(read, ResourceArns=[group, group + "0"])[0]
    assert "LoadBalancerNotFound" == refused(read, ResourceArns=[balancer + "0"])[0]
    assert "ListenerNotFound" == refused(read, ResourceArns=[listener + "0"])[0]


def test_at_most_twenty_things_are_described(aws: Aws) -> None:
    """API_DescribeTags: "up to 20 resources in a single call"."""
    assert ("ValidationError", 400) == refused(aws.elbv2.describe_tags, ResourceArns=["arn:x"] * 21)


def test_at_most_fifty_tags_and_no_key_twice(aws: Aws) -> None:
    """API_CreateTargetGroup: TooManyTags, DuplicateTagKeys."""
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    assert ("TooManyTags", 400) == refused(lambda: aws.target_group(Tags=many))
    assert ("DuplicateTagKeys", 400) == refused(lambda: aws.target_group(Tags=many[:1] * 2))


def test_an_endpoint_service_can_be_tagged_anew(aws: Aws) -> None:
    """API_CreateTags and API_DeleteTags on a vpc-endpoint-service."""
    service = aws.endpoint_service()
    id_ = service["ServiceId"]
    aws.ec2.create_tags(Resources=[id_], Tags=[{"Key": "saga", "Value": "2"}, {"Key": "link", "Value": "x"}])
    aws.ec2.delete_tags(Resources=[id_], Tags=[{"Key": "link"}])
    found = aws.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[id_])["ServiceConfigurations"][0]
    assert [{"Key": "saga", "Value": "2"}] == found["Tags"]


def test_the_network_s_things_can_be_tagged(aws: Aws) -> None:
    """API_CreateTags on what moto serves."""
    subnet = aws.subnet()
    aws.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "tier", "Value": "data"}])
    assert [{"Key": "tier", "Value": "data"}] == aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["Tags"]


def test_tags_for_another_type_are_refused(aws: Aws) -> None:
    """API_TagSpecification: the type must be the one that is made."""
    balancer = aws.load_balancer()
    aws.later(150)
    wrong = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "link", "Value": "x"}]}]
    create = aws.ec2.create_vpc_endpoint_service_configuration
    assert ("InvalidParameterValue", 400) == refused(
        create, NetworkLoadBalancerArns=[balancer], TagSpecifications=wrong
    )
