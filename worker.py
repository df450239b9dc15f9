"""The worker: settings -> clouds -> activities -> Worker. `python worker.py` needs nothing but its environment."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from activities.registry import all_activities
from clouds.aws.accounts import AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.settings import Settings
from clouds.webhook import Webhook
from privatelink.connection import connect_to_temporal
from privatelink.names import TASK_QUEUE
from privatelink.search_attributes import ensure_search_attributes
from workflows.create import CreatePrivateLink
from workflows.delete import DeletePrivateLink
from workflows.fleet import ApplyFleet
from workflows.inquiries import CheckSetUp, InspectPrivateLink

GRACE = timedelta(seconds=25)
"""Longer than any single call to a cloud, shorter than the 30 s that Kubernetes gives a pod."""

STICKY = timedelta(seconds=2)
"""How long a killed worker's sagas wait for it before another takes them."""


SLOTS = 1000
"""Most activities are looks that only wait; their calls to a cloud go through a few threads."""


def build_worker(client: Client, settings: Settings, *, interceptors: Sequence[Interceptor] = ()) -> Worker:
    """The worker with every workflow and activity; tests build it in their own process."""
    webhook = Webhook(settings.webhook) if settings.webhook else None
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[CreatePrivateLink, DeletePrivateLink, ApplyFleet, InspectPrivateLink, CheckSetUp],
        activities=all_activities(AwsAccounts(), Platform(settings.platform), DeploymentApis(settings), webhook),
        interceptors=interceptors,
        max_concurrent_activities=SLOTS,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKY,
    )


async def main() -> None:
    """Run until SIGTERM or SIGINT, then let the steps that run come to their end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings.from_environment()
    if settings.platform.access is None:
        logging.getLogger("privatelink.worker").info(
            "no key of the platform's API: only requests with `platform: {mode: console}` can be served"
        )
    client = await connect_to_temporal()
    await ensure_search_attributes(client)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with build_worker(client, settings):
        logging.getLogger("privatelink.worker").info(
            "worker ready on task queue %s of namespace %s", TASK_QUEUE, client.namespace
        )
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
