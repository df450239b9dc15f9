"""Budgets: our own rate limiters, so that many sagas together stay below what a cloud allows."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count

from aiolimiter import AsyncLimiter

from clouds.polling.priority import Priority, current_priority
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import Throttled
from privatelink.model.deadlines import span
from privatelink.model.step_clock import step_clock
from privatelink.pace import paced

BACK_WITHIN = 600.0
"""Maximum seconds (the cloud's clock) until a throttled attempt comes back. The time of its turn was an estimate, and
the number of workers changes."""


def patience() -> float:
    """Maximum seconds of our clock for which an attempt waits silently for its turn.

    After that it raises `Throttled`, which says why, and its retry comes back for the turn.
    """
    return max(paced(20.0), 1.0)


class Budget(ABC):
    """What a cloud allows for one kind of call. Several workers share it equally.

    No deadline counts the time spent waiting for a turn.
    """

    def __init__(self, name: str, workers: WorkerCount) -> None:
        """`name` appears in the message when the budget is used up; `workers` divide the budget."""
        self._name = name
        self._workers = workers
        self._line = _PriorityLock()
        self._sent_away: list[float] = []

    async def take(self, just_before: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait for a turn. Raises `Throttled`, with the time until the turn, if it does not come soon.

        `just_before` runs when the turn has come, and the call is counted when it ends. If it raises, the turn is given
        back.
        """
        turn = await self._wait_for_turn()
        if just_before is None:
            return
        try:
            await just_before()
        except BaseException:
            self._give_back(turn)
            raise
        self._give_back(turn)
        self._count()

    async def _wait_for_turn(self) -> float:
        with step_clock().stopped():
            # Throttled attempts are not counted here. Otherwise each would wait for all the others forever.
            if self._until_turn(self._line.length) <= patience():
                with suppress(TimeoutError):
                    return await asyncio.wait_for(self._take(), patience())
        expected = self._expected()
        back = min(expected, paced(BACK_WITHIN))
        heappush(self._sent_away, asyncio.get_running_loop().time() + back)
        raise Throttled(
            f"waiting for a turn in our budget for {self._name}: other sagas use it; the turn comes in about "
            f"{span(expected)}",
            resource=self._name,
            next_step="nothing to do: it continues by itself, and its deadline does not count the time",
            retry_after=timedelta(seconds=back),
        )

    def _expected(self) -> float:
        """Seconds of our clock until the turn of a call that asks now, behind all queued and all throttled ones."""
        now = asyncio.get_running_loop().time()
        while self._sent_away and self._sent_away[0] <= now:
            heappop(self._sent_away)
        return max(0.0, self._until_turn(self._line.length + len(self._sent_away)))

    async def _take(self) -> float:
        async with self._line.turn(current_priority()):
            await self._free()
            return self._count()

    @abstractmethod
    async def _free(self) -> None:
        """Wait until another call is allowed, for as long as it takes. Only one call at a time waits here."""

    def _count(self) -> float:
        """Count a call that is made now. Returns its turn, a time of the loop."""
        return asyncio.get_running_loop().time()

    def _give_back(self, turn: float) -> None:  # noqa: B027 - a bucket refills in seconds, so a lost turn does no harm
        """Stop counting this turn."""

    @abstractmethod
    def _until_turn(self, ahead: int) -> float:
        """Seconds of our clock until the turn of a call with `ahead` calls before it; 0 or less when it is now."""


class TokenBucket(Budget):
    """A burst of `capacity` calls, refilled by `per_second` (the cloud's clock), as AWS counts."""

    def __init__(self, name: str, *, capacity: float, per_second: float, workers: WorkerCount) -> None:
        """Start full."""
        super().__init__(name, workers)
        self._capacity = capacity
        self._limiter = AsyncLimiter(capacity, paced(capacity / per_second))
        self._refill = 1 / per_second

    async def _free(self) -> None:
        await self._limiter.acquire(min(self._workers.number, self._capacity))

    def _until_turn(self, ahead: int) -> float:
        if self._limiter.has_capacity(min(self._workers.number * (ahead + 1), self._capacity)):
            return 0.0
        return paced(self._refill) * self._workers.number * (ahead + 1)


class MovingWindow(Budget):
    """At most `calls` in any `seconds` (the cloud's clock): the strictest reading of "60 in 60 minutes".

    A token bucket that refills in that time would let nearly twice as many through in the first window. A cloud that
    counts windows would refuse the surplus, and each refused call has used a turn.
    """

    def __init__(self, name: str, *, calls: int, seconds: float, workers: WorkerCount) -> None:
        """Start with no calls counted."""
        super().__init__(name, workers)
        self._calls = calls
        self._seconds = paced(seconds)
        self._counted: deque[float] = deque(maxlen=calls)

    async def _free(self) -> None:
        while (seconds := self._until_turn(0)) > 0:  # noqa: ASYNC110 - it waits for time, not for an event
            await asyncio.sleep(seconds)

    def _count(self) -> float:
        turn = super()._count()
        self._counted.append(turn)
        return turn

    def _give_back(self, turn: float) -> None:
        with suppress(ValueError):  # it may have left the window meanwhile
            self._counted.remove(turn)

    def _until_turn(self, ahead: int) -> float:
        share = max(1, self._calls // self._workers.number)
        now = asyncio.get_running_loop().time()
        counting = [at for at in self._counted if at > now - self._seconds][-share:]
        free_at = [now] * (share - len(counting)) + [at + self._seconds for at in counting]
        windows, place = divmod(ahead, share)
        return free_at[place] + windows * self._seconds - now


class _PriorityLock:
    """A lock that goes next to the waiter with the lowest priority; equal ones are served in order of arrival."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._is_held = False

    @property
    def length(self) -> int:
        """How many are waiting, plus the holder."""
        return sum(not called.done() for *_, called in self._waiting) + self._is_held

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        if self._is_held:
            called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heappush(self._waiting, (priority, next(self._numbers), called))
            try:
                await called
            except asyncio.CancelledError:
                if not called.cancelled():
                    self._call_next()
                raise
        self._is_held = True
        try:
            yield
        finally:
            self._call_next()

    def _call_next(self) -> None:
        while self._waiting:
            *_, called = heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._is_held = False
