"""Listeners: made once, ours alone, forwarding to their target group; removed."""

import pytest

from activities import inputs
from activities.listeners import Listeners
from clouds.aws.tags import elb_tags
from privatelink.errors import NameTaken
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_SAGA
from tests.support.sandbox import Sandbox
from tests.support.steps import LINK, SAGA, Provider, a_removal, a_scope, attempt, perform, refusal


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account."""
    return Provider(sandbox)


@pytest.fixture
def steps(provider: Provider) -> Listeners:
    """The steps under test."""
    return Listeners(provider.aws)


async def a_spec(provider: Provider, saga_id: str = SAGA, port: int = 3306) -> inputs.ListenerSpec:
    """A listener over a load balancer and a target group that exist."""
    return inputs.ListenerSpec(
        scope=a_scope(saga_id),
        load_balancer=await provider.make_load_balancer(saga_id),
        target_group=await provider.make_target_group(saga_id, port=port),
    )


def forwards_to(provider: Provider, arn: str) -> str:
    """The target group of a listener."""
    (listener,) = provider.client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"]
    assert "TCP" == listener["Protocol"]
    return str(listener["DefaultActions"][0]["TargetGroupArn"])


async def test_it_listens_on_its_port_and_forwards_to_its_group(provider: Provider, steps: Listeners) -> None:
    """TCP, known as ours by its tags; it does not wait for the load balancer to be active."""
    provider.sandbox.durations(load_balancer_active=1000)
    spec = await a_spec(provider)
    made = await attempt(steps.create_listener, spec)
    (found,) = provider.books()["listeners"]
    assert (made, 3306) == (found["arn"], found["port"])
    assert (str(LINK), SAGA) == (found["tags"][TAG_LINK], found["tags"][TAG_SAGA])
    assert spec.target_group.arn == forwards_to(provider, made)
    assert ["provisioning"] == [one["state"] for one in provider.books()["load_balancers"]]


async def test_twice_is_once(provider: Provider, steps: Listeners) -> None:
    """A repeated call gives the same and makes nothing."""
    spec = await a_spec(provider)
    assert await attempt(steps.create_listener, spec) == await attempt(steps.create_listener, spec)
    assert 1 == len(provider.books()["listeners"])


@pytest.mark.parametrize("kind", ["lost_reply", "throttle", "server_error"])
async def test_a_bad_moment_makes_no_second_one(provider: Provider, steps: Listeners, kind: str) -> None:
    """Whatever goes wrong, the retry ends with one listener."""
    provider.sandbox.fault("CreateListener", kind)
    await perform(steps.create_listener, await a_spec(provider))
    assert 1 == len(provider.books()["listeners"])


@pytest.mark.parametrize("action", ["CreateLoadBalancer", "CreateTargetGroup"])
async def test_what_it_stands_on_may_not_be_visible_yet(provider: Provider, steps: Listeners, action: str) -> None:
    """A `*NotFound` right after a create is a matter of moments, no failure."""
    provider.sandbox.fault(action, "not_visible", seconds=40)
    await perform(steps.create_listener, await a_spec(provider))
    assert 1 == len(provider.books()["listeners"])


async def test_a_foreign_listener_on_the_port_is_refused_and_left_alone(provider: Provider, steps: Listeners) -> None:
    """Someone put a listener of their own on our load balancer."""
    spec = await a_spec(provider)
    provider.client("elbv2").create_listener(
        LoadBalancerArn=spec.load_balancer.arn,
        Protocol="TCP",
        Port=3306,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": spec.target_group.arn}],
    )
    before = provider.things()
    await refusal(NameTaken, steps.create_listener, spec)
    await attempt(steps.delete_listeners, a_removal())
    assert before == provider.things()


async def test_a_leftover_is_adopted(provider: Provider, steps: Listeners) -> None:
    """The dead saga's becomes this saga's, so that this one's rollback removes it."""
    spec = await a_spec(provider, "saga-0")
    first = await attempt(steps.create_listener, spec)
    assert first == await attempt(steps.create_listener, spec.model_copy(update={"scope": a_scope()}))
    assert SAGA == provider.books()["listeners"][0]["tags"][TAG_SAGA]


async def test_a_leftover_that_forwards_elsewhere_is_made_anew(provider: Provider, steps: Listeners) -> None:
    """Traffic goes to this request's targets and nowhere else."""
    spec = await a_spec(provider)
    elbv2 = provider.client("elbv2")
    theirs = elbv2.create_target_group(Name="theirs", Protocol="TCP", Port=1, VpcId=provider.vpc_id, TargetType="ip")
    elbv2.create_listener(
        LoadBalancerArn=spec.load_balancer.arn,
        Protocol="TCP",
        Port=3306,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": theirs["TargetGroups"][0]["TargetGroupArn"]}],
        Tags=elb_tags(LINK, "saga-0", {}),
    )
    made = await attempt(steps.create_listener, spec)
    assert [made] == [found["arn"] for found in provider.books()["listeners"]]
    assert spec.target_group.arn == forwards_to(provider, made)


async def test_a_complete_one_is_used_as_it_is(provider: Provider, steps: Listeners) -> None:
    """What an earlier create completed keeps its saga, so that this one's rollback leaves it alone."""
    spec = await a_spec(provider, "saga-0")
    first = await attempt(steps.create_listener, spec)
    provider.client("elbv2").add_tags(ResourceArns=[first], Tags=[{"Key": TAG_COMPLETE, "Value": "true"}])
    before = provider.things()
    assert first == await attempt(steps.create_listener, spec.model_copy(update={"scope": a_scope()}))
    await attempt(steps.delete_listeners, a_removal(SAGA))
    assert before == provider.things()


async def test_they_are_deleted_all_of_them(provider: Provider, steps: Listeners) -> None:
    """Every port's; the ids are returned; again, and without a load balancer, there is nothing, and that is fine."""
    made = [await attempt(steps.create_listener, await a_spec(provider, port=port)) for port in (3306, 5432)]
    provider.sandbox.fault("DeleteListener", "lost_reply")
    removed = await perform(steps.delete_listeners, a_removal())
    assert set(made) == set(removed.ids)
    assert [] == provider.books()["listeners"]
    assert () == (await attempt(steps.delete_listeners, a_removal())).ids
    provider.sandbox.reset()
    assert () == (await attempt(steps.delete_listeners, a_removal())).ids


async def test_one_that_cannot_go_does_not_keep_the_others(provider: Provider, steps: Listeners) -> None:
    """Each is tried; the error of the first that failed is raised, and a later attempt finishes."""
    for port in (3306, 5432):
        await attempt(steps.create_listener, await a_spec(provider, port=port))
    provider.sandbox.fault("DeleteListener", "access_denied")
    with pytest.raises(Exception, match="AccessDenied"):
        await attempt(steps.delete_listeners, a_removal())
    assert 1 == len(provider.books()["listeners"])
    await perform(steps.delete_listeners, a_removal())
    assert [] == provider.books()["listeners"]
