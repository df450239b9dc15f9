"""People who steer: hold, retry, roll back, approve, pause; each recorded, each refused when it does not fit."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from privatelink.errors import (
    Cancelled,
    CloudRefused,
    DeadlinePassed,
    GivenUp,
    InvalidRequest,
    NotYet,
    Outcome,
    PrivateLinkError,
    QuotaExceeded,
    UpdateRefused,
    from_failure,
)
from privatelink.model.progress import Phase, Progress, StepProgress, StepState
from privatelink.model.request import PrivateLinkRequest
from tests.support.co_tenant import connect_co_tenant
from tests.support.deadlines import BELOW_ANY_FLOOR, SetDeadlines
from tests.support.laws import NOTHING
from tests.support.person import Person
from tests.support.requests import full_request
from tests.support.step_faults import Hook, Moment, once
from tests.support.world import World
from workflows.saga.controls import APPROVAL
from workflows.saga.pauses import PAUSE

LINK = "w41b11c0/orders-db"
WORKFLOW_ID = "privatelink:w41b11c0:orders-db"
MADE = {"create-load-balancer", "create-target-group-3306", "create-target-group-3307"}
"""What a listener needs: when all of it exists, the listeners are the next effect."""


def _request(world: World, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - as a caller writes them
    return full_request(world.sandbox, connector=None, **changes)


def _fails(world: World, step: str, *, times: int, error: Exception, moment: Moment = "before") -> None:
    left = times

    async def fail() -> None:
        nonlocal left
        if left:
            left -= 1
            raise error

    world.faults.at(WORKFLOW_ID, step, moment, fail)


async def test_a_held_step_goes_on_from_where_it_failed(world: World) -> None:
    """What was made stays, what to look at and the commands are told, and only the failed step runs again."""
    quota = QuotaExceeded("creating the endpoint service: the quota is used up", next_step="ask AWS for more")
    _fails(world, "create-endpoint-service", times=2, error=quota)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, on_failure="hold"))
    for held in (1, 2):
        progress = await person.reaches(Phase.HELD)
        [ask] = progress.asks
        assert ask.step == "create-endpoint-service"
        assert "the quota is used up" in ask.message
        assert ask.clicks == ("ask AWS for more",)
        assert [command.split()[1] for command in ask.commands] == ["retry-now", "roll-back"]
        [step] = [one for one in progress.steps if one.state is StepState.HELD]
        assert step.id == "create-endpoint-service"
        # A retry concerns what still waits beside the held step too.
        await person.sees(lambda seen: sum(one.state is StepState.DONE for one in _waits_for_targets(seen)) == 2)
        answer = await person.says("retry_now", by="ana")
        assert answer.steps == ("create-endpoint-service",)
        await person.sees(lambda seen: len(seen.interventions) == held)  # noqa: B023 - called at once
    assert (await saga.result()).operation == "create"
    calls = Counter(call["action"] for call in world.sandbox.calls())
    assert {"CreateTargetGroup": 2, "CreateLoadBalancer": 1, "CreateListener": 2}.items() <= calls.items()
    assert [(one.action, one.by) for one in (await person.progress()).interventions] == [("retry_now", "ana")] * 2


def _waits_for_targets(progress: Progress) -> list[StepProgress]:
    return [one for one in progress.steps if one.id.startswith("wait-for-targets")]


async def test_a_held_create_that_is_given_up_ends_by_its_first_cause(world: World) -> None:
    """Failed, rolled back, and the error still names what failed, with who gave it up and why."""
    _fails(world, "create-endpoint-service", times=1, error=CloudRefused("refused on purpose"))
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, on_failure="hold"))
    await person.reaches(Phase.HELD)
    await person.says("roll_back", reason="wrong account", by="ana")
    with pytest.raises(CloudRefused, match=r"refused on purpose \(ana rolled it back: wrong account\)") as caught:
        await saga.result()
    assert caught.value.details_model.outcome == Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


async def test_a_hold_that_nobody_ends_rolls_back_by_its_deadline(world: World, set_deadlines: SetDeadlines) -> None:
    """The first cause is the step's."""
    set_deadlines(hold=BELOW_ANY_FLOOR)
    _fails(world, "create-listener-3306", times=1, error=CloudRefused("refused on purpose"))
    with pytest.raises(CloudRefused, match="refused on purpose") as caught:
        await world.links.create(_request(world, on_failure="hold"))
    assert caught.value.details_model.outcome == Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


async def test_a_cancel_ends_a_hold(world: World) -> None:
    """As at any other moment: a full rollback, closed as Cancelled."""
    _fails(world, "create-listener-3306", times=1, error=CloudRefused("refused on purpose"))
    saga = await world.links.start_create(_request(world, on_failure="hold"))
    await Person(world, LINK).reaches(Phase.HELD)
    await saga.cancel("test")
    with pytest.raises(Cancelled):
        await saga.result()
    assert world.sandbox.books() == NOTHING


async def test_a_wait_whose_time_was_over_gets_as_much_again(world: World) -> None:
    """Otherwise a retry of a step whose deadline passed would fail in the same moment."""
    late = DeadlinePassed("waiting for the load balancer: provisioning, and the deadline passed")
    _fails(world, "wait-for-load-balancer", times=1, error=late)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world, on_failure="hold"))
    before = next(one for one in (await person.reaches(Phase.HELD)).steps if one.id == "wait-for-load-balancer")
    await person.says("retry_now")
    await saga.result()
    after = next(one for one in (await person.progress()).steps if one.id == "wait-for-load-balancer")
    assert before.deadline
    assert after.deadline
    assert after.deadline > before.deadline


async def test_a_refused_check_is_never_held(world: World) -> None:
    """Nothing was made, so there is nothing to keep."""
    with pytest.raises(PrivateLinkError) as caught:
        await world.links.create(_request(world, on_failure="hold", subnets=["subnet-00000000000000000"]))
    assert caught.value.details_model.outcome == Outcome.REFUSED


@pytest.mark.parametrize("step", ["create-load-balancer", "wait-for-load-balancer"])
async def test_retry_now_cuts_a_backoff_short(world: World, step: str) -> None:
    """A step that would be tried again in a minute and a half is tried at once, whether it writes or looks."""
    _fails(world, step, times=1, error=NotYet("not yet on purpose", retry_after=timedelta(seconds=90)))
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world))
    async with asyncio.timeout(60):
        while not any("on purpose" in one.last_message for one in (await world.links.status(LINK)).waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert step in (await person.says("retry_now", by="ana")).steps
        await saga.result()


async def test_roll_back_ends_a_create_that_runs(world: World) -> None:
    """With the person's words as its first cause."""
    gate = asyncio.Event()
    world.faults.at(WORKFLOW_ID, "wait-for-load-balancer", "before", _opened(gate))
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world))
    await person.sees(lambda seen: "load balancer" in seen.ids)
    await person.says("roll_back", reason="wrong subnets", by="ana")
    gate.set()
    with pytest.raises(GivenUp, match="ana rolled it back: wrong subnets") as caught:
        await saga.result()
    assert caught.value.details_model.outcome == Outcome.ROLLED_BACK
    assert world.sandbox.books() == NOTHING


async def test_a_person_approves_the_endpoint_that_they_can_see(world: World) -> None:
    """Before there is one the approval is refused; the record says who approved which endpoint."""
    person, gate = Person(world, LINK), asyncio.Event()
    world.faults.at(WORKFLOW_ID, "wait-for-endpoint-connection", "before", _opened(gate))
    saga = await world.links.start_create(_request(world, approval=True))
    await person.sees(lambda seen: "private link" in seen.ids)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person.says("approve", by="ana")
    why = str(from_failure(refused.value.cause))
    assert "no endpoint to approve yet" in why
    assert "wait for endpoint connection" in why
    gate.set()
    ask = await person.asked(APPROVAL)
    assert (await person.progress()).phase is Phase.WAITING_FOR_PERSON
    [connection] = world.sandbox.books()["aws"]["210987654321"]["us-east-1"]["endpoint_connections"]
    own = connection["vpc_endpoint_id"]
    assert connection["state"] == "pendingAcceptance"
    assert ask.commands == (f"privatelink approve {LINK} --vpc-endpoint-id {own}",)
    assert f"{own} of account 111122223333, pendingAcceptance, since 20" in ask.message
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person.says("approve", by="ana", vpc_endpoint_id=f"{own}0")
    assert f"must be one of {own}" in str(from_failure(refused.value.cause))
    await person.says("approve", by="ana", note="CHG-1234")
    await saga.result()
    [intervention] = (await person.progress()).interventions
    told = (intervention.action, intervention.by, intervention.why, intervention.resource)
    assert told == ("approve", "ana", "CHG-1234", own)


async def test_where_the_platform_names_no_endpoint_a_person_is_asked(world: World) -> None:
    """Other deployments share its account: the only one there is may be theirs, and stays unaccepted."""
    world.sandbox.quirk("withhold_vpc_endpoint_id", value=True)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world))
    await person.asked(APPROVAL)
    regional = world.sandbox.books()["aws"]["210987654321"]["us-east-1"]
    [connection] = regional["endpoint_connections"]
    assert connection["state"] == "pendingAcceptance"
    service_name = regional["endpoint_services"][0]["name"]
    theirs = await asyncio.to_thread(connect_co_tenant, world.sandbox, service_name)
    await person.sees(lambda seen: any(theirs in ask.message for ask in seen.asks))
    await person.approves(connection["vpc_endpoint_id"])
    result = await saga.result()
    assert result.operation == "create"
    assert result.vpc_endpoint_id == connection["vpc_endpoint_id"]


async def test_an_endpoint_that_the_platform_names_after_all_needs_no_approval(world: World) -> None:
    """Its word is the proof that was missing while a person was asked."""
    world.sandbox.quirk("withhold_vpc_endpoint_id", value=True)
    person = Person(world, LINK)
    saga = await world.links.start_create(_request(world))
    await person.asked(APPROVAL)
    world.sandbox.quirk("withhold_vpc_endpoint_id", value=False)
    assert (await saga.result()).operation == "create"
    assert (await person.progress()).interventions == []


async def test_a_pause_stops_before_the_next_effect_and_resume_goes_on(world: World) -> None:
    """What only looks goes on meanwhile."""
    person = Person(world, LINK)

    async def pause() -> None:
        await person.says("pause", reason="network freeze", by="ana")

    world.faults.at(WORKFLOW_ID, "create-load-balancer", "before", once(pause))
    saga = await world.links.start_create(_request(world))
    ask = await person.asked(PAUSE)
    assert "ana: network freeze" in ask.message
    assert (await person.progress()).phase is Phase.PAUSED
    progress = await person.sees(lambda seen: {one.id for one in seen.steps if one.state is StepState.DONE} >= MADE)
    [listener] = [one for one in progress.steps if one.id == "create-listener-3306"]
    assert listener.state is StepState.TO_COME, "its turn has come, and it does not begin"
    regions = world.sandbox.books()["aws"]["210987654321"]["us-east-1"]
    assert len(regions["load_balancers"]) == 1, "the effect that had begun came to its end"
    assert regions["listeners"] == []
    await person.says("resume", by="ana")
    await saga.result()


async def test_a_pause_ends_by_itself_at_its_until(world: World) -> None:
    """Without anybody's word, and not before."""
    person, until = Person(world, LINK), datetime.now(UTC) + timedelta(seconds=4)

    async def pause() -> None:
        await person.says("pause", reason="a moment", until=until.isoformat())

    world.faults.at(WORKFLOW_ID, "create-load-balancer", "before", once(pause))
    await world.links.create(_request(world))
    progress = await person.progress()
    [listener] = [one for one in progress.steps if one.id == "create-listener-3306"]
    assert listener.started_at
    assert listener.started_at >= until
    assert progress.asks == []


async def test_a_paused_create_can_be_cancelled_and_a_paused_delete_goes_on(world: World) -> None:
    """A rollback is never paused; a delete stops between two removals."""
    person = Person(world, LINK)

    async def pause() -> None:
        await person.says("pause", reason="freeze")

    world.faults.at(WORKFLOW_ID, "create-load-balancer", "before", once(pause))
    saga = await world.links.start_create(_request(world))
    await person.reaches(Phase.PAUSED)
    await saga.cancel("test")
    with pytest.raises(Cancelled):
        await saga.result()
    assert world.sandbox.books() == NOTHING
    await world.links.create(_request(world))
    world.faults.at(WORKFLOW_ID, "delete-private-link", "before", once(pause))
    deleting = await world.links.start_delete(LINK)
    await person.reaches(Phase.PAUSED)
    await person.says("resume")
    assert (await deleting.result()).status == "deleted"


_PAST = "2020-01-31T06:00:00Z"


@pytest.mark.parametrize(
    ("update", "argument", "why"),
    [
        ("approve", {"by": "ana"}, "its request asks for no approval"),
        ("approve", {"note": "CHG-1"}, "by: Field required"),
        ("approve", {"by": "  "}, "by: String should have at least 1 character"),
        ("confirm", {"step": "confirm-running"}, "the saga waits for nothing"),
        ("pause", {}, "reason: Field required"),
        ("pause", {"reason": "freeze", "until": _PAST}, "is over"),
        ("pause", {"reason": "freeze", "until": "2030-01-31T06:00:00"}, "timezone"),
        ("resume", {}, "it is not paused"),
        ("roll_back", {}, "reason: Field required"),
        ("retry_now", {"step": "x"}, "step: there is no such field"),
    ],
    ids=str,
)
async def test_an_update_that_does_not_fit_is_refused_with_a_sentence_and_without_effect(
    world: World, update: str, argument: dict[str, object], why: str
) -> None:
    """The saga runs on as if nobody had said anything."""
    gate, person = asyncio.Event(), Person(world, LINK)
    world.faults.at(WORKFLOW_ID, "create-load-balancer", "before", _opened(gate))
    saga = await world.links.start_create(_request(world))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person.says(update, **argument)
    error = from_failure(refused.value.cause)
    assert isinstance(error, UpdateRefused | InvalidRequest)
    assert why in str(error)
    gate.set()
    await saga.result()
    assert (await person.progress()).interventions == []


async def test_a_saga_that_rolls_back_or_deletes_refuses_what_cannot_be(world: World) -> None:
    """Nothing stops a rollback, and a delete has none."""
    gate, person = asyncio.Event(), Person(world, LINK)
    _fails(world, "create-listener-3306", times=1, error=CloudRefused("refused on purpose"))
    world.faults.at(WORKFLOW_ID, "delete-load-balancer", "before", _opened(gate))
    saga = await world.links.start_create(_request(world, approval=True))
    await person.reaches(Phase.ROLLING_BACK)
    for update, argument in (("pause", {"reason": "x"}), ("roll_back", {"reason": "x"}), ("approve", {"by": "ana"})):
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await person.says(update, **argument)
        assert "it is rolling-back, and goes on to its end" in str(from_failure(refused.value.cause))
    gate.set()
    with pytest.raises(CloudRefused):
        await saga.result()
    await world.links.create(_request(world))
    gate.clear()
    deleting = await world.links.start_delete(LINK)
    await person.sees(lambda seen: seen.operation == "delete")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await person.says("roll_back", reason="x")
    assert "a delete cannot be rolled back" in str(from_failure(refused.value.cause))
    gate.set()
    await deleting.result()


def _opened(gate: asyncio.Event) -> Hook:
    async def wait() -> None:
        await gate.wait()

    return wait
