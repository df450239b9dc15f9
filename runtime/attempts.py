"""What each attempt of a step gets from its worker: heartbeats, a lease, a clock, and a judgement of how it failed."""

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from activities.support.step_memory import set_memory, unwrapped
from clouds.leases import LEASE, PULSE, Lease
from clouds.polling.priority import set_priority
from clouds.polling.schedule import BETWEEN_POLLS_SECONDS
from privatelink.errors import NotYet
from privatelink.model.step_clock import StepClock, set_clock
from privatelink.pace import paced_delta
from runtime.judging import Judge

BEATS_PER_TIMEOUT = 3
"""Heartbeats per heartbeat timeout, so that one or two may be late without harm."""

LEAST_TOLD_SECONDS = 1.0
"""Minimum increase of a step's uncounted time that is worth a heartbeat: every attempt queues for a moment."""


class Attempts(Interceptor):
    """Runs each attempt by its kind, which its heartbeat timeout shows.

    An attempt with one does work: it may wait long for its turn, and is missed within seconds if its worker is killed.
    An attempt without one only polls: it ends as soon as its worker begins to stop, so that another worker goes on.
    """

    def __init__(self) -> None:
        """Begin to notice when the process is frozen."""
        PULSE.begin()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's
        """Wrap every attempt of the worker."""
        return _Attempt(next)


class _Remembering(ActivityOutboundInterceptor):
    """Repeats the last heartbeat details (this attempt's, or else the previous one's).

    A heartbeat without details would erase them. The step sees only its own details; the worker's, `memory`, go along.
    """

    def __init__(self, following: ActivityOutboundInterceptor) -> None:
        super().__init__(following)
        info = super().info()
        self.memory, self._told = unwrapped(info.heartbeat_details)
        self._before = self.memory.model_copy()
        self._info = dataclasses.replace(info, heartbeat_details=self._told)

    def info(self) -> activity.Info:
        return self._info

    def heartbeat(self, *details: Any) -> None:  # noqa: ANN401 - the SDK's
        self._told = details
        super().heartbeat(*self.memory.wrapped(details))

    def beat(self) -> None:
        self.heartbeat(*self._told)

    def hand_on(self) -> None:
        """Send the memory to the next attempt if it has changed."""
        more = self.memory.uncounted - self._before.uncounted
        as_before = self.memory.model_copy(update={"uncounted": self._before.uncounted}) == self._before
        if more >= LEAST_TOLD_SECONDS or not as_before:
            self.beat()


class _Attempt(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = _Remembering(outbound)
        super().init(self._outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's
        info, memory = activity.info(), self._outbound.memory
        set_priority(info.workflow_run_id or "")
        clock = StepClock(memory.uncounted + _queued(info).total_seconds())
        set_clock(clock)
        set_memory(memory)
        try:
            return await self._in_time(input, info)
        except Exception as error:
            judged = Judge(info, memory, clock).judged(error)
            self._outbound.hand_on()
            if judged is error:
                raise
            raise judged from error.__cause__

    async def _in_time(self, input: ExecuteActivityInput, info: activity.Info) -> Any:  # noqa: A002, ANN401 - the SDK's
        """Run the attempt, but end it shortly before Temporal would: its timeout has no message and is not judged."""
        limit = info.start_to_close_timeout.total_seconds() * 0.95 if info.start_to_close_timeout else None
        try:
            async with asyncio.timeout(limit) as time_out:
                if info.heartbeat_timeout is None:
                    return await self._until_shutdown(input)
                return await self._beating(input, info.heartbeat_timeout.total_seconds())
        except TimeoutError:
            if not time_out.expired():
                raise
            raise NotYet(f"{info.activity_id}: it did not end within {limit:.0f} s, and is being tried again") from None

    async def _beating(self, input: ExecuteActivityInput, seconds: float) -> Any:  # noqa: A002, ANN401 - the SDK's
        lease = Lease(seconds)
        LEASE.set(lease)
        timers = (
            asyncio.create_task(_every(lease.tick_seconds, lease.renew)),
            asyncio.create_task(_every(seconds / BEATS_PER_TIMEOUT, self._outbound.beat)),
        )
        try:
            return await super().execute_activity(input)
        finally:
            for timer in timers:
                timer.cancel()

    async def _until_shutdown(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's
        looking = asyncio.ensure_future(super().execute_activity(input))
        stopping = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        try:
            await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                return await looking
        finally:
            for task in (looking, stopping):
                task.cancel()
            await asyncio.gather(looking, stopping, return_exceptions=True)
        raise NotYet(
            "the worker that polled was stopped; another one continues", retry_after=paced_delta(BETWEEN_POLLS_SECONDS)
        )


async def _every(seconds: float, act: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        act()


def _queued(info: activity.Info) -> timedelta:
    """How long the attempt was in Temporal's queue, by the server's clock, because no worker was free or none ran."""
    return max(timedelta(0), info.started_time - info.current_attempt_scheduled_time)
