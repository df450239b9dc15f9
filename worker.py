"""The worker: settings -> clouds -> activities -> Worker. `python worker.py` needs nothing but its environment."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Interceptor, PollerBehaviorSimpleMaximum, Worker

from activities.attempts import Attempts
from activities.own_place import OwnPlace
from activities.registry import all_activities
from activities.told_once import ATTEMPTS_LOGGER, ToldOnce
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.secrets import OfferedSecrets
from clouds.settings import Settings
from clouds.share import SHARE
from clouds.sizes import Sizes
from clouds.webhook import Webhook
from privatelink.connection import connect_to_temporal
from privatelink.names import TASK_QUEUE
from privatelink.polling import SEEN_WITHIN, workers_seen
from privatelink.queues import account_queue
from privatelink.search_attributes import ensure_search_attributes
from workflows.create import CreatePrivateLink
from workflows.delete import DeletePrivateLink
from workflows.fleet import ApplyFleet
from workflows.inquiries import CheckSetUp, InspectPrivateLink
from workflows.runner import SagaRunner

GRACE = timedelta(seconds=25)
"""Longer than any single call to a cloud, shorter than the 30 s that Kubernetes gives a pod."""

STICKY = timedelta(seconds=5)
"""How long a killed worker's sagas wait for it before another takes them. A busy one may take some seconds, and who
is sent away from it queues again behind all sagas that begin."""

RESTED = timedelta(seconds=60)
"""A saga that has not moved for so long leaves the cache: it takes no memory until it moves, and one replay then."""

FORGOTTEN_A_SECOND = 10
"""So many leave the cache in a second at most. Each takes some milliseconds of the processor to go."""

COUNTED_EVERY = timedelta(seconds=30)
"""How soon a worker that comes or goes changes the others' share of the clouds' limits, beside a poll's minute."""

LOG = logging.getLogger("privatelink.worker")


def build_worker(
    client: Client, settings: Settings, *, interceptors: Sequence[Interceptor] = (), runner: SagaRunner | None = None
) -> Worker:
    """The worker with every workflow and activity; tests build it in their own process."""
    webhook = Webhook(settings.webhook) if settings.webhook else None
    sizes = Sizes.of(settings.concurrency)
    aws = AwsAccounts(sizes.threads, settings.external_ids)
    return Worker(
        client,
        task_queue=queue_of(settings),
        workflows=[CreatePrivateLink, DeletePrivateLink, ApplyFleet, InspectPrivateLink, CheckSetUp],
        activities=all_activities(
            aws, Platform(settings.platform), DeploymentApis(settings), OfferedSecrets(settings.secrets), webhook
        ),
        workflow_runner=runner or SagaRunner(),
        interceptors=[Attempts(), OwnPlace(aws), *interceptors],
        max_cached_workflows=sizes.sagas,
        max_concurrent_workflow_tasks=sizes.workflow_tasks,
        max_concurrent_activities=sizes.activities,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(sizes.pollers),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(sizes.pollers),
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKY,
    )


def queue_of(settings: Settings) -> str:
    """The task queue that a worker of these settings serves."""
    return account_queue(settings.account) if settings.account else TASK_QUEUE


async def count_workers(client: Client, task_queue: str) -> None:
    """Keep the worker's share of the clouds' limits, for ever: each of several workers takes its part of them."""
    while True:
        try:
            seen = await workers_seen(client, task_queue)
        except RPCError as error:
            LOG.warning("counting the workers of task queue %s: %s", task_queue, error.message)
        else:
            SHARE.workers = max(1, sum(ago <= SEEN_WITHIN for ago in seen.values()))
        await asyncio.sleep(COUNTED_EVERY.total_seconds())


async def forget_who_rests(worker: Worker, runner: SagaRunner) -> None:
    """Take who rests out of the cache, for ever: a create mostly waits, for minutes each time."""
    while True:
        await asyncio.sleep(1)
        # A crowd that came to rest together is forgotten little by little: who moves has the processor first.
        for run_id in runner.at_rest(RESTED, FORGOTTEN_A_SECOND):
            # The SDK has it for itself alone: by its options it keeps as many sagas as fit, however long they rest.
            worker._bridge_worker.request_workflow_eviction(run_id)  # noqa: SLF001


async def main() -> None:
    """Run until SIGTERM or SIGINT, then let the steps that run come to their end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger(ATTEMPTS_LOGGER).addFilter(ToldOnce())
    settings = Settings.from_environment()
    if settings.platform.access is None:
        LOG.info("no key of the platform's API: only requests with `platform: {mode: console}` can be served")
    client = await connect_to_temporal()
    await ensure_search_attributes(client)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    runner = SagaRunner()
    async with build_worker(client, settings, runner=runner) as worker:
        LOG.info("worker ready on task queue %s of namespace %s", queue_of(settings), client.namespace)
        LOG.info("sizes: %s", Sizes.of(settings.concurrency))
        upkeep = {
            asyncio.create_task(count_workers(client, queue_of(settings))),
            asyncio.create_task(forget_who_rests(worker, runner)),
        }
        await asyncio.wait({*upkeep, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        for task in upkeep:
            if task.done():
                await task
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
