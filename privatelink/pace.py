"""Pace: one number that speeds up all waiting, for clouds whose clock is scaled (the sandbox's `--speed`).

`PRIVATELINK_PACE` (default 1) divides every waiting interval, budget interval and deadline, and no time-out of a
single call. Read once: workflow code may use it, because a deadline is no command that a replay compares.
"""

import os
from datetime import timedelta


def _from_environment() -> float:
    text = os.environ.get("PRIVATELINK_PACE", "1")
    try:
        pace = float(text)
    except ValueError:
        pace = 0
    if not 0 < pace <= 100_000:  # noqa: PLR2004 - the bound stands in the message below
        message = f"PRIVATELINK_PACE={text!r} is not a number above 0 and up to 100000"
        raise ValueError(message)
    return pace


PACE = _from_environment()


def paced(seconds: float) -> float:
    """Seconds of the cloud's clock, as seconds of ours."""
    return seconds / PACE


def paced_delta(seconds: float) -> timedelta:
    """The same as `paced`, for Temporal's options."""
    return timedelta(seconds=paced(seconds))
