"""The sandbox's own time, which can run faster than real time."""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Scaled, monotonic time in sandbox seconds; only `advance` makes it jump.

    One daemon thread runs the functions given to `call_at` and `call_later`, in order of their times. An error in such
    a function is printed to stderr with its traceback and does not stop the clock.
    """

    def __init__(self, speed: float = 1.0) -> None:
        """Start at 0 sandbox seconds. `speed` is sandbox seconds per real second; ValueError unless it is above 0."""
        self._speed = _checked(speed)
        self._changed = threading.Condition()
        self._real_origin = time.monotonic()
        self._sandbox_origin = 0.0
        self._calls: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        threading.Thread(target=self._run_calls, name="sandbox-clock", daemon=True).start()

    def now(self) -> float:
        """Sandbox seconds since the clock was created."""
        with self._changed:
            return self._now()

    def datetime(self) -> datetime:
        """The real UTC time, for timestamps on the wire.

        Not scaled, because callers compare such timestamps with their own clocks ("created after I asked for it").
        """
        return datetime.now(tz=UTC)

    @property
    def speed(self) -> float:
        """Sandbox seconds per real second. Settable at any time; ValueError unless it is above 0."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        with self._changed:
            now = self._now()
            self._speed = _checked(speed)
            self._sandbox_origin, self._real_origin = now, time.monotonic()
            self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Skip that many sandbox seconds at once, and run what becomes due. ValueError for a negative number."""
        if seconds < 0:
            raise ValueError(f"advancing the sandbox clock ({seconds}): it never goes back")
        with self._changed:
            self._sandbox_origin += seconds
            self._changed.notify_all()

    def call_at(self, when: float, function: Callable[[], object]) -> None:
        """Run `function` in the clock's thread when the clock reaches `when`, or at once if `when` is past."""
        with self._changed:
            heapq.heappush(self._calls, (when, next(self._order), function))
            self._changed.notify_all()

    def call_later(self, seconds: float, function: Callable[[], object]) -> None:
        """Run `function` in that many sandbox seconds."""
        self.call_at(self.now() + seconds, function)

    def sleep(self, seconds: float) -> None:
        """Block for that many sandbox seconds, even when the speed changes meanwhile."""
        with self._changed:
            until = self._now() + seconds
            while (left := until - self._now()) > 0:
                self._wait(left)

    def clear(self) -> None:
        """Drop every scheduled call that has not begun."""
        with self._changed:
            self._calls.clear()

    def _wait(self, seconds: float) -> None:
        # Callers check the time again afterwards, so a wait may be cut to the longest that Python supports.
        self._changed.wait(min(seconds / self._speed, threading.TIMEOUT_MAX))

    def _now(self) -> float:
        return self._sandbox_origin + (time.monotonic() - self._real_origin) * self._speed

    def _run_calls(self) -> None:
        while True:
            function = self._next_call()
            try:
                function()
            except Exception:  # noqa: BLE001  one broken call must not stop the clock
                print("sandbox clock: a scheduled call failed", file=sys.stderr)
                traceback.print_exc()

    def _next_call(self) -> Callable[[], object]:
        with self._changed:
            while True:
                if not self._calls:
                    self._changed.wait()
                elif (left := self._calls[0][0] - self._now()) > 0:
                    self._wait(left)
                else:
                    return heapq.heappop(self._calls)[2]


def _checked(speed: float) -> float:
    if speed <= 0:
        raise ValueError(f"setting the sandbox clock's speed ({speed}): it must be above 0")
    return speed
