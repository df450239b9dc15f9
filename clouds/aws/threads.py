"""The threads in which boto3 runs: a limited number of concurrent calls, each given up when its time is over."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from clouds.aws.limits import LimitPassedError
from clouds.finishing import let_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from clouds.aws.limits import Watch

T = TypeVar("T")

QUEUE_SECONDS = 60.0
"""Maximum seconds (our clock) that a call waits for a thread. If all others take their usual time, it only waits a few
seconds."""

_PARTING_SECONDS = 1.0
"""Maximum seconds for a thread to notice that its connection was shut down."""

LOG = logging.getLogger("privatelink.aws")


class Threads:
    """A thread pool in which a stuck thread does not reduce the number of concurrent calls.

    A thread that waits for something other than a connection (a name server, a `credential_process`) cannot be stopped.
    Its call is given up anyway, and another thread takes its place, until `most` threads are stuck.
    """

    def __init__(self, most: int) -> None:
        """`most`: maximum number of concurrent calls."""
        self._most = most
        self._turns = asyncio.Semaphore(most)
        self._executor = ThreadPoolExecutor(max_workers=2 * most, thread_name_prefix="aws")
        self._watching: set[asyncio.Task[None]] = set()
        self.stuck = 0

    async def run(self, watch: Watch, operation: Callable[[], T], *, is_write: bool) -> T:
        """Run the operation in a thread, within the limits of its `watch`.

        A cancelled read ends at once. A cancelled write ends when its call does: if it outlived its activity, it would
        race its own compensation. Raises `LimitPassedError`, and whatever the operation raises.
        """
        await self._turn()
        # The context is copied because the thread needs the attempt's lease from it.
        running = asyncio.get_running_loop().run_in_executor(self._executor, copy_context().run, watch.run, operation)
        watching = asyncio.create_task(self._watch(watch, running))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)
        try:
            await (let_end(watching) if is_write else asyncio.shield(watching))
        except asyncio.CancelledError:
            watch.give_up("nobody waits for it any more")
            raise
        if not running.done():
            watch.check()
        try:
            return running.result()
        except Exception:
            # After its connection was shut down, the call's error says nothing about AWS.
            watch.check()
            raise

    async def _turn(self) -> None:
        if self.stuck >= self._most:
            raise LimitPassedError(f"{self.stuck} calls hang in threads that cannot be stopped")
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise LimitPassedError(f"no thread was free within {QUEUE_SECONDS:.0f} s") from None

    async def _watch(self, watch: Watch, running: asyncio.Future[T]) -> None:
        """Wait until the call has ended or is given up."""
        try:
            while not running.done() and not watch.is_over():
                await asyncio.wait({running}, timeout=max(0.0, min(watch.remaining, 1.0)))
            if not running.done():
                await asyncio.wait({running}, timeout=_PARTING_SECONDS)
        finally:
            self._turns.release()
            if not running.done():
                self.stuck += 1
                LOG.warning("a call to AWS does not end; %d threads are now lost to such calls", self.stuck)
            running.add_done_callback(self._ended if not running.done() else _hear)

    def _ended(self, running: asyncio.Future[T]) -> None:
        self.stuck -= 1
        _hear(running)


def _hear(running: asyncio.Future[T]) -> None:
    """Retrieve the error of a call that nobody awaits any more; asyncio would otherwise complain about it."""
    if not running.cancelled():
        running.exception()
