"""Budgets: our own limiters, so that many sagas together stay below what a cloud allows."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from datetime import timedelta

from aiolimiter import AsyncLimiter

from clouds.share import SHARE
from privatelink.errors import Throttled
from privatelink.pace import paced

PATIENCE_SECONDS = 600.0
"""How long one attempt waits for its turn, of our clock, first come first served; then it says so, and queues anew."""


class Budget(ABC):
    """What a cloud allows for one kind of call. Of several workers each has its share of it."""

    def __init__(self, name: str) -> None:
        """`name` is what a person reads when the budget is used up."""
        self._name = name

    async def take(self) -> None:
        """Wait for a turn. Raises `Throttled`, with the time until the next turn, when it takes too long."""
        try:
            await asyncio.wait_for(self._turn(), PATIENCE_SECONDS)
        except TimeoutError:
            raise Throttled(
                f"waiting for a turn in our budget for {self._name}: other sagas use it",
                concerns=self._name,
                next_step="nothing to do: it goes on by itself",
                retry_after=timedelta(seconds=self._until_next()),
            ) from None

    @abstractmethod
    async def _turn(self) -> None:
        """Wait for as long as it takes, first come first served."""

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

    async def _turn(self) -> None:
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
        self._queue = asyncio.Lock()

    async def _turn(self) -> None:
        async with self._queue:
            while (seconds := self._until_next()) > 0:  # noqa: ASYNC110 - time passes, nothing is set
                await asyncio.sleep(seconds)
            self._counted.append(asyncio.get_running_loop().time())

    def _until_next(self) -> float:
        share = max(1, self._calls // SHARE.workers)
        if len(self._counted) < share:
            return 0.0
        return self._counted[-share] + self._seconds - asyncio.get_running_loop().time()
