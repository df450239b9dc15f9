"""Finders: what is the link's is found by name or tag, what only looks like it is not."""

import pytest

from clouds.aws.endpoint_services import find_endpoint_service, find_endpoint_services
from clouds.aws.load_balancers import find_load_balancer
from clouds.aws.tags import read_elb_tags
from clouds.aws.target_groups import find_target_group, find_target_groups
from privatelink.model.names import TAG_LINK, Link, aws_name
from tests.support.sandbox import Sandbox
from tests.support.steps import LINK, Provider, a_removal, perform

OTHER = Link(deployment="w41b11c0", name="orders")


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account."""
    return Provider(sandbox)


async def test_nothing_is_found_where_nothing_is(provider: Provider) -> None:
    """AWS answers absent names with an error; for a finder that is an answer."""
    assert await find_load_balancer(provider.account, LINK) is None
    assert await find_target_group(provider.account, LINK, 3306) is None
    assert await find_target_groups(provider.account, LINK) == []
    assert await find_endpoint_service(provider.account, LINK) is None


async def test_another_links_things_are_not_found(provider: Provider) -> None:
    """Whose name begins alike, in the same account and region."""
    await provider.make_target_group()
    await provider.make_endpoint_service()
    assert await find_load_balancer(provider.account, OTHER) is None
    assert await find_target_groups(provider.account, OTHER) == []
    assert await find_endpoint_service(provider.account, OTHER) is None


async def test_target_groups_are_found_for_every_port(provider: Provider) -> None:
    """A removal does not know the ports; a name that only begins like ours is another's."""
    for port in (5432, 3306):
        await provider.make_target_group(port=port)
    provider.client("elbv2").create_target_group(
        Name=f"{aws_name(LINK)}-x1", Protocol="TCP", Port=1, VpcId=provider.vpc_id, TargetType="ip"
    )
    found = await find_target_groups(provider.account, LINK)
    assert [3306, 5432] == [group.listener_port(LINK) for group in found]


async def test_a_complete_service_comes_before_leftovers(provider: Provider) -> None:
    """Of several that carry the tag, the one that serves traffic is the link's."""
    complete = await provider.make_endpoint_service()
    ec2 = provider.client("ec2")
    ec2.create_tags(Resources=[complete.service_id], Tags=[{"Key": "privatelink:complete", "Value": "true"}])
    elbv2 = provider.client("elbv2")
    subnet = provider.subnets["use1-az1"]
    arn = elbv2.create_load_balancer(Name="theirs", Type="network", Scheme="internal", Subnets=[subnet])
    provider.sandbox.durations(endpoint_service_available=0)
    await wait_until_active(provider, "theirs")
    ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[arn["LoadBalancers"][0]["LoadBalancerArn"]],
        TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": TAG_LINK, "Value": str(LINK)}]}],
    )
    found = await find_endpoint_service(provider.account, LINK)
    assert found is not None
    assert complete.service_id == found.service_id
    assert 2 == len(await find_endpoint_services(provider.account, LINK))


async def wait_until_active(provider: Provider, name: str) -> None:
    """Wait for a load balancer that is not ours."""
    elbv2 = provider.client("elbv2")

    async def look(_: object) -> None:
        while elbv2.describe_load_balancers(Names=[name])["LoadBalancers"][0]["State"]["Code"] != "active":
            pass

    await perform(look, a_removal())


async def test_a_service_that_is_being_deleted_is_no_live_one(provider: Provider) -> None:
    """A create must not adopt it, and a removal must wait for it."""
    service = await provider.make_endpoint_service()
    provider.sandbox.durations(endpoint_service_delete=1000)
    provider.client("ec2").delete_vpc_endpoint_service_configurations(ServiceIds=[service.service_id])
    assert await find_endpoint_service(provider.account, LINK) is None
    assert ["Deleting"] == [found.state for found in await find_endpoint_services(provider.account, LINK)]


async def test_tags_of_the_living_are_read_though_some_are_gone(provider: Provider) -> None:
    """One deleted between two calls must not hide the others."""
    group = await provider.make_target_group()
    tags = await read_elb_tags(provider.account, [group.arn[:-4] + "0000", group.arn])
    assert [group.arn] == list(tags)


async def test_a_target_group_that_goes_while_its_tags_are_read_is_not_found(provider: Provider) -> None:
    """The list has it still, its tags say that it is gone: the others are found all the same."""
    gone, stays = await provider.make_target_group(), await provider.make_target_group(port=5432)
    message = f"Target groups '{gone.arn}' not found"
    provider.sandbox.fault(
        "DescribeTags", "refusal", code="TargetGroupNotFound", message=message, match=gone.arn, times=2
    )
    found = await find_target_groups(provider.account, LINK)
    assert [stays.arn] == [group.arn for group in found]
