"""Workers: they count each other, an account may have some of its own, and none keeps a saga in memory that rests."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails

import worker
from clouds.settings import Settings
from clouds.share import SHARE
from privatelink import PrivateLinks
from privatelink.names import TASK_QUEUE
from privatelink.queues import ACCOUNT_QUEUES, account_queue
from tests.support.laws import NOTHING, counts
from tests.support.requests import SECRET, SECRET_VARIABLE, full_request
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world
from tests.workflows.test_create import EVERYTHING
from worker import build_worker, count_workers, forget_who_rests
from workflows.runner import SagaRunner

ACCOUNT = "310987654321"


async def test_a_worker_counts_those_that_poll_its_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each then takes its part of every budget and of every reading."""
    monkeypatch.setattr(SHARE, "workers", 7)
    counting = asyncio.create_task(count_workers(world.client, TASK_QUEUE))
    async with asyncio.timeout(30):
        while SHARE.workers == 7:  # noqa: ASYNC110 - the count of a server
            await asyncio.sleep(0.05)
    counting.cancel()
    assert SHARE.workers == 1


async def test_the_links_of_an_account_run_on_its_own_queue(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Create, look and delete: all of it by the account's own worker, since no other one runs."""
    monkeypatch.setenv(ACCOUNT_QUEUES, ACCOUNT)
    monkeypatch.setenv("PRIVATELINK_ACCOUNT", ACCOUNT)
    network = sandbox.seed["accounts"][ACCOUNT]["networks"]["us-east-1"]
    # A name of its own: of links that ran before in another account, Temporal remembers where they stand.
    request = full_request(
        sandbox,
        "of-an-account",
        aws={"region": "us-east-1", "role_arn": sandbox.seed["role_arn"], "external_id": sandbox.seed["external_id"]},
        subnets=[network["subnets"]["use1-az1"]["id"], network["subnets"]["use1-az2"]["id"]],
        listeners=[{"port": 3306, "targets": [network["targets"][0]["address"]]}],
        connector=None,
    )
    async with working_world(sandbox, client) as world:
        saga = await world.links.start_create(request)
        await saga.result()
        assert (await saga.handle.describe()).task_queue == account_queue(ACCOUNT)
        await world.links.delete(str(request.link))
    assert sandbox.books()["aws"] == {}


class CountingRunner(SagaRunner):
    """Counts how often each run came into the cache."""

    def __init__(self) -> None:
        super().__init__()
        self.came: Counter[str] = Counter()

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """One more time."""
        self.came[det.info.run_id] += 1
        return super().create_instance(det)


@pytest.mark.parametrize(("rested", "comes_again"), [(timedelta(seconds=0.06), True), (timedelta(minutes=1), False)])
async def test_a_saga_that_rests_leaves_the_cache_and_goes_on_from_its_history(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, rested: timedelta, *, comes_again: bool
) -> None:
    """However often it is forgotten, a create and its delete end as ever, and nothing is made twice."""
    monkeypatch.setattr(worker, "RESTED", rested)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    runner, links, request = CountingRunner(), PrivateLinks(client), full_request(sandbox)
    async with build_worker(client, Settings.from_environment(), runner=runner) as working:
        forgetting = asyncio.create_task(forget_who_rests(working, runner))
        saga = await links.start_create(request)
        await saga.result()
        run_id = (await saga.handle.describe()).run_id
        assert comes_again == (runner.came[run_id] > 1)
        assert counts(sandbox.books(), str(request.link)) == EVERYTHING
        await links.delete(request)
        forgetting.cancel()
    assert sandbox.books() == NOTHING


async def test_a_run_at_rest_is_told_once(sandbox: Sandbox, client: Client) -> None:
    """Until it moves again; and not before it has rested for so long."""
    sandbox.durations(load_balancer_active=100_000)
    runner, rest = SagaRunner(), timedelta(seconds=0.5)
    async with build_worker(client, Settings.from_environment(), runner=runner):
        saga = await PrivateLinks(client).start_create(full_request(sandbox, connector=None))
        assert runner.at_rest(timedelta(minutes=1), 10) == []
        async with asyncio.timeout(30):
            while not (told := runner.at_rest(rest, 10)):  # noqa: ASYNC110 - nobody says when a saga rests
                await asyncio.sleep(0.05)
        assert told == [(await saga.handle.describe()).run_id]
        assert runner.at_rest(timedelta(0), 10) == []
        await saga.handle.terminate("its test has ended")
