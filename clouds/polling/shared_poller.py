"""Shared pollers: one reader per kind of resource serves every saga that waits for one of them or asks about one."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import nullcontext, suppress
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

from clouds.polling.reading_rate import BURST, LEAST_READ_SECONDS, ReadingRate
from clouds.polling.schedule import BETWEEN_POLLS_SECONDS, Pending, PollSchedule, still_pending
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import DeadlinePassed, NotYet, PrivateLinkError
from privatelink.model.deadlines import LEAST_POLL_SECONDS, POLL_SECONDS, Deadline
from privatelink.model.step_clock import StepClock, by_own_clock, set_clock, step_clock
from privatelink.pace import paced, paced_delta

V = TypeVar("V")
R = TypeVar("R")

IDLE_SECONDS = 300.0
"""Seconds (the cloud's clock) that the poller of a single resource is kept after its last reading. This is longer than
the pause between two polls."""

LEAD = 3.0
"""Seconds (the cloud's clock) by which a poll begins before its reading is due."""


class _Waiter(NamedTuple, Generic[V]):
    began: float
    wants: Callable[[], float]
    hear: Callable[[V | Exception], bool]


class SharedPoller(Generic[V]):
    """One reader of one kind of resource. It only reads while someone waits.

    A waiter only sees reads that started after its wait began, so it never acts on data older than its own write. The
    latest reading is kept for waiters that arrive later, because a poll can be shorter than a reading.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[V]],
        *,
        least_interval: float | Callable[[], float],
        workers: WorkerCount,
        burst: int = BURST,
    ) -> None:
        """`read` returns everything; its errors go to everyone who is waiting at that moment."""
        self._read = read
        self._rate = ReadingRate(least_interval, workers, burst, self._count_polls)
        self._waiters: set[_Waiter[V]] = set()
        self._reader: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._latest: tuple[float, V] | None = None
        self._clock = StepClock()

    @property
    def is_in_use(self) -> bool:
        """Whether anyone is waiting for it."""
        return bool(self._waiters)

    @property
    def last_read(self) -> float:
        """When the latest reading began, on the loop's clock."""
        return self._rate.last_read

    def is_idle(self, seconds: float) -> bool:
        """Whether nobody is waiting, and nothing was read for this many seconds (the cloud's clock)."""
        return not self._waiters and self.last_read < asyncio.get_running_loop().time() - paced(seconds)

    def latest(self, deadline: Deadline) -> V | None:
        """The latest reading, or None if it began before the deadline's `since`."""
        if self._latest and self._latest[0] >= _by_the_loop(deadline.since):
            return self._latest[1]
        return None

    async def reading(self, *, not_older: float = 0.0) -> V:
        """A whole reading that begins no earlier than now, so it shows everything written before.

        For data that no saga writes, an existing reading of at most `not_older` seconds (the cloud's clock) is enough.
        Raises what the reading raises.
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

    async def poll(
        self,
        predicate: Callable[[V], R | Pending],
        *,
        deadline: Deadline,
        schedule: PollSchedule,
        spent: float = 0.0,
        since: datetime | None = None,
    ) -> R:
        """Poll for at most `POLL_SECONDS` until `predicate` returns something other than `Pending`.

        `spent`: seconds of our clock that the attempt has already used; the poll is shorter by that. With `since`, only
        readings that began after both `since` and the deadline's own `since` count.

        Raises `NotYet` when the poll is over or no further reading is due within it, and `DeadlinePassed` after the
        deadline. Also raises whatever `predicate` raises, and the error of the reading as one that is retried.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        last: Pending | None = None
        ends = loop.time() + _look_seconds(deadline, spent)

        def hear(reading: V | Exception) -> bool:
            nonlocal last
            if answer.done():
                return True
            try:
                verdict = predicate(_read_well(reading))
                if not isinstance(verdict, Pending):
                    answer.set_result(verdict)
                elif not deadline.passed and loop.time() + due() < ends:
                    last = verdict
                else:
                    # Nothing more would be read within this poll, so no worker needs to hold it.
                    answer.set_exception(self._not_yet(verdict, deadline, schedule, due()))
            except Exception as error:  # noqa: BLE001 - it fails only the poll that asked, not the reader
                answer.set_exception(error)
            return answer.done()

        def due() -> float:
            wanted = self.last_read + schedule.interval(deadline.elapsed)
            # LEAD early, so that all waiters of the next reading are back when the first of them triggers it.
            return max(wanted, self._rate.free_at) - loop.time() - paced(LEAD)

        began = _by_the_loop(max(deadline.since, since or deadline.since))
        waiter: _Waiter[V] = _Waiter(
            began, by_own_clock(lambda: schedule.interval(deadline.elapsed)), by_own_clock(hear)
        )
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
            # A passed deadline counts only after at least one reading.
            raise NotYet(f"not read yet; {deadline.words()}", retry_after=paced_delta(BETWEEN_POLLS_SECONDS))
        raise self._not_yet(last, deadline, schedule, due())

    def _not_yet(
        self, moving: Pending, deadline: Deadline, schedule: PollSchedule, due: float
    ) -> NotYet | DeadlinePassed:
        """The error of a poll without a result. No deadline counts how long a limit holds the next reading back."""
        held_back = self._rate.held_back(self.last_read + schedule.interval(deadline.elapsed))
        step_clock().skip(held_back)
        return still_pending(moving, deadline, reading_due=due)

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
            if (now := loop.time()) < (due := max(wanted, self._rate.free_at)):
                held_back = now >= wanted and self._rate.held_back(wanted) > 0
                # A newcomer may want the next reading sooner than the present waiters.
                with self._clock.stopped() if held_back else nullcontext(), suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), (due if now >= wanted else wanted) - now)
                continue
            began = loop.time()
            self._rate.count(began)
            reading: V | Exception
            try:
                reading = await self._read()
                self._latest = (began, reading)
            except Exception as error:  # noqa: BLE001 - each waiting poll raises it; a task would lose it
                reading = error
                # The earlier reading may be out of date, so it must not decide about a deadline.
                self._latest = None
            for waiter in tuple(self._waiters):
                if waiter.began <= began and waiter.hear(reading):
                    self._waiters.discard(waiter)

    def _wanted_at(self) -> float:
        """When the waiters want the next reading, on the loop's clock, whether it is allowed then or not."""
        # A waiter that came after the latest reading began has received nothing yet.
        newcomer = any(waiter.began > self.last_read for waiter in self._waiters)
        wanted = 0.0 if newcomer else min(waiter.wants() for waiter in self._waiters)
        return self.last_read + max(wanted, LEAST_READ_SECONDS)

    def _count_polls(self) -> int:
        # A poll comes back for further readings; `reading` is served once.
        return sum(waiter.wants() > 0 for waiter in self._waiters)


class SharedPollersByKey(Generic[V]):
    """Shared pollers of single resources, each kept while it is in use."""

    def __init__(self, workers: WorkerCount) -> None:
        self._workers = workers
        self._pollers: dict[Hashable, SharedPoller[V]] = {}

    def __len__(self) -> int:
        """How many pollers are kept."""
        return len(self._pollers)

    @property
    def is_in_use(self) -> bool:
        """Whether anyone is waiting for one of them."""
        return any(poller.is_in_use for poller in self._pollers.values())

    def of(
        self,
        key: Hashable,
        read: Callable[[], Awaitable[V]],
        least_interval: float | Callable[[], float],
        *,
        burst: int = BURST,
    ) -> SharedPoller[V]:
        """The poller of one resource, created by its first user."""
        if key not in self._pollers:
            self._pollers = {key: poller for key, poller in self._pollers.items() if not poller.is_idle(IDLE_SECONDS)}
            self._pollers[key] = SharedPoller(read, least_interval=least_interval, workers=self._workers, burst=burst)
        return self._pollers[key]


def _read_well(reading: V | Exception) -> V:
    """The reading. If it failed, raise its error as a retryable one: a single call's failure reaches many waiters."""
    if isinstance(reading, Exception):
        raise reading.as_weather() if isinstance(reading, PrivateLinkError) else reading
    return reading


def _by_the_loop(moment: datetime) -> float:
    """A moment on the loop's clock. Errs on the late side, so that no reading from before the moment counts."""
    ago = (datetime.now(UTC) - moment).total_seconds()
    return asyncio.get_running_loop().time() - ago


def _look_seconds(deadline: Deadline, spent: float) -> float:
    look = max(paced(POLL_SECONDS) - spent, LEAST_POLL_SECONDS)
    # Even after the deadline it polls once, because there may have been no reading before.
    return look if deadline.passed else max(0.1, min(look, deadline.remaining))
