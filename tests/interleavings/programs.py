"""The programs that a state machine plays with, driven from synchronous code: hypothesis has no event loop."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from privatelink import PrivateLinks
from scripts.breakable import BreakableStage
from tests.interleavings.history_judge import HistoryJudge
from tests.support.deadlines import deadline_settings
from tests.support.hasty_worker import HASTY_WORKER
from tests.support.sandbox import SPEED

R = TypeVar("R")

LIMIT_SECONDS = 600
"""Maximum seconds for any one thing: only something that hangs takes longer."""

WORKERS = ("first", "second")


class Programs:
    """One breakable stage with two workers, on an event loop in a thread of its own.

    `judged` counts the answers of all histories that were compared with the books. `false_endings` are those that were
    not true, in words.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, stage: BreakableStage) -> None:
        """`loop` runs in another thread, and `stage` runs on it."""
        self._loop = loop
        self.stage = stage
        self.links = PrivateLinks(stage.client)
        self.numbers = itertools.count(1)
        self.judged = 0
        self.false_endings: list[str] = []

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run this on the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_SECONDS)

    def begin(self, work: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
        """Start this on the loop."""

        async def task() -> "asyncio.Task[R]":
            return asyncio.create_task(work)

        return self.run(task())

    def control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of many shapes
        """One call to the sandbox's control path."""
        return self.run(self.stage.control(method, path, body))

    def fresh_clouds(self) -> None:
        """Reset both clouds to their seeded state, without limits."""
        self.run(self.stage.fresh_clouds())

    def tell(self, judge: HistoryJudge) -> None:
        """Record what a history's judge has found."""
        self.judged += judge.judged
        self.false_endings += judge.false_endings

    async def replace_worker(self, name: str) -> None:
        """`kill -9` the worker, start it, and wait until it asks for work: one that finds no server ends at once."""
        await self.stage.kill_worker(name)
        await self.stage.start_worker(name)
        await self.stage.new_identity()

    async def outage(self, seconds: float) -> None:
        """Kill every worker, and start them again after a while."""
        for name in WORKERS:
            await self.stage.kill_worker(name)
        await asyncio.sleep(seconds)
        for name in WORKERS:
            await self.replace_worker(name)

    async def frozen(self, name: str, seconds: float) -> None:
        """Freeze a worker for a while."""
        await self.stage.freeze_worker(name)
        try:
            await asyncio.sleep(seconds)
        finally:
            await self.stage.thaw_worker(name)


@contextmanager
def running_programs() -> Iterator[Programs]:
    """Start it all, and kill it all at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="programs")
    thread.start()

    def run(work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, loop).result(LIMIT_SECONDS)

    stage = BreakableStage(SPEED, worker=HASTY_WORKER, settings=deadline_settings(120))
    try:
        run(stage.__aenter__())
        try:
            for worker in WORKERS:
                run(stage.start_worker(worker))
                run(stage.new_identity())
            yield Programs(loop, stage)
        finally:
            run(stage.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
