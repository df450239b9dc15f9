"""What every attempt gets from its worker, shown with activities that only sleep."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.attempts import Attempts
from privatelink.errors import AccessDenied, from_failure
from privatelink.pace import paced_delta

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


NEVER_ALLOWED = paced_delta(120)


async def is_refused(*, was_allowed: bool) -> int:
    """A call that is refused, for longer than a call that never was allowed is tried; gives the attempts it took."""
    info = activity.info()
    if datetime.now(UTC) > info.scheduled_time + 3 * NEVER_ALLOWED:
        return info.attempt
    error = AccessDenied("calling (it): AccessDenied")
    error.was_allowed = was_allowed
    raise error


@activity.defn
async def is_refused_now() -> int:
    """What was allowed a minute ago."""
    return await is_refused(was_allowed=True)


@activity.defn
async def was_never_allowed() -> int:
    """What no worker was ever allowed."""
    return await is_refused(was_allowed=False)


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
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=50),
        )


def a_worker(client: Client, queue: str) -> Worker:
    """A worker as ours is, with a long grace."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[OneStep],
        activities=[works_long, tells_and_fails, looks_long, is_refused_now, was_never_allowed],
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


async def test_a_refusal_of_what_was_allowed_is_weather(client: Client) -> None:
    """It passes, and the step goes on."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        assert isinstance(await (await started(client, queue, "is_refused_now")).result(), int)


async def test_what_was_never_allowed_is_given_up_after_the_time_that_iam_takes(client: Client) -> None:
    """A new role or policy takes effect within a minute or two; a wrong one never does."""
    queue = str(uuid4())
    begun = time.monotonic()
    async with a_worker(client, queue):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await started(client, queue, "was_never_allowed")).result()
    assert isinstance(from_failure(failed.value), AccessDenied)
    assert time.monotonic() - begun >= NEVER_ALLOWED.total_seconds()
