"""Pace: one factor that speeds up all waiting, for clouds whose clock is scaled (the sandbox's `--speed`).

`PRIVATELINK_PACE` (default 1) divides every waiting interval, budget interval and deadline, but not the time-out of a
single call. Workflow code may use it, because a replay does not compare deadlines.
"""

import functools
from datetime import timedelta

from privatelink.settings import read_pace


@functools.cache
def pace() -> float:
    """The factor. It is read once, at its first use, so that everything in a process waits at one pace."""
    return read_pace()


def paced(seconds: float) -> float:
    """Seconds on the cloud's clock, as seconds on ours."""
    return seconds / pace()


def paced_delta(seconds: float) -> timedelta:
    """The same as `paced`, for Temporal's options."""
    return timedelta(seconds=paced(seconds))
