"""Moments as people type them: when something is to happen."""

import re
from datetime import datetime, timedelta

from privatelink.errors import InvalidRequest

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def moment(text: str, now: datetime) -> datetime:
    """A moment after `now`, from a duration (`2h`, `1d 12h`) or ISO 8601 with a time zone. Raises `InvalidRequest`."""
    try:
        then = _from_now(text, now) or datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise _refused(text, "it is neither a duration nor an ISO 8601 time") from None
    if then.tzinfo is None:
        raise _refused(text, "it has no time zone")
    if then <= now:
        raise _refused(text, "it is in the past")
    return then


def _from_now(text: str, now: datetime) -> datetime | None:
    if not re.fullmatch(r"(\d+[dhms] ?)+", text):
        return None
    parts = re.findall(r"(\d+)([dhms])", text)
    return now + sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in parts), timedelta())


def _refused(text: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"reading --until ({text}): {why}",
        resource="until",
        next_step="write it like 30m, 2h, 3d or 2030-01-31T06:00:00Z",
    )
