"""Shared views: one reader per kind of thing answers everybody who waits for one of them, or asks about one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import nullcontext, suppress
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

from clouds.polling.schedule import BETWEEN_LOOKS_SECONDS, Pending, PollSchedule, still_pending
from clouds.share import SHARE
from privatelink.errors import DeadlinePassed, NotYet, PrivateLinkError
from privatelink.model.deadlines import LEAST_LOOK_SECONDS, LOOK_SECONDS, Wait
from privatelink.model.step_clock import StepClock, by_own_clock, set_clock, step_clock
from privatelink.pace import paced, paced_delta

V = TypeVar("V")
R = TypeVar("R")

LEAST_READ_SECONDS = 0.05
"""No view is read more often, however fast the cloud's clock: a read itself takes some milliseconds."""

BURST = 6
"""Readings that may follow each other at once after a quiet time: a lone saga's steps ask one after another."""

CROWD = 3
"""So many who wait at once double the least interval, for nobody's own thing comes sooner by more reading."""

CROWD_SECONDS = 30.0
"""A crowd makes no least interval longer than this (the cloud's clock): steps that only ask must not wait for long."""

IDLE_SECONDS = 300.0
"""How long the view of a single thing is kept after its last reading (the cloud's clock): longer than between looks."""


HELD_BACK_SECONDS = 60.0
"""A reading that comes later by more than this (the cloud's clock) for the sake of a limit is like one that queues for
a budget: no deadline counts the time."""

LEAD = 3.0
"""How long before a reading is due a look begins (the cloud's clock)."""


class _Waiter(NamedTuple, Generic[V]):
    began: float
    wants: Callable[[], float]
    hear: Callable[[V | Exception], bool]


class SharedPoller(Generic[V]):
    """One reader of one kind of thing, at work only while somebody waits.

    Each reading is judged by every waiter whose wait had begun before it, so nobody is told of a time before its own
    write; the latest one also by who comes later, since a look may be shorter than a reading. Over time, readings are
    `least_interval` seconds (the cloud's clock) apart, times the workers that share the cloud's limits, and more in a
    crowd. `last_read`: when the latest one began, by the loop's clock.
    """

    def __init__(
        self, read: Callable[[], Awaitable[V]], *, least_interval: float | Callable[[], float], burst: int = BURST
    ) -> None:
        """`read` gives the whole view; its errors go to everybody who waits at that moment."""
        self._read = read
        self._least_interval = least_interval if callable(least_interval) else lambda: least_interval
        self._waiters: set[_Waiter[V]] = set()
        self._reader: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._burst = burst
        self.last_read = float("-inf")
        self._level = 0.0
        self._latest: tuple[float, V] | None = None
        self._clock = StepClock()

    @property
    def is_in_use(self) -> bool:
        """Whether anybody waits for it."""
        return bool(self._waiters)

    def is_idle(self, seconds: float) -> bool:
        """Whether nobody waits, and nothing was read for so long (the cloud's clock)."""
        return not self._waiters and self.last_read < asyncio.get_running_loop().time() - paced(seconds)

    def latest(self, wait: Wait) -> V | None:
        """The latest reading, where it began after the wait did."""
        if self._latest and self._latest[0] >= _by_the_loop(wait.since):
            return self._latest[1]
        return None

    async def reading(self, *, not_older: float = 0.0) -> V:
        """A whole reading that begins from now on, so that it shows what was written before.

        For what no saga writes, one that is `not_older` than so many seconds (the cloud's clock) will do. Raises what
        the reading raises.
        """
        loop = asyncio.get_running_loop()
        if not_older and self._latest and self._latest[0] >= loop.time() - paced(not_older):
            return self._latest[1]
        answer: asyncio.Future[V] = loop.create_future()

        def hear(reading: V | Exception) -> bool:
            if answer.done():
                return True
            if isinstance(reading, Exception):
                answer.set_exception(reading)
            else:
                answer.set_result(reading)
            return True

        waiter: _Waiter[V] = _Waiter(loop.time(), lambda: 0.0, hear)
        self._join(waiter)
        with step_clock().following(self._clock):
            try:
                return await answer
            finally:
                self._waiters.discard(waiter)

    async def look(
        self,
        judge: Callable[[V], R | Pending],
        *,
        wait: Wait,
        cadence: PollSchedule,
        spent: float = 0.0,
        since: datetime | None = None,
    ) -> R:
        """Wait for at most `LOOK_SECONDS` until `judge` gives something else than `Pending`.

        `spent`: seconds of our clock that the attempt has used before, which the look is shorter by. Of the readings
        since the wait began, those count that began after `since`.

        Raises `NotYet` when the look is over, or no further reading is due within it; `DeadlinePassed` when the wait
        is; whatever `judge` raises, and what the reading raises, as an error that is tried again.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        last: Pending | None = None
        ends = loop.time() + _look_seconds(wait, spent)

        def hear(reading: V | Exception) -> bool:
            nonlocal last
            if answer.done():
                return True
            try:
                verdict = judge(_read_well(reading))
                if not isinstance(verdict, Pending):
                    answer.set_result(verdict)
                elif not wait.passed and loop.time() + due() < ends:
                    last = verdict
                else:
                    # Nothing would be read within this look any more, so no worker need hold it.
                    answer.set_exception(self._not_yet(verdict, wait, cadence, due()))
            except Exception as error:  # noqa: BLE001 - it fails the look that asked, and not the reader of all others
                answer.set_exception(error)
            return answer.done()

        def due() -> float:
            # A little before: all who wait for the next reading must have come back when the first of them causes it.
            return max(self.last_read + cadence.interval(wait.elapsed), self._free_at()) - loop.time() - paced(LEAD)

        began = _by_the_loop(max(wait.since, since or wait.since))
        waiter: _Waiter[V] = _Waiter(began, by_own_clock(lambda: cadence.interval(wait.elapsed)), by_own_clock(hear))
        with step_clock().following(self._clock):
            if not (self._latest and began <= self._latest[0] and hear(self._latest[1])):
                self._join(waiter)
            try:
                return await asyncio.wait_for(answer, ends - loop.time())
            except TimeoutError:
                pass
            finally:
                self._waiters.discard(waiter)
        if last is None:
            # A deadline is not believed before somebody has looked.
            raise NotYet(f"not read yet; {wait.words()}", retry_after=paced_delta(BETWEEN_LOOKS_SECONDS))
        raise self._not_yet(last, wait, cadence, due())

    def _not_yet(self, moving: Pending, wait: Wait, cadence: PollSchedule, due: float) -> NotYet | DeadlinePassed:
        """How a look ends without a verdict. What the next reading is held back by a limit does not count."""
        held_back = self._held_back(self.last_read + cadence.interval(wait.elapsed))
        step_clock().skip(held_back)
        return still_pending(moving, wait, reading_due=due)

    def _held_back(self, wanted: float) -> float:
        """For how many seconds from now on, or from `wanted` (by the loop's clock), only a limit forbids a reading."""
        seconds = self._free_at() - max(wanted, asyncio.get_running_loop().time())
        return seconds if seconds > paced(HELD_BACK_SECONDS) else 0.0

    def _join(self, waiter: _Waiter[V]) -> None:
        self._waiters.add(waiter)
        self._woken.set()
        if self._reader is None or self._reader.done():
            own = copy_context()
            own.run(set_clock, self._clock)
            self._reader = asyncio.create_task(self._read_while_somebody_waits(), context=own)

    async def _read_while_somebody_waits(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiters:
            self._woken.clear()
            wanted = self._wanted_at()
            if (now := loop.time()) < (due := max(wanted, self._free_at())):
                held_back = now >= wanted and self._held_back(wanted) > 0
                # A newcomer may want the next reading sooner than those who wait already.
                with self._clock.stopped() if held_back else nullcontext(), suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), (due if now >= wanted else wanted) - now)
                continue
            began = loop.time()
            self._level = max(0.0, self._level - (began - self.last_read) / self._interval()) + 1
            self.last_read = began
            reading: V | Exception
            try:
                reading = await self._read()
                self._latest = (began, reading)
            except Exception as error:  # noqa: BLE001 - it is raised by every look that waits, in place of a lost task
                reading = error
                # What was seen before says nothing of how it stands now: no deadline may rest on it.
                self._latest = None
            for waiter in tuple(self._waiters):
                if waiter.began <= began and waiter.hear(reading):
                    self._waiters.discard(waiter)

    def _wanted_at(self) -> float:
        """When those who wait want the next reading, by the loop's clock, whether it is allowed then or not."""
        # Who began to wait after the latest reading has heard nothing yet.
        newcomer = any(waiter.began > self.last_read for waiter in self._waiters)
        wanted = 0.0 if newcomer else min(waiter.wants() for waiter in self._waiters)
        return self.last_read + max(wanted, LEAST_READ_SECONDS)

    def _free_at(self) -> float:
        """From when another reading keeps the least interval over time: a bucket of a burst that leaks one in each."""
        return self.last_read + (self._level + 1 - self._burst) * self._interval()

    def _interval(self) -> float:
        # Those who ask are answered once; those who look come back.
        looking = sum(waiter.wants() > 0 for waiter in self._waiters)
        least = self._least_interval()
        least = max(least, min(least * (1 + looking / CROWD), CROWD_SECONDS))
        return max(paced(least) * SHARE.workers, LEAST_READ_SECONDS)


class SharedPollersByKey(Generic[V]):
    """Shared views of single things, each kept while it is in use."""

    def __init__(self) -> None:
        """None yet."""
        self._views: dict[Hashable, SharedPoller[V]] = {}

    def __len__(self) -> int:
        """How many are in use."""
        return len(self._views)

    @property
    def is_in_use(self) -> bool:
        """Whether anybody waits for one of them."""
        return any(view.is_in_use for view in self._views.values())

    def of(
        self,
        key: Hashable,
        read: Callable[[], Awaitable[V]],
        least_interval: float | Callable[[], float],
        *,
        burst: int = BURST,
    ) -> SharedPoller[V]:
        """The view of one thing, made by its first user."""
        if key not in self._views:
            self._views = {key: view for key, view in self._views.items() if not view.is_idle(IDLE_SECONDS)}
            self._views[key] = SharedPoller(read, least_interval=least_interval, burst=burst)
        return self._views[key]


def _read_well(reading: V | Exception) -> V:
    """The reading. An error is one call's trouble, and many hear of it: it is raised as one that is tried again."""
    if isinstance(reading, Exception):
        raise reading.as_weather() if isinstance(reading, PrivateLinkError) else reading
    return reading


def _by_the_loop(moment: datetime) -> float:
    """A moment by the loop's clock; rather too late than too early, so that no reading from before it counts."""
    ago = (datetime.now(UTC) - moment).total_seconds()
    return asyncio.get_running_loop().time() - ago


def _look_seconds(wait: Wait, spent: float) -> float:
    look = max(paced(LOOK_SECONDS) - spent, LEAST_LOOK_SECONDS)
    # One whose deadline is over looks once more, since nobody may have looked before.
    return look if wait.passed else max(0.1, min(look, wait.remaining))
