"""What Temporal remembers of a link, on a real server: its last saga that made or removed something."""

import asyncio

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from privatelink.client.status import LinkStatus, LinkSummary
from privatelink.errors import (
    Cancelled,
    CloudRefused,
    Outcome,
    PrivateLinkError,
    RemovalRefused,
    RequestRefused,
)
from privatelink.model.fleet import Action
from privatelink.model.names import Link
from privatelink.model.progress import Phase
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.result import PrivateLinkResult
from privatelink.temporal.search_attributes import PHASE
from tests.support.laws import NOTHING
from tests.support.requests import request_json
from tests.support.visibility import listed
from tests.support.world import World

OTHER_TARGETS = [{"port": 3306, "targets": ["10.0.1.15", "10.0.1.16"]}]
ELSEWHERE = {"region": "eu-west-1"}


def request(world: World, name: str, **changes: object) -> PrivateLinkRequest:
    """A request without connector."""
    return PrivateLinkRequest.model_validate(request_json(world.sandbox, name, **changes))


async def row_of(world: World, link: Link) -> LinkSummary | None:
    """The link's row among those that run, once Temporal's lists follow."""

    async def look() -> bool:
        return str(link) in [one.link for one in await world.links.list(phase=Phase.RUNNING)]

    await listed(look, wanted=True)
    return next((one for one in await world.links.list(phase=Phase.RUNNING) if one.link == str(link)), None)


async def refused_create(world: World, there: PrivateLinkRequest) -> str:
    """Somebody asks for the link with other targets."""
    with pytest.raises(RequestRefused):
        await world.links.create(request(world, there.name, listeners=OTHER_TARGETS))
    return "create refused RequestRefused"


async def refused_elsewhere(world: World, there: PrivateLinkRequest) -> str:
    """Somebody asks for the link in another region."""
    with pytest.raises(RequestRefused):
        await world.links.create(request(world, there.name, aws=ELSEWHERE))
    return "create refused RequestRefused"


async def refused_delete(world: World, there: PrivateLinkRequest) -> str:
    """A delete finds something in the way."""

    async def refuse() -> None:
        raise RemovalRefused("checking the removal: on purpose")

    world.faults.at(there.link.workflow_id, "check-removal", "after", refuse)
    with pytest.raises(RemovalRefused):
        await world.links.delete(there.link)
    world.faults.at(there.link.workflow_id, "check-removal", "after", _nothing)
    return "delete refused RemovalRefused"


async def cancelled_delete(world: World, there: PrivateLinkRequest) -> str:
    """A delete is cancelled while it still checks: it says that it has removed nothing."""

    async def cancel() -> None:
        await world.handle(str(there.link)).cancel()

    world.faults.at(there.link.workflow_id, "check-removal", "before", cancel)
    with pytest.raises(Cancelled, match="before it removed anything") as caught:
        await world.links.delete(there.link)
    assert caught.value.details_model.outcome is Outcome.REFUSED
    world.faults.at(there.link.workflow_id, "check-removal", "before", _nothing)
    return "delete refused Cancelled"


async def rolled_back_repeat(world: World, there: PrivateLinkRequest) -> str:
    """A repeat adopts everything, fails at its end, and takes nothing away."""

    async def fail() -> None:
        raise CloudRefused("tagging: on purpose", resource="x")

    world.faults.at(there.link.workflow_id, "mark-complete", "before", fail)
    with pytest.raises(CloudRefused):
        await world.links.create(there)
    world.faults.at(there.link.workflow_id, "mark-complete", "before", _nothing)
    return "create unchanged CloudRefused"


async def cancelled_repeat(world: World, there: PrivateLinkRequest) -> str:
    """Same, by a cancel in the middle."""

    async def cancel() -> None:
        await world.handle(str(there.link)).cancel()

    world.faults.at(there.link.workflow_id, "create-load-balancer", "before", cancel)
    with pytest.raises(Cancelled):
        await world.links.create(there)
    world.faults.at(there.link.workflow_id, "create-load-balancer", "before", _nothing)
    return "create unchanged Cancelled"


async def terminated_check(world: World, there: PrivateLinkRequest) -> str:
    """A repeat is terminated before it has made anything."""

    async def terminate() -> None:
        await world.handle(str(there.link)).terminate("test")

    world.faults.at(there.link.workflow_id, "check-provider", "before", terminate)
    with pytest.raises(PrivateLinkError):
        await world.links.create(there)
    world.faults.at(there.link.workflow_id, "check-provider", "before", _nothing)
    return "create terminated RollbackIncomplete"


async def _nothing() -> None:
    """Let it run."""


def last(seen: LinkStatus | LinkSummary) -> str:
    """The last attempt in three words."""
    attempt = seen.last_attempt
    assert attempt
    assert attempt.error
    return f"{attempt.operation} {attempt.phase} {attempt.error.type}"


async def test_an_attempt_that_changed_nothing_never_hides_the_link_that_runs(world: World) -> None:
    """However it ended: list, status, plan, pruning and the delete by name go by the create; the attempt is beside."""
    attempts = [
        refused_create,
        refused_elsewhere,
        refused_delete,
        cancelled_delete,
        rolled_back_repeat,
        cancelled_repeat,
        terminated_check,
    ]
    requests = [request(world, f"m-{attempt.__name__.replace('_', '-')}") for attempt in attempts]
    created = await asyncio.gather(*map(world.links.create, requests))
    for attempt, there, result in zip(attempts, requests, created, strict=True):
        wanted = await attempt(world, there)
        status = await world.links.status(there.link)
        assert (status.phase, status.operation, wanted) == (Phase.RUNNING, "create", last(status))
        assert isinstance(status.result, PrivateLinkResult)
        assert status.result.address == result.address
        row = await row_of(world, there.link)
        assert row, attempt
        assert (row.saga_id, wanted) == (status.saga_id, last(row))
        [plan] = (await world.links.plan_fleet([there])).of(Action.UNCHANGED)
        assert (plan.link, plan.saga_id) == (str(there.link), status.saga_id)
    plan_of_others = await world.links.plan_fleet([request(world, "m-other")], prune=True)
    assert {str(one.link) for one in requests} <= {one.link for one in plan_of_others.of(Action.DELETE)}
    deleted = await asyncio.gather(*(world.links.delete(one.link) for one in requests))
    assert ["deleted"] * len(requests) == [one.status for one in deleted]
    assert world.sandbox.books() == NOTHING
    names = {str(one.link) for one in requests}

    async def still_listed() -> set[str]:
        # A delete by the worker's own identity has not told its account; the create before it has.
        return names & {one.link for one in await world.links.list(account="210987654321", phase=Phase.RUNNING)}

    assert await listed(still_listed, set()) == set()


async def test_a_plan_names_the_place_where_a_link_stands(world: World) -> None:
    """A request for another region or platform mode is neither a create nor a change: it is elsewhere, and refused."""
    there = request(world, "placed")
    await world.links.create(there)
    asked = request(world, "placed", aws=ELSEWHERE)
    [plan] = (await world.links.plan_fleet([asked])).of(Action.ELSEWHERE)
    assert ["aws.region"] == [one.resource for one in plan.differences]
    assert "us-east-1" in plan.differences[0].message
    before = world.sandbox.books()
    [outcome] = (await world.links.apply([asked])).links
    assert ("refused", "RequestDiffers") == (outcome.ending, outcome.error)
    assert world.sandbox.books() == before
    await world.links.check_place(there)
    with pytest.raises(RequestRefused, match=r"LinkElsewhere \(aws\.region\)"):
        await world.links.check_place(asked)
    await world.links.delete(there.link)
    await world.links.check_place(asked)
    # Nothing is left any more, so the place is free to choose; this one is refused for what it asks.
    assert (await world.links.plan_fleet([asked])).of(Action.CREATE)


async def test_a_terminated_saga_is_terminated_and_says_what_to_do(world: World) -> None:
    """Its last word was `creating`; nobody creates any more, no step runs, and a delete has to remove what is left."""
    there = request(world, "ended")
    handle = world.handle(str(there.link))

    async def terminate() -> None:
        await handle.terminate("test")

    world.faults.at(there.link.workflow_id, "wait-for-load-balancer", "before", terminate)
    with pytest.raises(PrivateLinkError) as caught:
        await world.links.create(there)
    assert (await handle.describe()).status is WorkflowExecutionStatus.TERMINATED
    assert f"privatelink delete {there.link} --allow-failed" in caught.value.details_model.next_step
    status = await world.links.status(there.link)
    assert (status.phase, status.last_attempt) == (Phase.TERMINATED, None)
    assert status.progress
    assert not {"running", "held"} & {step.state for step in status.progress.steps}

    async def phases() -> list[Phase | None]:
        return [one.phase for one in await world.links.list() if one.link == str(there.link)]

    assert await listed(phases, [Phase.TERMINATED]) == [Phase.TERMINATED]
    assert (await world.links.plan_fleet([there])).of(Action.CREATE)
    await world.links.delete(there.link, allow_failed=True)
    assert world.sandbox.books() == NOTHING


async def test_a_repeat_that_was_terminated_leaves_the_link_and_is_told_beside_it(world: World) -> None:
    """What the first create completed runs on; whether the second has left something beside it, a third one settles."""
    there = request(world, "cut-off")
    result = await world.links.create(there)

    async def terminate() -> None:
        await world.handle(str(there.link)).terminate("test")

    world.faults.at(there.link.workflow_id, "wait-for-load-balancer", "before", terminate)
    with pytest.raises(PrivateLinkError):
        await world.links.create(there)
    world.faults.at(there.link.workflow_id, "wait-for-load-balancer", "before", _nothing)
    status = await world.links.status(there.link)
    assert (Phase.RUNNING, result, "create terminated RollbackIncomplete") == (
        status.phase,
        status.result,
        last(status),
    )
    assert (await world.links.plan_fleet([there])).of(Action.CREATE)
    assert await world.links.create(there) == result
    assert (await world.links.status(there.link)).last_attempt is None
    assert (await world.links.plan_fleet([there])).of(Action.UNCHANGED)
    await world.links.delete(there.link)
    assert world.sandbox.books() == NOTHING


async def test_a_saga_of_a_later_version_is_shown_by_its_own_words(world: World) -> None:
    """A type and a phase that this version does not know are no fault: list and status show them, and go on."""
    link = Link(deployment="w41b11c0", name="later")
    attributes = TypedSearchAttributes([SearchAttributePair(PHASE, "moving")])
    handle = await world.client.start_workflow(
        "MovePrivateLink", id=link.workflow_id, task_queue="of-a-later-version", search_attributes=attributes
    )
    try:

        async def words() -> list[tuple[str, str | None]]:
            return [(one.operation, one.phase) for one in await world.links.list() if one.link == str(link)]

        assert await listed(words, [("MovePrivateLink", "moving")]) == [("MovePrivateLink", "moving")]
        status = await world.links.status(link)
        assert (status.operation, status.phase) == ("MovePrivateLink", "moving")
    finally:
        await handle.terminate("its test has ended")
    assert (await world.links.status(link)).phase is Phase.TERMINATED
