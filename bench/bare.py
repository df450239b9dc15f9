"""The bare rival: a workflow of activities that do nothing, on a plain SDK worker.

`python -m bench.bare` runs that worker. It imports nothing of the product except the sizes, so its memory is bare too.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

with workflow.unsafe.imports_passed_through():
    from runtime.sizes import Sizes

BARE_QUEUE = "bare"

SHAPE = ((1,), (1, 1), (1, 1), (1,), (1,), (1, 4), (1,), (1,), (1,), (1,))
"""Shape of a create with one listener and a connector. The chains in one inner tuple run in parallel; each number is
the length of a chain of activities."""

_ATTEMPT = timedelta(hours=1)


@activity.defn
async def do_nothing() -> None:
    """Do nothing, as one step."""


@activity.defn
async def wait_for_ever() -> None:
    """Wait forever, as one wait."""
    await asyncio.Event().wait()


@workflow.defn
class Bare:
    """Runs as many activities as a create has, in the same shape."""

    @workflow.run
    async def run(self) -> None:
        """Run them all."""
        for side_by_side in SHAPE:
            await asyncio.gather(*(self._chain(length) for length in side_by_side))

    async def _chain(self, length: int) -> None:
        for _ in range(length):
            await workflow.execute_activity(do_nothing, start_to_close_timeout=_ATTEMPT)


@workflow.defn
class BareWait:
    """Waits for one activity that never ends."""

    @workflow.run
    async def run(self) -> None:
        """Run that activity."""
        await workflow.execute_activity(wait_for_ever, start_to_close_timeout=_ATTEMPT)


async def main(concurrency: int, sticky_seconds: float, grace_seconds: float) -> None:
    """Work until killed, with every option that `worker.build_worker` sets. Prints its process ID when it begins."""
    sizes = Sizes.of(concurrency)
    worker = Worker(
        await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"]),
        task_queue=BARE_QUEUE,
        workflows=[Bare, BareWait],
        activities=[do_nothing, wait_for_ever],
        max_cached_workflows=sizes.sagas,
        max_concurrent_workflow_tasks=sizes.workflow_tasks,
        max_concurrent_activities=sizes.activities,
        workflow_task_poller_behavior=PollerBehaviorSimpleMaximum(sizes.pollers),
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(sizes.pollers),
        graceful_shutdown_timeout=timedelta(seconds=grace_seconds),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=sticky_seconds),
    )
    async with worker:
        print(os.getpid(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*json.loads(sys.argv[1])))
