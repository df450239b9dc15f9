"""Budgets: our own limiters, so that many sagas together stay below what a cloud allows."""

import asyncio

from aiolimiter import AsyncLimiter

from clouds.share import SHARE
from privatelink.errors import Throttled
from privatelink.pace import paced, paced_delta

PATIENCE_SECONDS = 600.0
"""How long one attempt waits for its turn, of our clock, first come first served; then it says so, and queues anew."""


class Budget:
    """A token bucket: `capacity` calls at once, refilled by `per_second` (of the cloud's clock).

    Of several workers each has its share of both.
    """

    def __init__(self, name: str, *, capacity: float, per_second: float) -> None:
        """`name` is what a person reads when the budget is used up."""
        self._name = name
        self._capacity = capacity
        self._limiter = AsyncLimiter(capacity, paced(capacity / per_second))
        self._refill = 1 / per_second

    async def take(self) -> None:
        """Wait for a turn. Raises `Throttled`, with the time until the next token, when it takes too long."""
        try:
            await asyncio.wait_for(self._limiter.acquire(min(SHARE.workers, self._capacity)), PATIENCE_SECONDS)
        except TimeoutError:
            raise Throttled(
                f"waiting for a turn in our budget for {self._name}: other sagas use it",
                concerns=self._name,
                next_step="nothing to do: it goes on by itself",
                retry_after=paced_delta(self._refill * SHARE.workers),
            ) from None
