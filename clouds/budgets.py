"""Budgets: our own limiters, so that many sagas together stay below what a cloud allows."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count

from aiolimiter import AsyncLimiter

from clouds.share import SHARE
from privatelink.errors import Throttled
from privatelink.pace import paced

PATIENCE_SECONDS = 600.0
"""How long one attempt waits for its turn, of our clock; then it says so, and queues anew."""

PLACE: ContextVar[str] = ContextVar("place", default="")
"""Where the saga that calls stands in a line: its run id, in which Temporal's server has the time of its start first
(UUIDv7). Any order of sagas will do, as long as one is served before the next: so its slow waits begin sooner."""


class Budget(ABC):
    """What a cloud allows for one kind of call. Of several workers each has its share of it."""

    def __init__(self, name: str) -> None:
        """`name` is what a person reads when the budget is used up."""
        self._name = name
        self._line = _Line()

    async def take(self, just_before: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait for a turn. Raises `Throttled`, with the time until the next turn, when it takes too long.

        `just_before` runs when the turn has come, and the turn counts from its end. Where it raises, the turn was
        nobody's.
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
        try:
            return await asyncio.wait_for(self._take(), PATIENCE_SECONDS)
        except TimeoutError:
            raise Throttled(
                f"waiting for a turn in our budget for {self._name}: other sagas use it",
                concerns=self._name,
                next_step="nothing to do: it goes on by itself",
                retry_after=timedelta(seconds=self._until_next()),
            ) from None

    async def _take(self) -> float:
        async with self._line.turn(PLACE.get()):
            await self._free()
            return self._count()

    @abstractmethod
    async def _free(self) -> None:
        """Wait until another call is allowed, for as long as it takes. Nobody else waits meanwhile."""

    def _count(self) -> float:
        """Count a call that is made now; gives its turn, the loop's time."""
        return asyncio.get_running_loop().time()

    def _give_back(self, turn: float) -> None:  # noqa: B027 - a bucket refills in seconds: a lost turn is nothing
        """Count this turn no longer."""

    @abstractmethod
    def _until_next(self) -> float:
        """Seconds of our clock until somebody has a turn again."""


class TokenBucket(Budget):
    """`capacity` calls at once, refilled by `per_second` (the cloud's clock): how AWS counts."""

    def __init__(self, name: str, *, capacity: float, per_second: float) -> None:
        """Full at the beginning."""
        super().__init__(name)
        self._capacity = capacity
        self._limiter = AsyncLimiter(capacity, paced(capacity / per_second))
        self._refill = 1 / per_second

    async def _free(self) -> None:
        await self._limiter.acquire(min(SHARE.workers, self._capacity))

    def _until_next(self) -> float:
        return paced(self._refill) * SHARE.workers


class MovingWindow(Budget):
    """At most `calls` in any `seconds` (the cloud's clock): what "60 in 60 minutes" means at its strictest.

    A bucket that refills in that time lets nearly twice as many through in the first window. A cloud that counts
    windows refuses the surplus, and each refused call has used a turn.
    """

    def __init__(self, name: str, *, calls: int, seconds: float) -> None:
        """Empty at the beginning."""
        super().__init__(name)
        self._calls = calls
        self._seconds = paced(seconds)
        self._counted: deque[float] = deque(maxlen=calls)

    async def _free(self) -> None:
        while (seconds := self._until_next()) > 0:  # noqa: ASYNC110 - time passes, nothing is set
            await asyncio.sleep(seconds)

    def _count(self) -> float:
        turn = super()._count()
        self._counted.append(turn)
        return turn

    def _give_back(self, turn: float) -> None:
        with suppress(ValueError):  # it may have left the window meanwhile
            self._counted.remove(turn)

    def _until_next(self) -> float:
        share = max(1, self._calls // SHARE.workers)
        if len(self._counted) < share:
            return 0.0
        return self._counted[-share] + self._seconds - asyncio.get_running_loop().time()


class _Line:
    """A lock whose holder is followed by whoever has the least place, and of equal ones by the first to come."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._is_held = False

    @asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        if self._is_held:
            called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heappush(self._waiting, (place, next(self._numbers), called))
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
