"""What every attempt gets from its worker, shown with activities that only sleep."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.attempts import Attempts

BEAT = timedelta(seconds=1.5)


@activity.defn
async def works_long() -> int:
    """Takes longer than its heartbeat time-out; gives which attempt came to the end."""
    await asyncio.sleep(2 * BEAT.total_seconds())
    return activity.info().attempt


@activity.defn
async def tells_and_fails() -> list[str]:
    """Tells an id, works on without telling it again, and fails; the next attempt gives what it was handed."""
    if activity.info().attempt == 2:
        return list(activity.info().heartbeat_details)
    activity.heartbeat("vpce-1")
    await asyncio.sleep(2 * BEAT.total_seconds())
    raise ApplicationError("once")


@activity.defn
async def looks_long() -> int:
    """A look of an hour at its first attempt; gives the attempt that was over sooner."""
    if activity.info().attempt == 1:
        await asyncio.sleep(3600)
    return activity.info().attempt


@workflow.defn
class OneStep:
    """Runs the one activity of a test, as a write or as a look."""

    @workflow.run
    async def run(self, name: str) -> object:
        """Give what it gives."""
        return await workflow.execute_activity(
            name,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=None if name == "looks_long" else BEAT,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=5),
        )


def a_worker(client: Client, queue: str) -> Worker:
    """A worker as ours is, with a long grace."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[OneStep],
        activities=[works_long, tells_and_fails, looks_long],
        interceptors=[Attempts()],
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(minutes=5),
    )


async def started(client: Client, queue: str, name: str) -> WorkflowHandle[OneStep, object]:
    """The workflow of one step."""
    return await client.start_workflow(OneStep.run, name, id=f"{name}-{uuid4()}", task_queue=queue)


async def test_an_attempt_that_works_on_is_not_taken_for_lost(client: Client) -> None:
    """It may wait for a turn far longer than a killed worker is waited for."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        assert await (await started(client, queue, "works_long")).result() == 1


async def test_a_beat_keeps_what_the_attempt_has_told(client: Client) -> None:
    """An id that a removal noted must reach the next attempt."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        assert await (await started(client, queue, "tells_and_fails")).result() == ["vpce-1"]


async def test_a_look_ends_with_its_worker_and_another_worker_goes_on(client: Client) -> None:
    """Within moments, though the look and the grace would last for long."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        handle = await started(client, queue, "looks_long")
        async with asyncio.timeout(30):
            while not [one for one in (await handle.describe()).raw_description.pending_activities if one.attempt]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 60
    async with a_worker(client, queue):
        assert await handle.result() == 2
