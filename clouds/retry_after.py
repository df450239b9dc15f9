"""Retry-After, as sent by both clouds and by proxies in front of them."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from privatelink.pace import pace

LONGEST_SECONDS = 3600.0
"""Maximum delay that we accept: every limit that EMQX publishes is per 60 minutes, and AWS's refill in seconds."""


def delay_of(header: str | None) -> timedelta | None:
    """How long to wait, on our clock: at least a second of the cloud's. None without a header that can be read.

    The header holds seconds or a date (RFC 9110, 10.2.3).
    """
    if header is None:
        return None
    try:
        if header.isascii() and header.isdigit():
            seconds = float(header)  # hundreds of digits become infinity here; int and timedelta would reject them
        else:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return timedelta(seconds=min(max(seconds, 1.0), LONGEST_SECONDS)) / pace()
