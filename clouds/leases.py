"""The lease of an attempt: whether it may still begin a write, or was frozen so long that another attempt may run.

A process can stop for minutes: a virtual machine is suspended or moved, a container stalls, a laptop sleeps. Temporal's
server gets no heartbeat meanwhile, and gives the step to another worker. When the process resumes, the old attempt does
not know that. It must not begin a write then: the saga may have rolled back the step long ago.

The same is true of an attempt that Temporal gave to the frozen process while its poll was open. It begins when the
process resumes, and its time-out may have passed by then.
"""

import threading
import time
from contextvars import ContextVar

from privatelink.errors import NotYet

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that keeps running while the machine sleeps (Linux: clock_gettime(2); elsewhere CLOCK_MONOTONIC does)."""

STALL_PART = 0.2
"""Fraction of the heartbeat time-out for which an attempt may stall and certainly still have its lease.

The SDK throttles heartbeats to one every 0.8 of the time-out (`max_heartbeat_throttle_interval`,
temporalio.worker.Worker), so the last one may have reached the server that long before the freeze.
"""

TICKS_PER_STALL = 4
"""Number of lease renewals within the time for which an attempt may stall."""


AFTER_A_FREEZE = 5.0
"""Seconds after a freeze in which a new attempt may be one that the process was given while it was frozen."""


class Pulse:
    """Detects that the process was frozen a moment ago. It has its own thread, because the event loop may be busy."""

    def __init__(self, tick_seconds: float = 1.0) -> None:
        self._tick_seconds = tick_seconds
        self._beat_at = self._woke_at = float("-inf")
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Beat from now on until the process ends. A second call does nothing."""
        if self._thread is None:
            self._beat_at = time.clock_gettime(_CLOCK)
            self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
            self._thread.start()

    def _beat(self) -> None:
        while True:
            self.feel()
            time.sleep(self._tick_seconds)

    def feel(self) -> None:
        """Note a beat; if the previous one was long ago, note a freeze."""
        now = time.clock_gettime(_CLOCK)
        if now - self._beat_at > self._tick_seconds + AFTER_A_FREEZE:
            self._woke_at = now
        self._beat_at = now

    def was_frozen(self) -> bool:
        """Whether the process was frozen until a moment ago."""
        if self._thread is None:
            return False
        self.feel()
        return time.clock_gettime(_CLOCK) - self._woke_at < AFTER_A_FREEZE


PULSE = Pulse()
"""The pulse of the whole process. A worker starts it."""


class Lease:
    """The lease of one attempt. Its worker renews it with every tick; a gap that is too long loses it for good."""

    def __init__(self, heartbeat_timeout: float) -> None:
        """Begin now; lost from the start if the process was frozen a moment ago. `heartbeat_timeout` is in seconds."""
        self._stall = heartbeat_timeout * STALL_PART
        self.tick_seconds = self._stall / TICKS_PER_STALL
        self._renewed = time.clock_gettime(_CLOCK)
        self._is_lost = PULSE.was_frozen()

    def renew(self) -> None:
        """Renew it, unless it is already lost."""
        if not self.is_lost:
            self._renewed = time.clock_gettime(_CLOCK)

    @property
    def is_lost(self) -> bool:
        """Whether another attempt may be running the step."""
        # Checked here and not at the next tick, because after a freeze a thread may resume before the loop does.
        self._is_lost = self._is_lost or time.clock_gettime(_CLOCK) - self._renewed > self._stall
        return self._is_lost


LEASE: ContextVar[Lease | None] = ContextVar("lease", default=None)
"""The lease of the running attempt; None outside an attempt, or in one that only reads."""


def check_lease(doing: str) -> None:
    """To be called at the last moment before a write. Raises `NotYet` when the attempt has lost its lease."""
    lease = LEASE.get()
    if lease and lease.is_lost:
        raise NotYet(f"{doing}: not begun, because this attempt was frozen for too long; another one continues")
