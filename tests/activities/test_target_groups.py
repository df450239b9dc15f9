"""Target groups: made once, ours alone, with exactly their targets; waited for; removed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities import inputs
from activities.target_groups import FIRST_CHECKS_SECONDS, NOT_IN_USE_SECONDS, TargetGroups
from clouds.aws.tags import COMPLETE, add_elb_tags
from privatelink.errors import DeadlinePassed, NameTaken, NotYet, TargetsUnhealthy
from privatelink.model.deadlines import Deadline, span
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_SAGA, aws_name
from privatelink.pace import paced, paced_delta
from tests.support.sandbox import Sandbox
from tests.support.steps import LINK, SAGA, Provider, a_deadline, a_removal, a_scope, attempt, failure, perform, refusal


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """The seeded account."""
    return Provider(sandbox)


@pytest.fixture
def steps(provider: Provider) -> TargetGroups:
    """The steps under test."""
    return TargetGroups(provider.aws)


def make_foreign(provider: Provider, name: str, tags: dict[str, str] | None = None) -> None:
    """Make a target group with our name, as another team would."""
    provider.client("elbv2").create_target_group(
        Name=name,
        Protocol="TCP",
        Port=3306,
        VpcId=provider.vpc_id,
        TargetType="ip",
        Tags=[{"Key": key, "Value": value} for key, value in (tags or {"team": "others"}).items()],
    )


async def test_it_is_made_with_name_tags_and_targets(provider: Provider, steps: TargetGroups) -> None:
    """One target group, found by its name, known as ours by its tags, with exactly the targets asked for."""
    spec = provider.target_group_spec()
    made = await attempt(steps.create_target_group, spec)
    (found,) = provider.books()["target_groups"]
    assert (made.arn, aws_name(LINK, 3306)) == (found["arn"], found["name"])
    assert (str(LINK), SAGA) == (found["tags"][TAG_LINK], found["tags"][TAG_SAGA])
    assert sorted(spec.listener.targets) == sorted(found["targets"])


async def test_the_callers_tags_are_on_it(provider: Provider, steps: TargetGroups) -> None:
    """So that an account's tag policies can be met."""
    spec = provider.target_group_spec().model_copy(update={"scope": a_scope(tags={"team": "orders"})})
    await attempt(steps.create_target_group, spec)
    assert "orders" == provider.books()["target_groups"][0]["tags"]["team"]


async def test_twice_is_once(provider: Provider, steps: TargetGroups) -> None:
    """A repeated call gives the same and makes nothing."""
    spec = provider.target_group_spec()
    first = await attempt(steps.create_target_group, spec)
    before = provider.things()
    assert first == await attempt(steps.create_target_group, spec)
    assert before == provider.things()


@pytest.mark.parametrize("action", ["CreateTargetGroup", "RegisterTargets", "ModifyTargetGroupAttributes"])
@pytest.mark.parametrize("kind", ["lost_reply", "throttle", "server_error"])
async def test_a_bad_moment_makes_no_second_one(
    provider: Provider, steps: TargetGroups, action: str, kind: str
) -> None:
    """Whatever call goes wrong, the retry ends with one target group that has its targets."""
    provider.sandbox.fault(action, kind)
    spec = provider.target_group_spec()
    await perform(steps.create_target_group, spec)
    (found,) = provider.books()["target_groups"]
    assert sorted(spec.listener.targets) == sorted(found["targets"])


async def test_one_that_is_not_visible_yet_is_waited_for(provider: Provider, steps: TargetGroups) -> None:
    """EC2's eventual consistency: made, reply lost, and not shown for a while; still only one is made."""
    provider.sandbox.fault("CreateTargetGroup", "not_visible", seconds=40)
    await perform(steps.create_target_group, provider.target_group_spec())
    assert 1 == len(provider.books()["target_groups"])


async def test_a_target_outside_the_vpc_is_registered_for_all_azs(provider: Provider, steps: TargetGroups) -> None:
    """AWS refuses an address outside the VPC without that word."""
    targets = ("172.16.5.9", "10.0.1.15")
    spec = provider.target_group_spec(targets=targets, outside=frozenset({"172.16.5.9"}))
    made = await attempt(steps.create_target_group, spec)
    health = provider.client("elbv2").describe_target_health(TargetGroupArn=made.arn)
    zones = {one["Target"]["Id"]: one["Target"].get("AvailabilityZone") for one in health["TargetHealthDescriptions"]}
    assert "all" == zones["172.16.5.9"]
    assert "all" != zones["10.0.1.15"]


async def test_aws_is_believed_where_an_address_is_in_the_vpc_or_not(provider: Provider, steps: TargetGroups) -> None:
    """In a shared VPC the check sees some of the subnets only, and guesses the rest wrong, one way or the other."""
    targets = ("172.16.5.9", "10.0.250.10", "10.0.1.15", "10.0.2.15")
    spec = provider.target_group_spec(targets=targets, outside=frozenset({"10.0.1.15", "10.0.2.15"}))
    made = await attempt(steps.create_target_group, spec)
    health = provider.client("elbv2").describe_target_health(TargetGroupArn=made.arn)
    zones = {one["Target"]["Id"]: one["Target"].get("AvailabilityZone") for one in health["TargetHealthDescriptions"]}
    assert ["all", "all"] == [zones[target] for target in targets[:2]]
    assert "all" not in {zones[target] for target in targets[2:]}


@pytest.mark.parametrize("tags", [{"team": "others"}, {TAG_LINK: "w41b11c0/other"}])
async def test_a_foreign_one_is_refused_and_left_alone(
    provider: Provider, steps: TargetGroups, tags: dict[str, str]
) -> None:
    """Something else has the name: named, not touched, nothing made."""
    make_foreign(provider, aws_name(LINK, 3306), tags)
    before = provider.things()
    error = await refusal(NameTaken, steps.create_target_group, provider.target_group_spec())
    assert aws_name(LINK, 3306) == error.details_model.resource
    assert before == provider.things()


async def test_a_leftover_is_adopted(provider: Provider, steps: TargetGroups) -> None:
    """The dead saga's becomes this saga's, with this request's targets and no others."""
    first = await attempt(steps.create_target_group, provider.target_group_spec("saga-0", targets=("10.0.1.15",)))
    wanted = provider.target_group_spec(targets=("10.0.1.16", "10.0.2.15"))
    assert first == await attempt(steps.create_target_group, wanted)
    (found,) = provider.books()["target_groups"]
    assert SAGA == found["tags"][TAG_SAGA]
    assert ["10.0.1.16", "10.0.2.15"] == sorted(found["targets"])


@pytest.mark.parametrize(
    "changes",
    [
        {"target_port": 3307},
        {"health_check": {"protocol": "http", "path": "/health"}},
        {"health_check": {"protocol": "tcp", "port": 3306}},
    ],
)
async def test_a_leftover_that_does_not_fit_is_made_anew(
    provider: Provider, steps: TargetGroups, changes: dict[str, Any]
) -> None:
    """Its settings can't be changed, so it goes, with the listener that would hold it."""
    first = await attempt(steps.create_target_group, provider.target_group_spec("saga-0"))
    await provider.make_listener(await provider.make_load_balancer("saga-0"), first, "saga-0")
    made = await perform(steps.create_target_group, provider.target_group_spec(**changes))
    (found,) = provider.books()["target_groups"]
    assert first.arn != made.arn == found["arn"]
    assert SAGA == found["tags"][TAG_SAGA]


async def test_a_target_with_another_port_than_the_requests_does_not_stay(
    provider: Provider, steps: TargetGroups
) -> None:
    """Somebody registered an address of the request with a port override: traffic would go there, too."""
    first = await attempt(steps.create_target_group, provider.target_group_spec("saga-0", targets=("10.0.1.15",)))
    elbv2 = provider.client("elbv2")
    elbv2.register_targets(TargetGroupArn=first.arn, Targets=[{"Id": "10.0.1.15", "Port": 9999}])
    await attempt(steps.create_target_group, provider.target_group_spec(targets=("10.0.1.15",)))
    listed = elbv2.describe_target_health(TargetGroupArn=first.arn)["TargetHealthDescriptions"]
    staying = [one["Target"]["Port"] for one in listed if one["TargetHealth"]["State"] != "draining"]
    assert [3306] == staying


async def test_a_leftover_that_a_weighted_listener_holds_can_go(provider: Provider, steps: TargetGroups) -> None:
    """An action by weight names its target groups in ForwardConfig alone (API_Action)."""
    first = await attempt(steps.create_target_group, provider.target_group_spec("saga-0"))
    balancer = await provider.make_load_balancer("saga-0")
    elbv2 = provider.client("elbv2")
    other = elbv2.create_target_group(Name="other", Protocol="TCP", Port=1, VpcId=provider.vpc_id, TargetType="ip")
    groups = [first.arn, other["TargetGroups"][0]["TargetGroupArn"]]
    elbv2.create_listener(
        LoadBalancerArn=balancer.arn,
        Protocol="TCP",
        Port=3306,
        DefaultActions=[
            {
                "Type": "forward",
                "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 1} for arn in groups]},
            }
        ],
    )
    made = await perform(steps.create_target_group, provider.target_group_spec(target_port=3307))
    assert first.arn != made.arn


async def test_a_complete_one_is_used_as_it_is(provider: Provider, steps: TargetGroups) -> None:
    """What an earlier create completed keeps its saga, so that this one's rollback leaves it alone."""
    first = await attempt(steps.create_target_group, provider.target_group_spec("saga-0"))
    complete(provider, first.arn)
    before = provider.things()
    assert first == await attempt(steps.create_target_group, provider.target_group_spec())
    await attempt(steps.delete_target_groups, a_removal(SAGA))
    assert before == provider.things()


def complete(provider: Provider, *arns: str) -> None:
    """Mark things as a create does that ended well."""
    tag = {"Key": "privatelink:complete", "Value": "true"}
    provider.client("elbv2").add_tags(ResourceArns=list(arns), Tags=[tag])


async def waiting(
    provider: Provider, deadline: Deadline | None = None, *, listening: bool = True
) -> inputs.TargetsWait:
    """The wait for the targets of a new target group."""
    group = await provider.make_target_group()
    if listening:
        await provider.make_listener(await provider.make_load_balancer(), group)
    return inputs.TargetsWait(scope=a_scope(), target_group=group, deadline=deadline or a_deadline())


async def test_the_wait_ends_when_every_target_is_healthy(provider: Provider, steps: TargetGroups) -> None:
    """Not before: AWS says so of each of them."""
    spec = await waiting(provider)
    await perform(steps.wait_for_targets, spec)
    health = provider.client("elbv2").describe_target_health(TargetGroupArn=spec.target_group.arn)
    assert {"healthy"} == {one["TargetHealth"]["State"] for one in health["TargetHealthDescriptions"]}


async def test_the_wait_says_each_target_and_its_reason(provider: Provider, steps: TargetGroups) -> None:
    """Words for the operator who looks at it in the Temporal UI."""
    provider.sandbox.durations(target_healthy=1000)
    error = await refusal(NotYet, steps.wait_for_targets, await waiting(provider), tried_again=True)
    for target in provider.target_group_spec().listener.targets:
        assert f"{target} initial (Elb." in error.details_model.message


async def test_unhealthy_targets_are_waited_for_until_the_deadline(provider: Provider, steps: TargetGroups) -> None:
    """A database may be started late; at the deadline the sentence says why it never was."""
    provider.sandbox.fault("RegisterTargets", "failed")
    provider.sandbox.durations(target_healthy=1)
    spec = await waiting(provider, a_deadline(400))
    error = await failure(DeadlinePassed, steps.wait_for_targets, spec)
    assert "Target.FailedHealthChecks" in error.details_model.message


async def test_a_group_without_targets_is_not_healthy_yet(provider: Provider, steps: TargetGroups) -> None:
    """None registered, or none any more, leaves nobody who could answer."""
    spec = await waiting(provider)
    provider.client("elbv2").deregister_targets(
        TargetGroupArn=spec.target_group.arn, Targets=[{"Id": one} for one in provider.sandbox.seed["targets"][:2]]
    )
    while provider.books()["target_groups"][0]["targets"]:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.02)
    error = await refusal(NotYet, steps.wait_for_targets, spec, tried_again=True)
    assert "none registered" in error.details_model.message
    late = spec.model_copy(update={"deadline": a_deadline(-1)})
    await refusal(DeadlinePassed, steps.wait_for_targets, late, tried_again=True)


async def test_before_the_first_checks_can_be_over_nothing_is_read(provider: Provider, steps: TargetGroups) -> None:
    """The next look comes when they can; an operator who tries the step again wants to see now."""
    provider.sandbox.durations(target_healthy=1000)
    spec = await waiting(provider)
    error = await refusal(NotYet, steps.wait_for_targets, spec)
    assert f"about {span(paced(FIRST_CHECKS_SECONDS))};" in error.details_model.message
    assert error.next_retry_delay is not None
    assert error.next_retry_delay > paced_delta(FIRST_CHECKS_SECONDS / 2)
    assert "DescribeTargetHealth" not in {call["action"] for call in provider.sandbox.calls()}
    await refusal(NotYet, steps.wait_for_targets, spec, tried_again=True)
    assert "DescribeTargetHealth" in {call["action"] for call in provider.sandbox.calls()}


async def test_a_deadline_below_the_first_checks_still_sees_healthy_targets(
    provider: Provider, steps: TargetGroups
) -> None:
    """It is a setting, and no wait may end without a look."""
    provider.sandbox.durations(target_healthy=1, load_balancer_active=1)
    spec = await waiting(provider)
    spec = spec.model_copy(update={"deadline": a_deadline(FIRST_CHECKS_SECONDS * 0.9)})
    await perform(steps.wait_for_targets, spec)


async def test_a_stopped_instance_ends_the_wait_at_once(provider: Provider, steps: TargetGroups) -> None:
    """Waiting does not cure Target.InvalidState."""
    instance = provider.sandbox.seed["instances"][0]
    group = await provider.make_target_group(target_type="instance", targets=(instance,))
    await provider.make_listener(await provider.make_load_balancer(), group)
    provider.client("ec2").stop_instances(InstanceIds=[instance])
    spec = inputs.TargetsWait(scope=a_scope(), target_group=group, deadline=a_deadline())
    error = await refusal(TargetsUnhealthy, steps.wait_for_targets, spec, tried_again=True)
    assert instance in error.details_model.message
    assert "Target.InvalidState" in error.details_model.message


async def test_targets_not_in_use_are_given_the_time_of_a_load_balancer(
    provider: Provider, steps: TargetGroups
) -> None:
    """Before, it is the normal state of a group whose load balancer is being made; after, the AZ is a wrong one."""
    spec = await waiting(provider, listening=False)
    await refusal(NotYet, steps.wait_for_targets, spec)
    since = datetime.now(UTC) - paced_delta(NOT_IN_USE_SECONDS + 60)
    late = spec.model_copy(update={"deadline": Deadline(since=since, until=since + timedelta(minutes=5))})
    error = await refusal(TargetsUnhealthy, steps.wait_for_targets, late)
    assert "Target.NotInUse" in error.details_model.message


async def test_it_is_deleted_with_all_of_the_link(provider: Provider, steps: TargetGroups) -> None:
    """Every port's; the ids are returned; doing it again finds nothing and is fine."""
    made = [await provider.make_target_group(), await provider.make_target_group(port=5432)]
    removed = await perform(steps.delete_target_groups, a_removal())
    assert {group.arn for group in made} == set(removed.ids)
    assert [] == provider.books()["target_groups"]
    assert () == (await attempt(steps.delete_target_groups, a_removal())).ids


async def test_a_rollback_leaves_what_another_create_completed(provider: Provider, steps: TargetGroups) -> None:
    """A dead saga's goes with its own."""
    complete = await provider.make_target_group("saga-0", port=5432)
    await add_elb_tags(provider.account, [complete.arn], [{"Key": TAG_COMPLETE, "Value": COMPLETE}])
    await provider.make_target_group("saga-0", port=6379)
    await provider.make_target_group()
    await perform(steps.delete_target_groups, a_removal(SAGA))
    assert [complete.arn] == [found["arn"] for found in provider.books()["target_groups"]]


async def test_a_foreign_look_alike_is_never_deleted(provider: Provider, steps: TargetGroups) -> None:
    """A name is no proof: only the tag is."""
    make_foreign(provider, aws_name(LINK, 3306))
    before = provider.things()
    await attempt(steps.delete_target_groups, a_removal())
    assert before == provider.things()


async def test_one_in_use_is_patience_and_the_others_go_all_the_same(provider: Provider, steps: TargetGroups) -> None:
    """AWS frees a target group a while after its listener; one that is stuck must not keep the rest."""
    held = await provider.make_target_group()
    await provider.make_listener(await provider.make_load_balancer(), held)
    await provider.make_target_group(port=5432)
    error = await refusal(NotYet, steps.delete_target_groups, a_removal())
    assert "AWS still counts it as in use by a load balancer" in str(error), "usual, and told in our words"
    assert "ResourceInUse" not in str(error)
    assert [held.arn] == [found["arn"] for found in provider.books()["target_groups"]]


async def test_nothing_seen_is_not_nothing_left_until_it_settles(provider: Provider, steps: TargetGroups) -> None:
    """A create's lost reply and eventual consistency together: the rollback looks again, and finds it."""
    provider.sandbox.fault("CreateTargetGroup", "not_visible", seconds=100)
    await attempt(steps.create_target_group, provider.target_group_spec())
    spec = a_removal(SAGA, settled_at=datetime.now(UTC) + timedelta(seconds=5))
    await refusal(NotYet, steps.delete_target_groups, spec)
    removed = await perform(steps.delete_target_groups, spec)
    assert 1 == len(removed.ids)
    assert [] == provider.books()["target_groups"]


async def test_a_rollback_that_has_removed_something_looks_again_until_it_settles(
    provider: Provider, steps: TargetGroups
) -> None:
    """An earlier call, whose outcome nobody knows, may take effect after a later one's thing is removed."""
    await attempt(steps.create_target_group, provider.target_group_spec())
    provider.sandbox.fault("CreateTargetGroup", "not_visible", seconds=300)
    await attempt(steps.create_target_group, provider.target_group_spec(port=5432))
    spec = a_removal(SAGA, settled_at=datetime.now(UTC) + timedelta(seconds=5))
    early = await refusal(NotYet, steps.delete_target_groups, spec)
    assert "looking again" in early.details_model.message
    assert 1 == len(provider.books()["target_groups"])
    removed = await perform(steps.delete_target_groups, spec)
    assert 1 <= len(removed.ids)
    assert [] == provider.books()["target_groups"]


async def test_targets_of_a_group_just_made_are_registered_however_old_the_step(
    provider: Provider, steps: TargetGroups
) -> None:
    """Minutes of server errors, then the create, and then AWS does not know the group for a moment."""
    provider.sandbox.fault("RegisterTargets", "refusal", code="TargetGroupNotFound", message="not found")
    spec, old = provider.target_group_spec(), timedelta(minutes=30)
    await refusal(NotYet, steps.create_target_group, spec, scheduled=old)
    await attempt(steps.create_target_group, spec, scheduled=old)


async def test_a_missing_permission_is_waited_out_by_a_removal(provider: Provider, steps: TargetGroups) -> None:
    """A person can give it back while the rollback waits."""
    await provider.make_target_group()
    provider.sandbox.fault("DeleteTargetGroup", "access_denied", times=2)
    await perform(steps.delete_target_groups, a_removal())
    assert [] == provider.books()["target_groups"]
