"""The lease of an attempt: whether it may still begin a write, or was frozen for so long that another has its step.

A process can stop for minutes: a virtual machine is suspended or moved, a container stalls, a laptop sleeps. Temporal's
server hears no heartbeat meanwhile, and gives the step to another worker. When the process goes on, the old attempt
knows nothing of that. It must not begin a write then: the saga may long have undone what the step was for.

The same holds for an attempt that Temporal gave to the frozen process itself, whose poll was open: it begins when the
process goes on, and its time-out may have passed before.
"""

import threading
import time
from contextvars import ContextVar

from privatelink.errors import NotYet

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that goes on while the machine sleeps (Linux: clock_gettime(2); elsewhere the monotonic one does)."""

STALL_PART = 0.2
"""The part of a heartbeat time-out for which an attempt may stall and be sure to have kept its lease.

The SDK sends a beat at most every 0.8 of the time-out (`max_heartbeat_throttle_interval`, temporalio.worker.Worker), so
the server may have heard of the attempt that long before it was frozen.
"""

TICKS_PER_STALL = 4
"""How often a lease is renewed within the time for which its attempt may stall."""


AFTER_A_FREEZE = 5.0
"""For so many seconds after a freeze an attempt may be one that was given to the process while it was frozen."""


class Pulse:
    """Tells whether the process was frozen a moment ago, by a thread of its own: the loop may be busy."""

    def __init__(self, tick_seconds: float = 1.0) -> None:
        """It beats from now on, until the process ends."""
        self._tick_seconds = tick_seconds
        self._beat_at = self._woke_at = float("-inf")
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Beat from now on, once."""
        if self._thread is None:
            self._beat_at = time.clock_gettime(_CLOCK)
            self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
            self._thread.start()

    def _beat(self) -> None:
        while True:
            self.feel()
            time.sleep(self._tick_seconds)

    def feel(self) -> None:
        """Note a beat, and a freeze when the one before it was long ago."""
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
"""One for the whole process. A worker begins it."""


class Lease:
    """The lease of one attempt. Ticks of its worker renew it; when they stop for too long, it is lost for good."""

    def __init__(self, heartbeat_timeout: float) -> None:
        """Begins now, unless the process was frozen a moment ago. `heartbeat_timeout` in seconds."""
        self._stall = heartbeat_timeout * STALL_PART
        self.tick_seconds = self._stall / TICKS_PER_STALL
        self._renewed = time.clock_gettime(_CLOCK)
        self._is_lost = PULSE.was_frozen()

    def renew(self) -> None:
        """Note that the attempt is alive, unless it is too late for that."""
        if not self.is_lost:
            self._renewed = time.clock_gettime(_CLOCK)

    @property
    def is_lost(self) -> bool:
        """Whether another attempt may have the step."""
        # Looked at here and not at the next tick: after a freeze a thread may go on before the loop does.
        self._is_lost = self._is_lost or time.clock_gettime(_CLOCK) - self._renewed > self._stall
        return self._is_lost


LEASE: ContextVar[Lease | None] = ContextVar("lease", default=None)
"""The lease of the attempt that runs; None where no attempt does, or one that only looks."""


def check_lease(doing: str) -> None:
    """Call it in the last moment before a write. Raises `NotYet` when the attempt has lost its lease."""
    lease = LEASE.get()
    if lease and lease.is_lost:
        raise NotYet(f"{doing}: not begun, since this attempt was frozen for too long; another one goes on")
