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

from activities.support.consistency import note_effect, removal_deadline
from privatelink.errors import (
    AccessDenied,
    CredentialsRefused,
    DeadlinePassed,
    NotAllowed,
    NotYet,
    PlatformKeyRefused,
    PrivateLinkError,
    Throttled,
    from_failure,
)
from privatelink.model.step_clock import far_net
from runtime.attempts import Attempts
from tests.support.sandbox import SPEED

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


NEVER_ALLOWED = timedelta(seconds=120 / SPEED)


async def is_refused(*, was_allowed: bool, by: type[NotAllowed] = AccessDenied) -> int:
    """A call that is refused, for longer than a call that never was allowed is tried; gives the attempts it took."""
    info = activity.info()
    if datetime.now(UTC) > info.scheduled_time + 3 * NEVER_ALLOWED:
        return info.attempt
    error = by("calling (it): refused")
    error.was_allowed = was_allowed
    raise error


@activity.defn
async def has_no_credentials() -> int:
    """A worker that has just started with wrong credentials, or with those of another account."""
    return await is_refused(was_allowed=False, by=CredentialsRefused)


@activity.defn
async def has_no_key() -> int:
    """The same with EMQX's key."""
    return await is_refused(was_allowed=False, by=PlatformKeyRefused)


@activity.defn
async def looks_and_is_refused() -> int:
    """A wait whose first look succeeds, and whose later ones are another worker's, of whom its cloud lets none in."""
    if activity.info().attempt == 1:
        raise NotYet("it is moving", retry_after=timedelta(milliseconds=10))
    return await is_refused(was_allowed=False)


@activity.defn
async def is_refused_now() -> int:
    """What was allowed a minute ago."""
    return await is_refused(was_allowed=True)


@activity.defn
async def was_never_allowed() -> int:
    """What no worker was ever allowed."""
    return await is_refused(was_allowed=False)


DEADLINE = timedelta(seconds=3)
"""Of the steps that have one."""


@activity.defn
async def looks_for_ever() -> None:
    """Would look again long after its deadline."""
    raise NotYet("it is moving", retry_after=timedelta(minutes=10))


@activity.defn
async def fails_for_ever() -> None:
    """Has a fault that nobody has a name for."""
    raise ValueError("a fault of ours")


@activity.defn
async def looks_twice() -> int:
    """Sees at its second attempt what it waits for."""
    if activity.info().attempt < 2:
        raise NotYet("not at the first look")
    return activity.info().attempt


async def is_throttled() -> int:
    """Has its turn after the deadline would have passed, reports an id, and needs one more poll."""
    attempt = activity.info().attempt
    if attempt == 1:
        raise Throttled("waiting for a turn", retry_after=DEADLINE + timedelta(seconds=1))
    if attempt == 2:
        assert not activity.info().heartbeat_details, "the worker's own memory is not the step's"
        activity.heartbeat("vpce-1")
        raise NotYet("one look more")
    assert activity.info().heartbeat_details == ("vpce-1",)
    return attempt


@activity.defn
async def works_when_throttled() -> int:
    """As a write or a removal does."""
    return await is_throttled()


@activity.defn
async def looks_when_throttled() -> int:
    """As a wait does, which has no heartbeat time-out."""
    return await is_throttled()


@activity.defn
async def hangs() -> None:
    """Has no end of its own."""
    await asyncio.sleep(3600)


@activity.defn
async def removes_late() -> bool:
    """Its call gets through when its deadline is over, as after an outage; gives whether it may wait for the effect."""
    if activity.info().attempt == 1:
        await asyncio.sleep(DEADLINE.total_seconds() + 0.5)
        note_effect()
        raise NotYet("it is going", retry_after=timedelta(seconds=0.5))
    return not removal_deadline().passed


@activity.defn
async def never_goes() -> None:
    """Asked for in time, and never gone."""
    note_effect()
    raise NotYet("it is going", retry_after=timedelta(seconds=0.5))


@activity.defn
async def looks_long() -> int:
    """A look of an hour at its first attempt; gives the attempt that was over sooner."""
    if activity.info().attempt == 1:
        await asyncio.sleep(3600)
    return activity.info().attempt


REMOVALS = (removes_late, never_goes)
WITH_DEADLINE = (
    *(looks_for_ever, fails_for_ever, looks_twice, works_when_throttled, looks_when_throttled, hangs),
    *REMOVALS,
)
REFUSED_FOR_A_WHILE = (is_refused_now, has_no_credentials, has_no_key, looks_and_is_refused)
ALL = (works_long, tells_and_fails, looks_long, was_never_allowed, *REFUSED_FOR_A_WHILE, *WITH_DEADLINE)


@workflow.defn
class OneStep:
    """Runs the one activity of a test, as a write or as a look."""

    @workflow.run
    async def run(self, name: str) -> object:
        """Give what it gives."""
        return await workflow.execute_activity(
            name,
            start_to_close_timeout=timedelta(seconds=1) if name == "hangs" else timedelta(hours=1),
            schedule_to_close_timeout=far_net(DEADLINE) if name in {one.__name__ for one in WITH_DEADLINE} else None,
            heartbeat_timeout=None if name.startswith("looks") else BEAT,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=50),
        )


def a_worker(client: Client, queue: str, *, only_workflows: bool = False) -> Worker:
    """A worker as ours is, with a long grace."""
    return Worker(
        client,
        task_queue=queue,
        workflows=[OneStep],
        activities=[] if only_workflows else ALL,
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


@pytest.mark.parametrize("name", [one.__name__ for one in REFUSED_FOR_A_WHILE])
async def test_a_refusal_of_what_was_allowed_is_weather(client: Client, name: str) -> None:
    """It passes, and the step goes on. Who was allowed may be a worker of before: the saga's checks were made so."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        assert isinstance(await (await started(client, queue, name)).result(), int)


async def test_what_was_never_allowed_is_given_up_after_the_time_that_iam_takes(client: Client) -> None:
    """A new role or policy takes effect within a minute or two; a wrong one never does."""
    queue = str(uuid4())
    begun = time.monotonic()
    async with a_worker(client, queue):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await started(client, queue, "was_never_allowed")).result()
    assert isinstance(from_failure(failed.value), AccessDenied)
    assert time.monotonic() - begun >= NEVER_ALLOWED.total_seconds()


async def test_what_was_asked_for_late_has_the_whole_deadline_to_go(client: Client) -> None:
    """Otherwise an outage until the deadline would fail a removal that had its effect, and skip what comes after."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        assert await (await started(client, queue, "removes_late")).result() is True


async def failure_of(client: Client, name: str) -> tuple[PrivateLinkError | None, float]:
    """How the step ends that fails, as an error of ours, and after how many seconds."""
    queue, begun = str(uuid4()), time.monotonic()
    async with a_worker(client, queue):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await started(client, queue, name)).result()
    return from_failure(failed.value), time.monotonic() - begun


async def test_a_step_ends_at_its_deadline_and_not_a_delay_later(client: Client) -> None:
    """The last delay is cut to fit; the error has the state that was seen last."""
    error, seconds = await failure_of(client, "looks_for_ever")
    assert isinstance(error, DeadlinePassed)
    assert "it is moving" in error.message
    assert DEADLINE.total_seconds() <= seconds < 3 * DEADLINE.total_seconds()


@pytest.mark.parametrize("name", ["fails_for_ever", "hangs", "never_goes"])
async def test_whatever_a_step_fails_of_it_ends_at_its_deadline(client: Client, name: str) -> None:
    """Also of a fault without a name, and of none at all: Temporal's own net is weeks away."""
    _, seconds = await failure_of(client, name)
    assert DEADLINE.total_seconds() <= seconds < 5 * DEADLINE.total_seconds()


@pytest.mark.parametrize("name", ["works_when_throttled", "looks_when_throttled"])
async def test_the_time_until_a_turn_counts_in_no_attempt(client: Client, name: str) -> None:
    """Each attempt hands on to the next what did not count, beside the step's own details."""
    queue = str(uuid4())
    async with a_worker(client, queue):
        assert await (await started(client, queue, name)).result() == 3


async def test_time_without_a_worker_does_not_count(client: Client) -> None:
    """A deadline that passes while nobody works would end what had no chance."""
    queue = str(uuid4())
    async with a_worker(client, queue, only_workflows=True):
        handle = await started(client, queue, "looks_twice")
        await asyncio.sleep(DEADLINE.total_seconds() + 1)
    async with a_worker(client, queue):
        assert await handle.result() == 2
