"""What each attempt of a step gets from its worker: heartbeats while it works, an early end when the worker stops."""

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from clouds.budgets import PLACE
from clouds.waiting import BETWEEN_LOOKS_SECONDS
from privatelink.errors import NotYet
from privatelink.pace import paced_delta

BEATS_PER_TIMEOUT = 3
"""So that a beat or two may be late without harm."""


class Attempts(Interceptor):
    """An attempt with a heartbeat time-out works: it may wait long for its turn, and a kill is missed within seconds.

    One without only looks: it ends as soon as its worker is told to stop, so that another worker goes on.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's
        """Wrap every attempt of the worker."""
        return _Attempt(next)


class _Remembering(ActivityOutboundInterceptor):
    """Keeps what the attempt told last, else what the attempt before did: a beat without it would wipe it out."""

    told: tuple[Any, ...] | None = None

    def heartbeat(self, *details: Any) -> None:  # noqa: ANN401 - the SDK's
        self.told = details
        super().heartbeat(*details)

    def beat(self) -> None:
        self.heartbeat(*(self.info().heartbeat_details if self.told is None else self.told))


class _Attempt(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = _Remembering(outbound)
        super().init(self._outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's
        PLACE.set(activity.info().workflow_run_id or "")
        timeout = activity.info().heartbeat_timeout
        if timeout is None:
            return await self._until_shutdown(input)
        self._beat_in(timeout.total_seconds() / BEATS_PER_TIMEOUT)
        try:
            return await super().execute_activity(input)
        finally:
            self._beating.cancel()

    def _beat_in(self, seconds: float) -> None:
        self._beating = asyncio.get_running_loop().call_later(seconds, self._beat, seconds)

    def _beat(self, seconds: float) -> None:
        self._outbound.beat()
        self._beat_in(seconds)

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
            "the worker that looked was stopped; another goes on", retry_after=paced_delta(BETWEEN_LOOKS_SECONDS)
        )
