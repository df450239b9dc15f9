"""What a worker keeps up to date while it runs: how many workers divide the clouds' limits."""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from clouds.polling.worker_count import WorkerCount
from privatelink.temporal.polling import SEEN_WITHIN, workers_seen

COUNTED_EVERY = timedelta(seconds=30)
"""Time between counts of the workers. One that comes changes the others' share of the clouds' limits after this time at
most; one that goes, after this and `SEEN_WITHIN`."""

LOG = logging.getLogger("privatelink.worker")


async def count_workers(client: Client, task_queue: str, workers: WorkerCount) -> None:
    """Keep the number of `workers`, which divide the clouds' limits, up to date forever."""
    while True:
        try:
            seen = await workers_seen(client, task_queue)
        except RPCError as error:
            LOG.warning("counting the workers of task queue %s: %s", task_queue, error.message)
        else:
            workers.number = max(1, sum(ago <= SEEN_WITHIN for ago in seen.values()))
        await asyncio.sleep(COUNTED_EVERY.total_seconds())
