"""Workers: they count each other, an account may have some of its own, and none needs what it remembers of a saga."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.polling.worker_count import WorkerCount
from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import AwsAccess
from privatelink.settings import ACCOUNT_QUEUES
from privatelink.temporal.queues import account_queue
from runtime.settings import Settings
from runtime.upkeep import count_workers
from tests.support.laws import NOTHING, counts
from tests.support.requests import full_request
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world
from tests.workflows.test_create import EVERYTHING
from worker import build_worker

ACCOUNT = "310987654321"


async def test_a_worker_counts_those_that_poll_its_queue(world: World) -> None:
    """Each then takes its part of every budget and of every reading."""
    workers = WorkerCount(7)
    counting = asyncio.create_task(count_workers(world.client, TASK_QUEUE, workers))
    async with asyncio.timeout(30):
        while workers.number == 7:  # noqa: ASYNC110 - the count of a server
            await asyncio.sleep(0.05)
    counting.cancel()
    assert workers.number == 1


def test_every_cloud_divides_its_limits_by_the_count_of_its_worker(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloud that is forgotten in the wiring would give each of several workers the whole limit."""
    given: dict[str, Any] = {}
    monkeypatch.setattr("worker.Worker", lambda _, **options: given.update(options))
    workers = WorkerCount(3)
    build_worker(client, Settings.from_environment(), workers)
    parts = {type(part): part for activity in given["activities"] for part in vars(activity.__self__).values()}
    divided: list[Any] = [
        parts[AwsAccounts].account(AwsAccess(region="us-east-1")).pollers.load_balancers._rate,
        *parts[Platform]._budgets.values(),
        parts[DeploymentApis].of(next(iter(sandbox.seed["deployments"]))).holders._rate,
    ]
    assert [workers] * len(divided) == [one._workers for one in divided]


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


async def test_a_saga_that_no_worker_remembers_goes_on_from_its_history(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its workflow tasks is a replay; a create and its delete end as ever, and nothing is made twice."""

    def forgetful(client: Client, **usual: Any) -> Worker:  # noqa: ANN401 - the SDK's many options
        return Worker(client, **(usual | {"max_cached_workflows": 0}))

    monkeypatch.setattr("worker.Worker", forgetful)
    request = full_request(sandbox, "never-cached", connector=None)
    async with working_world(sandbox, client) as world:
        await world.links.create(request)
        assert counts(sandbox.books(), str(request.link)) == {
            kind: count for kind, count in EVERYTHING.items() if kind != "connectors"
        }
        await world.links.delete(request)
    assert sandbox.books() == NOTHING
