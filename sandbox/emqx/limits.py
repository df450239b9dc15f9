"""The platform's request limits, in sandbox time."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 3600.0
"""Length of the window in sandbox seconds: every limit that EMQX publishes says "in 60 minutes"."""


class RequestLimits:
    """Limits the calls of each name in any window of `WINDOW` sandbox seconds. Thread-safe."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Begin with no calls counted; `now` returns sandbox seconds."""
        self._now = now
        self._lock = threading.Lock()
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, name: str, limit: int) -> bool:
        """Count one call of `name` and return True; if `limit` is reached, count nothing and return False."""
        with self._lock:
            now, times = self._now(), self._times[name]
            while times and times[0] <= now - WINDOW:
                times.popleft()
            if len(times) >= limit:
                return False
            times.append(now)
            return True
