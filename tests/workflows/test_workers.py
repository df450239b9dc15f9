"""Several workers: they count each other, and an account may have workers of its own."""

import asyncio

import pytest
from temporalio.client import Client

from clouds.share import SHARE
from privatelink.names import TASK_QUEUE
from privatelink.queues import ACCOUNT_QUEUES, account_queue
from tests.support.requests import full_request
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world
from worker import count_workers

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
    request = full_request(
        sandbox,
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
