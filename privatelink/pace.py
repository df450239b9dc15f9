"""Pace: one factor that speeds up all waiting, for clouds whose clock is scaled (the sandbox's `--speed`).

`PRIVATELINK_PACE` (default 1) divides every waiting interval, budget interval and deadline, but not the time-out of a
single call. It is read once. Workflow code may use it, because a replay does not compare deadlines.
"""

import os
from datetime import timedelta


def _from_environment() -> float:
    text = os.environ.get("PRIVATELINK_PACE", "1")
    try:
        pace = float(text)
    except ValueError:
        pace = 0
    if not 0 < pace <= 100_000:  # noqa: PLR2004 - the bound is in the message below
        message = f"PRIVATELINK_PACE={text!r} is not a number above 0 and up to 100000"
        raise ValueError(message)
    return pace


PACE = _from_environment()


def paced(seconds: float) -> float:
    """Seconds on the cloud's clock, as seconds on ours."""
    return seconds / PACE


def paced_delta(seconds: float) -> timedelta:
    """The same as `paced`, for Temporal's options."""
    return timedelta(seconds=paced(seconds))
