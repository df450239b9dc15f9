"""The load balancer: made once, ours alone, in exactly its subnets; waited for; removed."""

from datetime import timedelta

import pytest

from activities import inputs
from activities.load_balancers import LoadBalancers
from privatelink.errors import AccessDenied, CloudRefused, DeadlinePassed, LoadBalancerFailed, NameTaken, NotYet
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_SAGA, aws_name
from tests.support.sandbox import Sandbox
from tests.support.steps import LINK, SAGA, Provider, a_deadline, a_removal, a_scope, attempt, failure, perform, refusal


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account."""
    return Provider(sandbox)


@pytest.fixture
def steps(provider: Provider) -> LoadBalancers:
    """The steps under test."""
    return LoadBalancers(provider.aws)


def make_foreign(provider: Provider) -> None:
    """Make a load balancer with our name, as another team would."""
    provider.client("elbv2").create_load_balancer(
        Name=aws_name(LINK), Type="network", Scheme="internal", Subnets=list(provider.subnets.values())
    )


def elsewhere(provider: Provider, saga_id: str) -> inputs.LoadBalancerSpec:
    """A load balancer in one other subnet."""
    subnets = {"use1-az4": provider.sandbox.seed["subnets"]["use1-az4"]}
    return inputs.LoadBalancerSpec(scope=a_scope(saga_id), subnets=subnets, ports=(3306,))


async def test_it_is_made_internal_in_its_subnets_and_cross_zone(provider: Provider, steps: LoadBalancers) -> None:
    """One, found by its name, known as ours by its tags, in exactly the subnets asked for."""
    made = await attempt(steps.create_load_balancer, provider.load_balancer_spec())
    (found,) = provider.books()["load_balancers"]
    assert (made.arn, aws_name(LINK)) == (found["arn"], found["name"])
    assert (str(LINK), SAGA) == (found["tags"][TAG_LINK], found["tags"][TAG_SAGA])
    elbv2 = provider.client("elbv2")
    (described,) = elbv2.describe_load_balancers(LoadBalancerArns=[made.arn])["LoadBalancers"]
    assert ("internal", "network", "ipv4") == (described["Scheme"], described["Type"], described["IpAddressType"])
    assert set(provider.subnets.values()) == {zone["SubnetId"] for zone in described["AvailabilityZones"]}
    attributes = elbv2.describe_load_balancer_attributes(LoadBalancerArn=made.arn)["Attributes"]
    assert {"Key": "load_balancing.cross_zone.enabled", "Value": "true"} in attributes


async def test_twice_is_once(provider: Provider, steps: LoadBalancers) -> None:
    """A repeated call gives the same and makes nothing."""
    first = await attempt(steps.create_load_balancer, provider.load_balancer_spec())
    assert first == await attempt(steps.create_load_balancer, provider.load_balancer_spec())
    assert 1 == len(provider.books()["load_balancers"])


@pytest.mark.parametrize("action", ["CreateLoadBalancer", "ModifyLoadBalancerAttributes", "DescribeLoadBalancers"])
@pytest.mark.parametrize("kind", ["lost_reply", "throttle", "server_error"])
async def test_a_bad_moment_makes_no_second_one(
    provider: Provider, steps: LoadBalancers, action: str, kind: str
) -> None:
    """Whatever call goes wrong, the retry ends with one load balancer."""
    provider.sandbox.fault(action, kind)
    await perform(steps.create_load_balancer, provider.load_balancer_spec())
    assert 1 == len(provider.books()["load_balancers"])


async def test_a_foreign_one_is_refused_and_left_alone(provider: Provider, steps: LoadBalancers) -> None:
    """Something without our tag has the name: named, not touched, nothing made."""
    make_foreign(provider)
    before = provider.things()
    error = await refusal(NameTaken, steps.create_load_balancer, provider.load_balancer_spec())
    assert aws_name(LINK) == error.details_model.resource
    assert before == provider.things()


async def test_one_that_is_not_shown_has_its_owner_looked_up_when_it_is(
    provider: Provider, steps: LoadBalancers
) -> None:
    """AWS says that the name is taken before it shows by whom: no guess, and the foreign one is not adopted."""
    provider.sandbox.fault("CreateLoadBalancer", "not_visible", seconds=30)
    provider.client("elbv2").create_load_balancer(
        Name=aws_name(LINK),
        Type="network",
        Scheme="internal",
        Subnets=[provider.sandbox.seed["subnets"]["use1-az4"]],
    )
    await failure(NameTaken, steps.create_load_balancer, provider.load_balancer_spec())


async def test_a_leftover_is_adopted(provider: Provider, steps: LoadBalancers) -> None:
    """The dead saga's becomes this saga's, so that this one's rollback removes it."""
    first = await attempt(steps.create_load_balancer, provider.load_balancer_spec("saga-0"))
    assert first == await attempt(steps.create_load_balancer, provider.load_balancer_spec())
    assert SAGA == provider.books()["load_balancers"][0]["tags"][TAG_SAGA]


async def test_a_leftover_in_other_subnets_is_made_anew(provider: Provider, steps: LoadBalancers) -> None:
    """Its subnets can't be made to fit, so it is deleted first, and there are never two."""
    first = await attempt(steps.create_load_balancer, elsewhere(provider, "saga-0"))
    made = await perform(steps.create_load_balancer, provider.load_balancer_spec())
    (found,) = provider.books()["load_balancers"]
    assert first.arn != made.arn == found["arn"]


async def test_a_leftover_under_an_endpoint_service_is_a_persons_business(
    provider: Provider, steps: LoadBalancers
) -> None:
    """A create does not delete what a live endpoint service uses."""
    await provider.make_endpoint_service("saga-0")
    before = provider.things()
    error = await refusal(CloudRefused, steps.create_load_balancer, elsewhere(provider, SAGA))
    assert "delete the link" in error.details_model.next_step
    assert before == provider.things()


async def test_an_endpoint_service_that_is_on_its_way_out_holds_nothing(
    provider: Provider, steps: LoadBalancers
) -> None:
    """AWS lists a deleted one for a while: the leftover under it is waited for, and then replaced."""
    service = await provider.make_endpoint_service("saga-0")
    provider.sandbox.durations(endpoint_service_delete=200)
    provider.client("ec2").delete_vpc_endpoint_service_configurations(ServiceIds=[service.service_id])
    first = provider.books()["load_balancers"][0]["arn"]
    await refusal(NotYet, steps.create_load_balancer, elsewhere(provider, SAGA))
    made = await perform(steps.create_load_balancer, elsewhere(provider, SAGA))
    assert first != made.arn == provider.books()["load_balancers"][0]["arn"]


async def test_what_a_leftover_has_on_other_ports_goes(provider: Provider, steps: LoadBalancers) -> None:
    """Otherwise a create would end with ports open that its request does not name."""
    load_balancer = await provider.make_load_balancer("saga-0")
    for port in (3306, 5432):
        group = await provider.make_target_group("saga-0", port=port)
        await provider.make_listener(load_balancer, group, "saga-0")
    await perform(steps.create_load_balancer, provider.load_balancer_spec(ports=(3306,)))
    books = provider.books()
    assert [3306] == [listener["port"] for listener in books["listeners"]]
    assert [aws_name(LINK, 3306)] == [group["name"] for group in books["target_groups"]]


async def test_a_leftovers_listener_on_a_port_that_stays_goes_with_the_group_it_leads_to(
    provider: Provider, steps: LoadBalancers
) -> None:
    """It leads to another port's target group, which could else never be deleted; the create makes its own."""
    load_balancer = await provider.make_load_balancer("saga-0")
    other = await provider.make_target_group("saga-0", port=5432)
    await provider.make_listener(load_balancer, other.model_copy(update={"port": 3306}), "saga-0")
    await perform(steps.create_load_balancer, provider.load_balancer_spec(ports=(3306,)))
    assert ([], []) == (provider.books()["listeners"], provider.books()["target_groups"])


async def test_a_complete_one_is_used_as_it_is(provider: Provider, steps: LoadBalancers) -> None:
    """What an earlier create completed keeps its saga, so that this one's rollback leaves it alone."""
    first = await attempt(steps.create_load_balancer, provider.load_balancer_spec("saga-0"))
    provider.client("elbv2").add_tags(ResourceArns=[first.arn], Tags=[{"Key": TAG_COMPLETE, "Value": "true"}])
    before = provider.things()
    assert first == await attempt(steps.create_load_balancer, provider.load_balancer_spec())
    await attempt(steps.delete_load_balancer, a_removal(SAGA))
    assert before == provider.things()


async def waiting(provider: Provider, seconds: float = 1200) -> inputs.LoadBalancerWait:
    """The wait for a new load balancer."""
    load_balancer = await provider.make_load_balancer()
    return inputs.LoadBalancerWait(scope=a_scope(), load_balancer=load_balancer, deadline=a_deadline(seconds))


async def test_the_wait_ends_when_it_is_active(provider: Provider, steps: LoadBalancers) -> None:
    """Without a warning."""
    assert "" == await perform(steps.wait_for_load_balancer, await waiting(provider))
    assert ["active"] == [found["state"] for found in provider.books()["load_balancers"]]


async def test_the_wait_says_what_it_waits_for(provider: Provider, steps: LoadBalancers) -> None:
    """State, name, elapsed of limit."""
    provider.sandbox.durations(load_balancer_active=1000)
    error = await refusal(NotYet, steps.wait_for_load_balancer, await waiting(provider))
    assert f"load balancer {aws_name(LINK)} is provisioning" in error.details_model.message


async def test_a_failed_one_ends_the_wait_with_awss_reason(provider: Provider, steps: LoadBalancers) -> None:
    """Waiting does not cure it."""
    provider.sandbox.fault("CreateLoadBalancer", "failed")
    error = await failure(LoadBalancerFailed, steps.wait_for_load_balancer, await waiting(provider))
    assert "could not be provisioned" in error.details_model.message


async def test_a_stuck_one_ends_at_the_deadline(provider: Provider, steps: LoadBalancers) -> None:
    """Named, with the state in which it stayed."""
    provider.sandbox.fault("CreateLoadBalancer", "stuck")
    error = await failure(DeadlinePassed, steps.wait_for_load_balancer, await waiting(provider, 60))
    assert "provisioning" in error.details_model.message


async def test_it_is_deleted_with_its_listeners_and_is_gone_then(provider: Provider, steps: LoadBalancers) -> None:
    """The step ends when AWS does not list it any more; doing it again finds nothing and is fine."""
    load_balancer = await provider.make_load_balancer()
    await provider.make_listener(load_balancer, await provider.make_target_group())
    removed = await perform(steps.delete_load_balancer, a_removal())
    assert (load_balancer.arn,) == removed.ids
    assert ([], []) == (provider.books()["load_balancers"], provider.books()["listeners"])
    assert () == (await attempt(steps.delete_load_balancer, a_removal())).ids


async def test_an_id_removed_by_an_earlier_attempt_is_still_told(provider: Provider, steps: LoadBalancers) -> None:
    """One attempt asks, the next finds nothing any more: the result names it all the same."""
    provider.sandbox.durations(load_balancer_delete=25)
    load_balancer = await provider.make_load_balancer()
    assert (load_balancer.arn,) == (await perform(steps.delete_load_balancer, a_removal())).ids
    assert ("an earlier arn",) == (await attempt(steps.delete_load_balancer, a_removal(), beats=["an earlier arn"])).ids


async def test_a_lost_reply_of_its_deletion_does_no_harm(provider: Provider, steps: LoadBalancers) -> None:
    """Asked twice, deleted once."""
    await provider.make_load_balancer()
    provider.sandbox.fault("DeleteLoadBalancer", "lost_reply")
    await perform(steps.delete_load_balancer, a_removal())
    assert [] == provider.books()["load_balancers"]


async def test_a_foreign_look_alike_is_never_deleted(provider: Provider, steps: LoadBalancers) -> None:
    """A name is no proof: only the tag is."""
    make_foreign(provider)
    before = provider.things()
    await attempt(steps.delete_load_balancer, a_removal())
    assert before == provider.things()


async def test_one_that_an_endpoint_service_still_has_is_patience(provider: Provider, steps: LoadBalancers) -> None:
    """AWS frees it when the endpoint service is gone."""
    await provider.make_endpoint_service()
    error = await refusal(NotYet, steps.delete_load_balancer, a_removal())
    assert "ResourceInUse" in error.details_model.message
    assert 1 == len(provider.books()["load_balancers"])


async def test_a_missing_permission_is_named_and_tried_again(provider: Provider, steps: LoadBalancers) -> None:
    """A new policy takes effect with a delay; how long that is waited for is the worker's to judge."""
    provider.sandbox.fault("CreateLoadBalancer", "access_denied")
    error = await refusal(AccessDenied, steps.create_load_balancer, provider.load_balancer_spec())
    assert "CreateLoadBalancer" in error.details_model.next_step
    assert [] == provider.books()["load_balancers"]
    await attempt(steps.create_load_balancer, provider.load_balancer_spec())
    assert 1 == len(provider.books()["load_balancers"])


async def test_what_was_just_made_may_be_unknown_for_a_moment_however_old_the_step(
    provider: Provider, steps: LoadBalancers
) -> None:
    """The create itself may have been tried for half an hour; its answer is a moment old."""
    provider.sandbox.fault("ModifyLoadBalancerAttributes", "refusal", code="LoadBalancerNotFound", message="not found")
    spec, old = provider.load_balancer_spec(), timedelta(minutes=30)
    await refusal(NotYet, steps.create_load_balancer, spec, scheduled=old)
    await attempt(steps.create_load_balancer, spec, scheduled=old)
