"""The fleet on a real Temporal server: ordinary sagas, a few at a time, and no link that stops another."""

import asyncio
import json
import os
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from privatelink import PrivateLinks
from privatelink.client.applying import FleetRun
from privatelink.errors import FindingType, LinkUnknown, QuotaExceeded, StepFailed
from privatelink.model import fleet
from privatelink.model.fleet import Action, Change, Ending, FleetPart, FleetResult, LinkOutcome
from privatelink.model.fleet_files import read_fleet
from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.result import DeleteResult
from privatelink.model.updates import JoinCreate
from runtime.workflow_runner import SagaRunner
from tests.privatelink.model.test_fleet import of_size
from tests.support.laws import NOTHING, of_link
from tests.support.requests import full_request, request_json
from tests.support.sandbox import Sandbox
from tests.support.step_faults import once
from tests.support.visibility import listed
from tests.support.world import World, working_world
from workflows.fleet import ApplyFleet

TEMPORAL_EVENTS = 51_200
TEMPORAL_BYTES = 50_000_000
TEMPORAL_ASKS = 4096
"""Events from which on Temporal asks a run to go on in a new one."""

FLEETS_ALONE = "w41b11c1"
"""A deployment that no other test has: a pruning takes what Temporal remembers of its links."""


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
    assert (FindingType.LINK_DIFFERS, "approval") == (difference.type, difference.resource)


async def _fail() -> None:
    raise QuotaExceeded("creating a load balancer: quota")


async def test_pruning_without_the_deployments_key_is_refused_link_by_link_with_what_to_do(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can see then who uses the address; nothing is removed, and the answer names the way out."""
    for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"EMQXCLOUD_DEPLOYMENT_{name}")
    async with working_world(sandbox, client) as world:
        pruned = request(world, "pruned-without-a-key", deployment=FLEETS_ALONE)
        await world.links.create(pruned)
        before = sandbox.books()
        [ended] = (await (await world.links.start_apply([], delete=[str(pruned.link)])).result()).links
        assert (Ending.REFUSED, "RemovalRefused") == (ended.ending, ended.error)
        assert "no API key of this deployment" in str(ended.message)
        assert f"`privatelink delete {pruned.link} --ignore-deployment`" in str(ended.next_step)
        assert before == sandbox.books()
        assert "deleted" == (await world.links.delete(pruned.link, ignore_deployment=True)).status
    assert NOTHING == sandbox.books()


async def test_pruning_deletes_what_runs_and_is_in_no_request_of_these_deployments(world: World) -> None:
    """Without pruning it is only told."""
    kept, pruned = (request(world, name, deployment=FLEETS_ALONE) for name in ("kept", "pruned"))
    assert {"kept": Ending.DONE, "pruned": Ending.DONE} == endings(await world.links.apply([kept, pruned]))

    async def is_listed() -> bool:
        others = (await world.links.plan_fleet([kept])).of(Action.NOT_IN_FILE)
        return str(pruned.link) in [one.link for one in others]

    await _until(is_listed)  # Temporal's lists follow a little later
    assert {"kept": Ending.UNCHANGED} == endings(await world.links.apply([kept]))
    ended = endings(await world.links.apply([kept], prune=True))
    assert {"pruned": Ending.DONE, "kept": Ending.UNCHANGED} == ended
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


async def test_a_cancelled_fleet_begins_nothing_more_and_its_sagas_go_on(world: World) -> None:
    """A caller that waits for it learns that it did not end by itself; cancelling a link's saga is another thing."""
    gate, requests = asyncio.Event(), [request(world, "goes-on"), request(world, "never-begun")]

    async def gate_opens() -> None:
        await gate.wait()

    world.faults.at(requests[0].link.workflow_id, "create-load-balancer", "before", gate_opens)
    part = FleetPart(changes=fleet.parts([JoinCreate(request=one) for one in requests])[0].changes, at_once=1)
    handle = await world.client.start_workflow(ApplyFleet.run, part, id=part.workflow_id, task_queue=TASK_QUEUE)
    run = FleetRun([handle], [str(one.link) for one in requests])

    async def one_waits() -> bool:
        progress = await run.progress()
        return progress is not None and any(one.since for one in progress.running)

    await _until(one_waits)
    await handle.cancel()
    with pytest.raises(StepFailed, match="somebody ended it"):
        await run.result()
    assert WorkflowExecutionStatus.CANCELED == (await handle.describe()).status
    gate.set()
    assert "running" == (await world.links.create(requests[0])).status
    with pytest.raises(LinkUnknown):
        await world.links.status(requests[1].link)


async def test_a_link_made_before_a_reply_was_lost_is_done_and_not_unchanged(world: World) -> None:
    """The step's next attempt finds the saga that the first one started, even if it has ended."""
    wanted = request(world, "made")
    [part] = fleet.parts([JoinCreate(request=wanted)])

    async def lose_the_reply_after_the_end() -> None:
        await world.links.create(wanted)
        raise ConnectionError("the reply is lost")

    world.faults.at(part.workflow_id, f"begin {wanted.link}", "after", once(lose_the_reply_after_the_end))
    [ended] = (await world.links.apply([wanted])).links
    status = await world.links.status(wanted.link)
    assert (Ending.DONE, status.saga_id) == (ended.ending, ended.saga_id)
    assert ended.address
    assert 1 == len(of_link(world.sandbox.books(), str(wanted.link))["private_links"])


class Sagas:
    """Stand for the sagas of many links: `lanes` of them run at one time before the first ends.

    `most` is how many did at one time, counted from when one is begun until its end is known.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.running = 0
        self.most = 0
        self.begun: Counter[str] = Counter()
        self.all_lanes_run = asyncio.Event()

    @activity.defn
    async def begin_change(self, change: Change) -> Change | LinkOutcome:
        """Begin."""
        self.begun[change.link] += 1
        self.running += 1
        self.most = max(self.most, self.running)
        if self.running == self.lanes:
            self.all_lanes_run.set()
        return change.begun("1", datetime.now(UTC))

    @activity.defn
    async def wait_for_change(self, change: Change) -> LinkOutcome:
        """End, after there was time for a saga too many to begin."""
        await self.all_lanes_run.wait()
        await asyncio.sleep(0.01)
        self.running -= 1
        return change.ended(DeleteResult(link=change.link, status="deleted"))

    def worker(self, client: Client, queue: str) -> Worker:
        """A worker on which these are the only steps."""
        steps = [self.begin_change, self.wait_for_change]
        return Worker(client, task_queue=queue, workflows=[ApplyFleet], activities=steps, workflow_runner=SagaRunner())


async def _within_limits(client: Client, workflow_id: str) -> list[WorkflowExecutionStatus]:
    """How each run of a part ended, the first one first; none comes near what Temporal allows."""
    statuses: list[WorkflowExecutionStatus] = []
    async for run in client.list_workflows(f"WorkflowId = '{workflow_id}'"):
        described = await client.get_workflow_handle(workflow_id, run_id=run.run_id).describe()
        assert described.history_length < TEMPORAL_EVENTS / 5
        assert described.raw_description.workflow_execution_info.history_size_bytes < TEMPORAL_BYTES / 5
        assert described.status
        statuses.insert(0, described.status)
    return statuses


async def test_the_greatest_part_stays_within_temporal_s_limits(client: Client) -> None:
    """It goes on in a new run before its history is long, begins each link once, and uses each lane and no other."""
    part = FleetPart(changes=fleet.parts(of_size(fleet.LINKS_PER_PART))[0].changes, at_once=4)
    sagas, queue = Sagas(lanes=4), f"fleet-{uuid.uuid4()}"
    async with sagas.worker(client, queue):
        handle = await client.start_workflow(ApplyFleet.run, part, id=queue, task_queue=queue)
        result = await handle.result()
    assert {change.link: Ending.DONE for change in part.changes} == {one.link: one.ending for one in result.links}
    assert {change.link: 1 for change in part.changes} == sagas.begun
    assert 4 == sagas.most
    done, again = WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.CONTINUED_AS_NEW
    first = await client.get_workflow_handle(queue, run_id=handle.result_run_id).describe()
    # A cluster gives the worker more at once, so fewer events, and may stay below what Temporal asks at; ours does not.
    stays_below = "TEMPORAL_ADDRESS" in os.environ and first.history_length < TEMPORAL_ASKS
    runs = [done] if stays_below else [again, done]
    assert runs == await listed(lambda: _within_limits(client, queue), runs)


@pytest.mark.chaos
async def test_five_thousand_links_are_applied_from_one_file(client: Client, tmp_path: Path) -> None:
    """Read, checked, started, and each one's end told in the order of the file; every run within the limits."""
    file = tmp_path / "fleet.json"
    stamp = uuid.uuid4().hex[:8]
    links = [one.request.model_dump(mode="json", exclude_unset=True) for one in of_size(5000, tags={"stamp": stamp})]
    file.write_text(json.dumps({"links": links}))
    requests = read_fleet(str(file))
    sagas = Sagas(lanes=fleet.AT_ONCE)
    async with sagas.worker(client, TASK_QUEUE):
        run = await PrivateLinks(client).start_apply(requests)
        result = await run.result()
    assert [str(one.link) for one in requests] == [one.link for one in result.links]
    assert {Ending.DONE} == {one.ending for one in result.links}
    assert 5000 == len(sagas.begun) == sagas.begun.total()
    assert fleet.AT_ONCE == sagas.most
    for workflow_id in run.started.workflow_ids:
        assert WorkflowExecutionStatus.COMPLETED == (await _within_limits(client, workflow_id))[-1]
