"""How often a shared poller may read: the cloud's limits, shared by all workers, and slower in a crowd."""

import asyncio
from collections.abc import Callable

from clouds.polling.worker_count import WorkerCount
from privatelink.pace import paced

LEAST_READ_SECONDS = 0.05
"""Minimum seconds between reads, however fast the cloud's clock is: a read itself takes some milliseconds."""

BURST = 6
"""Readings that may follow each other immediately after a quiet time, when a lone saga's steps ask in turn."""

CROWD = 3
"""Every this many concurrent polls add one more minimum interval between reads. Reading faster makes no resource
ready sooner."""

CROWD_SECONDS = 30.0
"""Maximum interval that a crowd can cause (the cloud's clock), because steps that only ask must not wait for long."""

HELD_BACK_SECONDS = 60.0
"""Maximum delay (the cloud's clock) that a deadline counts when a limit holds a reading back. A longer delay is like
waiting for a budget, and no deadline counts it."""


class ReadingRate:
    """A leaky bucket of `burst` readings, which loses one reading per interval.

    The interval is `least_interval` seconds (the cloud's clock), multiplied by the number of `workers` that share the
    cloud's limits, and longer in a crowd of `polls`. `last_read`: when the latest reading began, on the loop's clock.
    """

    def __init__(
        self,
        least_interval: float | Callable[[], float],
        workers: WorkerCount,
        burst: int,
        polls: Callable[[], int],
    ) -> None:
        """`polls` counts those who wait for further readings right now."""
        self._least_interval = least_interval if callable(least_interval) else lambda: least_interval
        self._workers = workers
        self._burst = burst
        self._polls = polls
        self._level = 0.0
        self.last_read = float("-inf")

    @property
    def free_at(self) -> float:
        """When another reading is allowed, on the loop's clock."""
        return self.last_read + (self._level + 1 - self._burst) * self._interval()

    def held_back(self, wanted: float) -> float:
        """Seconds for which only the rate prevents a reading, from now or from `wanted` (the loop's clock) if later.

        A delay that is short enough for a deadline to count is 0.
        """
        seconds = self.free_at - max(wanted, asyncio.get_running_loop().time())
        return seconds if seconds > paced(HELD_BACK_SECONDS) else 0.0

    def count(self, began: float) -> None:
        """Count a reading that begins now, on the loop's clock."""
        self._level = max(0.0, self._level - (began - self.last_read) / self._interval()) + 1
        self.last_read = began

    def _interval(self) -> float:
        least = self._least_interval()
        least = max(least, min(least * (1 + self._polls() / CROWD), CROWD_SECONDS))
        return max(paced(least) * self._workers.number, LEAST_READ_SECONDS)
