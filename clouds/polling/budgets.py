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
from privatelink.model.deadlines import span
from privatelink.model.step_clock import step_clock
from privatelink.pace import paced

PATIENCE_SECONDS = max(paced(20.0), 1.0)
"""How long one attempt waits for its turn in silence, of our clock; then it says so, and comes back for it."""

BACK_WITHIN = 600.0
"""After so many seconds of the cloud's clock whoever was sent away comes back at the latest: the time of its turn was
a guess, and other workers come and go."""

PLACE: ContextVar[str] = ContextVar("place", default="")
"""Where the saga that calls stands in a line: its run id, in which Temporal's server has the time of its start first
(UUIDv7). Any order of sagas will do, as long as one is served before the next: so its slow waits begin sooner."""


class Budget(ABC):
    """What a cloud allows for one kind of call. Of several workers each has its share of it.

    Waiting for a turn is patience, and no deadline counts it.
    """

    def __init__(self, name: str) -> None:
        """`name` is what a person reads when the budget is used up."""
        self._name = name
        self._line = _PriorityLock()
        self._sent_away: list[float] = []

    async def take(self, just_before: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait for a turn. Raises `Throttled`, with the time until the turn, when it is not soon.

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
        with step_clock().stopped():
            # Who was sent away holds no turn: else each of them would wait for the others for ever.
            if self._until_turn(self._line.length) <= PATIENCE_SECONDS:
                with suppress(TimeoutError):
                    return await asyncio.wait_for(self._take(), PATIENCE_SECONDS)
        expected = self._expected()
        back = min(expected, paced(BACK_WITHIN))
        heappush(self._sent_away, asyncio.get_running_loop().time() + back)
        raise Throttled(
            f"waiting for a turn in our budget for {self._name}: other sagas use it; the turn comes in about "
            f"{span(expected)}",
            resource=self._name,
            next_step="nothing to do: it goes on by itself, and its deadline does not count the time",
            retry_after=timedelta(seconds=back),
        )

    def _expected(self) -> float:
        """Seconds of our clock until the turn of whoever asks now: after all who wait, here or until they come back."""
        now = asyncio.get_running_loop().time()
        while self._sent_away and self._sent_away[0] <= now:
            heappop(self._sent_away)
        return max(0.0, self._until_turn(self._line.length + len(self._sent_away)))

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
    def _until_turn(self, ahead: int) -> float:
        """Seconds of our clock until there is a turn for one more than `ahead`; 0 or less when there is one now."""


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

    def _until_turn(self, ahead: int) -> float:
        if self._limiter.has_capacity(min(SHARE.workers * (ahead + 1), self._capacity)):
            return 0.0
        return paced(self._refill) * SHARE.workers * (ahead + 1)


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
        while (seconds := self._until_turn(0)) > 0:  # noqa: ASYNC110 - time passes, nothing is set
            await asyncio.sleep(seconds)

    def _count(self) -> float:
        turn = super()._count()
        self._counted.append(turn)
        return turn

    def _give_back(self, turn: float) -> None:
        with suppress(ValueError):  # it may have left the window meanwhile
            self._counted.remove(turn)

    def _until_turn(self, ahead: int) -> float:
        share = max(1, self._calls // SHARE.workers)
        now = asyncio.get_running_loop().time()
        counting = [at for at in self._counted if at > now - self._seconds][-share:]
        free_at = [now] * (share - len(counting)) + [at + self._seconds for at in counting]
        windows, place = divmod(ahead, share)
        return free_at[place] + windows * self._seconds - now


class _PriorityLock:
    """A lock whose holder is followed by whoever has the least place, and of equal ones by the first to come."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._is_held = False

    @property
    def length(self) -> int:
        """How many are in it, with the one whose turn it is."""
        return sum(not called.done() for *_, called in self._waiting) + self._is_held

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
