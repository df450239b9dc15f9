"""The worker: settings -> clouds -> activities -> Worker. `python worker.py` needs nothing but its environment."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Interceptor, PollerBehaviorSimpleMaximum, Worker

from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.polling.worker_count import WorkerCount
from clouds.secrets import OfferedSecrets
from clouds.webhook import Webhook
from privatelink.errors import InvalidSettings, PrivateLinkError
from privatelink.model.names import TASK_QUEUE
from privatelink.temporal.connection import connect_to_temporal
from privatelink.temporal.queues import account_queue
from privatelink.temporal.search_attributes import ensure_search_attributes
from runtime.attempts import Attempts
from runtime.own_place import OwnPlace
from runtime.registry import all_activities
from runtime.settings import Settings
from runtime.sizes import Sizes
from runtime.told_once import ATTEMPTS_LOGGER, ToldOnce
from runtime.upkeep import count_workers
from runtime.variables import DEFAULT_DEPLOYMENT
from runtime.workflow_runner import SagaRunner
from workflows.create import CreatePrivateLink
from workflows.delete import DeletePrivateLink
from workflows.fleet import ApplyFleet
from workflows.inquiries import CheckSetUp, InspectPrivateLink

GRACE = timedelta(seconds=25)
"""Time for running steps at a shutdown: longer than any single call to a cloud, shorter than the 30 s that Kubernetes
gives a pod."""

STICKY = timedelta(seconds=5)
"""Time that a killed worker's sagas wait for it before another worker takes them. Keep this above a busy worker's
latency of some seconds: a task that falls back to the shared queue lines up behind every newly started saga."""

LOG = logging.getLogger("privatelink.worker")


def build_worker(
    client: Client,
    settings: Settings,
    workers: WorkerCount | None = None,
    *,
    interceptors: Sequence[Interceptor] = (),
) -> Worker:
    """The worker with every workflow and activity; tests build it in their own process.

    `workers`: those that divide the clouds' limits; None when this one is alone.
    """
    workers = workers or WorkerCount()
    webhook = Webhook(settings.webhook) if settings.webhook else None
    sizes = Sizes.of(settings.concurrency)
    aws = AwsAccounts(sizes.threads, settings.external_ids, workers)
    return Worker(
        client,
        task_queue=queue_of(settings),
        workflows=[CreatePrivateLink, DeletePrivateLink, ApplyFleet, InspectPrivateLink, CheckSetUp],
        activities=all_activities(
            aws,
            Platform(settings.platform, workers),
            DeploymentApis(settings.deployment_access, workers),
            OfferedSecrets(settings.secrets, os.environ),
            webhook,
        ),
        workflow_runner=SagaRunner(),
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
    """The task queue that a worker with these settings serves."""
    return account_queue(settings.account) if settings.account else TASK_QUEUE


async def main() -> None:
    """Run until SIGTERM or SIGINT, then let the running steps end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger(ATTEMPTS_LOGGER).addFilter(ToldOnce())
    settings = Settings.from_environment()
    if settings.platform.access is None:
        LOG.info("no key of the platform's API: only requests with `platform: {mode: console}` can be served")
    if settings.default_deployment and not settings.default_deployment_id:
        LOG.warning(
            "EMQXCLOUD_DEPLOYMENT_* serves every deployment that the settings file does not list, and EMQX's API does "
            "not say whose key it is: name its deployment with %s",
            DEFAULT_DEPLOYMENT,
        )
    client = await connect_to_temporal()
    await ensure_search_attributes(client)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    workers = WorkerCount()
    async with build_worker(client, settings, workers):
        LOG.info("worker ready on task queue %s of namespace %s", queue_of(settings), client.namespace)
        LOG.info("sizes: %s", Sizes.of(settings.concurrency))
        counting = asyncio.create_task(count_workers(client, queue_of(settings), workers))
        await asyncio.wait({counting, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if counting.done():
            await counting
        counting.cancel()


def run() -> int:
    """Run the worker, and log in one message why it cannot start.

    Returns the exit code: 2 when a setting is wrong, so that it is no use to start the worker again, 1 otherwise.
    """
    try:
        asyncio.run(main())
    except PrivateLinkError as error:
        LOG.error("%s", error.message)  # noqa: TRY400 - an operator needs the message, not a traceback
        return 2 if isinstance(error, InvalidSettings) else 1
    return 0


if __name__ == "__main__":
    code = run()
    logging.shutdown()
    # Not sys.exit: the Temporal SDK may abort while the interpreter shuts down, and print what nobody can use.
    os._exit(code)
