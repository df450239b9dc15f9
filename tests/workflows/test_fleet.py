"""The fleet on a real Temporal server: ordinary sagas, a few at a time, and no link that stops another."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from privatelink import fleet
from privatelink.errors import FindingType, LinkUnknown, QuotaExceeded, StepFailed
from privatelink.fleet import Action, Change, Ending, FleetPart, FleetResult, LinkOutcome
from privatelink.request import PrivateLinkRequest
from privatelink.result import DeleteResult
from tests.privatelink.test_fleet import of_size
from tests.support.laws import NOTHING, of_link
from tests.support.requests import full_request, request_json
from tests.support.world import World
from workflows.fleet import ApplyFleet

TEMPORAL_EVENTS = 51_200


def request(world: World, name: str, **changes: object) -> PrivateLinkRequest:
    """A request without connector."""
    return PrivateLinkRequest.model_validate(request_json(world.sandbox, name, **changes))


def endings(result: FleetResult) -> dict[str, Ending]:
    """How each link ended, by its name."""
    return {one.link.partition("/")[2]: one.ending for one in result.links}


async def test_a_fleet_creates_what_is_new_and_leaves_what_is_there(world: World) -> None:
    """The sagas are those that `create` would have started; a link that is there has no second one."""
    there, new = request(world, "there"), full_request(world.sandbox, "new")
    await world.links.create(there)
    saga = (await world.links.status(there.link)).saga_id
    plan = await world.links.plan_fleet([there, new])
    # The server remembers other tests' links of the deployment, which this fleet does not name.
    named = [one.action for one in plan.links if one.action is not Action.NOT_IN_FILE]
    assert [Action.UNCHANGED, Action.CREATE] == named
    result = await world.links.apply([there, new])
    assert {"there": Ending.UNCHANGED, "new": Ending.DONE} == endings(result)
    assert saga == (await world.links.status(there.link)).saga_id
    status = await world.links.status(new.link)
    assert (result.links[1].saga_id, result.links[1].address) == (status.saga_id, status.result.address)  # type: ignore[union-attr]
    assert of_link(world.sandbox.books(), str(new.link))["private_links"]


async def test_one_failing_link_stops_no_other(world: World) -> None:
    """Refused, failed and rolled back, changed: each is told, and the others are made."""
    changed = request(world, "changed")
    await world.links.create(changed)
    requests = [
        request(world, "refused", deployment="wunknown"),
        request(world, "fails", tags={"team": "fails"}, connector=None),
        request(world, "changed", approval=True),
        request(world, "works"),
    ]
    world.faults.at(requests[1].link.workflow_id, "create-load-balancer", "before", _fail)
    result = await world.links.apply(requests)
    assert {
        "refused": Ending.REFUSED,
        "fails": Ending.ROLLED_BACK,
        "changed": Ending.REFUSED,
        "works": Ending.DONE,
    } == endings(result)
    assert ["RequestRefused", "QuotaExceeded", "RequestDiffers", None] == [one.error for one in result.links]
    assert not of_link(world.sandbox.books(), "w41b11c0/fails")
    [difference] = (await world.links.plan_fleet([requests[2]])).of(Action.CHANGED)[0].differences
    assert (FindingType.LINK_DIFFERS, "approval") == (difference.type, difference.concerns)


async def _fail() -> None:
    raise QuotaExceeded("creating a load balancer: quota")


async def test_pruning_deletes_what_runs_and_is_in_no_request_of_these_deployments(world: World) -> None:
    """Without pruning it is only told."""
    kept, pruned = request(world, "kept"), request(world, "pruned")
    assert {"kept": Ending.DONE, "pruned": Ending.DONE} == endings(await world.links.apply([kept, pruned]))

    async def is_listed() -> bool:
        others = (await world.links.plan_fleet([kept])).of(Action.NOT_IN_FILE)
        return str(pruned.link) in [one.link for one in others]

    await _until(is_listed)  # Temporal's lists follow a little later
    assert {"kept": Ending.UNCHANGED} == endings(await world.links.apply([kept]))
    # The links of other tests, which Temporal remembers too, are pruned with it.
    ended = endings(await world.links.apply([kept], prune=True))
    assert (Ending.DONE, Ending.UNCHANGED) == (ended["pruned"], ended["kept"])
    books = world.sandbox.books()
    assert (True, False) == (bool(of_link(books, str(kept.link))), bool(of_link(books, str(pruned.link))))
    await world.links.delete(kept.link)
    assert NOTHING == world.sandbox.books()


async def test_a_link_to_delete_that_temporal_has_forgotten_starts_nothing(world: World) -> None:
    """Its request is not known, so nobody can say where it is."""
    with pytest.raises(LinkUnknown):
        await world.links.start_apply([request(world, "new")], delete=[f"w41b11c0/forgotten-{uuid.uuid4().hex[:8]}"])
    assert NOTHING == world.sandbox.books()


async def test_a_second_apply_joins_what_runs_and_goes_on_after_a_terminated_first(world: World) -> None:
    """The same parts while they run; after that new ones, whose links join their running sagas."""
    requests = [request(world, "a"), request(world, "b")]
    gate = asyncio.Event()

    async def gate_opens() -> None:
        await gate.wait()

    for one in requests:
        world.faults.at(one.link.workflow_id, "create-load-balancer", "before", gate_opens)
    first, second = await world.links.start_apply(requests), await world.links.start_apply(requests)
    assert [one.result_run_id for one in first._handles] == [one.result_run_id for one in second._handles]

    async def both_run() -> bool:
        return len(await _begun(world, requests)) == 2

    await _until(both_run)
    sagas = await _begun(world, requests)
    await first._handles[0].terminate("a test")
    with pytest.raises(StepFailed, match="somebody ended it"):
        await first.result()
    third = await world.links.start_apply(requests)
    gate.set()
    assert {"a": Ending.DONE, "b": Ending.DONE} == endings(await third.result())
    assert sagas == await _begun(world, requests)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(300):
        if await holds():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it did not come to hold in 30 s")


async def _begun(world: World, requests: list[PrivateLinkRequest]) -> set[str]:
    sagas = set()
    for one in requests:
        try:
            sagas.add((await world.links.status(one.link)).saga_id)
        except LinkUnknown:
            continue
    return sagas


class Sagas:
    """Stand for the sagas of many links: each runs for a moment; `most` is how many did at one time."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.begun: Counter[str] = Counter()

    @activity.defn
    async def begin_change(self, change: Change) -> Change | LinkOutcome:
        """Begin."""
        self.begun[change.link] += 1
        self.running += 1
        self.most = max(self.most, self.running)
        return change.model_copy(update={"saga_id": "1"})

    @activity.defn
    async def wait_for_change(self, change: Change) -> LinkOutcome:
        """End."""
        self.running -= 1
        return change.ended(DeleteResult(link=change.link, status="deleted"))


async def test_the_greatest_part_stays_within_temporal_s_limits(client: Client) -> None:
    """It goes on in a new run before its history is long, begins each link once, and never more at once than it may."""
    part = FleetPart(changes=fleet.parts(of_size(fleet.LINKS_PER_PART))[0].changes, at_once=4)
    sagas, queue = Sagas(), f"fleet-{uuid.uuid4()}"
    async with Worker(
        client, task_queue=queue, workflows=[ApplyFleet], activities=[sagas.begin_change, sagas.wait_for_change]
    ):
        handle = await client.start_workflow(ApplyFleet.run, part, id=queue, task_queue=queue)
        result = await handle.result()
    assert {change.link: Ending.DONE for change in part.changes} == {one.link: one.ending for one in result.links}
    assert {change.link: 1 for change in part.changes} == sagas.begun
    assert sagas.most <= 4
    runs = [run async for run in client.list_workflows(f"WorkflowId = '{queue}'")]
    lengths = [(await client.get_workflow_handle(queue, run_id=run.run_id).describe()).history_length for run in runs]
    assert max(lengths) < TEMPORAL_EVENTS / 5
    first = await client.get_workflow_handle(queue, run_id=handle.first_execution_run_id).describe()
    assert WorkflowExecutionStatus.CONTINUED_AS_NEW == first.status
