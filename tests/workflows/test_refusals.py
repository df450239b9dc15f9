"""After the first effect a refusal is weather: it passes, and costs nobody a link."""

from datetime import timedelta

import pytest

from privatelink.errors import AccessDenied, Outcome, PrivateLinkError, RollbackIncomplete
from privatelink.model.progress import Phase, StepState
from privatelink.model.request import PrivateLinkRequest
from tests.support.deadlines import SetDeadlines
from tests.support.laws import NOTHING, of_link
from tests.support.parts import PARTS
from tests.support.person import Person
from tests.support.requests import full_request
from tests.support.sandbox import SPEED
from tests.support.step_faults import once
from tests.support.world import World
from workflows.saga import options

LINK = "w41b11c0/orders-db"
LISTING = "GET /deployments/{deploymentID}/privatelinks"


def _request(world: World, name: str = "orders-db", **changes: object) -> PrivateLinkRequest:
    listeners = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
    return full_request(world.sandbox, name, connector=None, listeners=listeners, **changes)


async def _waits(world: World, link: str, step: str) -> None:
    person = Person(world, link)
    await person.sees(lambda seen: any(one.id == step and one.state is StepState.RUNNING for one in seen.steps))


async def test_one_refused_reading_ends_none_of_the_creates_that_share_it(world: World) -> None:
    """It is one call's trouble, and all of them hear of it."""
    world.sandbox.durations(platform_endpoint=10 * SPEED)
    names = ("first", "second", "third")
    sagas = [await world.links.start_create(_request(world, name)) for name in names]
    for name in names:
        await _waits(world, f"w41b11c0/{name}", "wait-for-endpoint-connection")
    world.sandbox.fault("DescribeVpcEndpointConnections", "access_denied")
    for saga in sagas:
        await saga.result()


@pytest.mark.parametrize("action", ["DescribeLoadBalancers", LISTING, "CreateListener", "AddTags"])
async def test_one_refusal_in_the_middle_of_a_create_ends_nothing(world: World, action: str) -> None:
    """Whether it looks or writes, at either cloud."""

    async def refuse() -> None:
        world.sandbox.fault(action, "access_denied")

    world.faults.at("privatelink:w41b11c0:orders-db", "create-load-balancer", "before", once(refuse))
    await world.links.create(_request(world))


async def test_an_action_that_was_never_allowed_ends_a_create_after_the_time_that_iam_takes(world: World) -> None:
    """By its name, with all rolled back: nobody waits half an hour for a policy that lacks it."""
    world.sandbox.fault("CreateListener", "access_denied", times=None)
    with pytest.raises(AccessDenied, match="CreateListener") as caught:
        await world.links.create(_request(world))
    assert caught.value.details_model.outcome == Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


async def test_a_refusal_in_a_check_is_final_at_once(world: World) -> None:
    """Nothing is made yet, and the caller can fix it."""
    world.sandbox.fault("DescribeSubnets", "access_denied")
    with pytest.raises(PrivateLinkError) as caught:
        await world.links.create(_request(world))
    assert caught.value.details_model.outcome == Outcome.REFUSED


async def test_a_refusal_that_lasts_is_held_at_the_deadline_when_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, set_deadlines: SetDeadlines
) -> None:
    """What was made stays until somebody has given the permission back."""
    monkeypatch.setattr(options, "FLOOR", timedelta(seconds=1))
    set_deadlines(load_balancer=3)
    world.sandbox.durations(load_balancer_active=SPEED)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, on_failure="hold"))
    await _waits(world, LINK, "wait-for-load-balancer")
    world.sandbox.fault("DescribeLoadBalancers", "access_denied", times=None)
    [ask] = (await person.reaches(Phase.HELD)).asks
    assert "DescribeLoadBalancers" in ask.message + "".join(ask.clicks)
    world.sandbox.clear_faults()
    await person.says("retry_now")
    await saga.result()


async def test_what_nobody_could_look_at_is_listed_by_what_the_saga_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch, set_deadlines: SetDeadlines
) -> None:
    """An ending that says only why it could not look leaves a person to search two consoles for what is billed."""
    monkeypatch.setattr(options, "FLOOR", timedelta(seconds=1))
    set_deadlines(removal=1, check=1)
    world.sandbox.durations(platform_endpoint=1000 * SPEED)
    saga = await world.links.start_create(_request(world))
    await _waits(world, LINK, "wait-for-endpoint-connection")
    world.sandbox.fault("DescribeVpcEndpointServiceConfigurations", "access_denied", times=None)
    await world.links.roll_back(LINK, reason="enough")
    with pytest.raises(RollbackIncomplete) as caught:
        await saga.result()
    leftovers = caught.value.details_model.leftovers
    listed = {(one.kind, one.id) for one in leftovers}
    assert {one.kind for one in leftovers if not one.console} == {"unknown"}
    left = of_link(world.sandbox.books(), LINK)
    assert {(part.kind, part.id_of(one)) for part in PARTS for one in left.get(part.book, [])} == {
        (kind, id_) for kind, id_ in listed if kind != "unknown"
    }
    assert {kind for kind, _ in listed} > {"unknown"}
