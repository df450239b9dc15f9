"""Moments: what `--until` takes, and what it refuses by a sentence."""

from datetime import UTC, datetime, timedelta

import pytest

from privatelink.cli.times import moment
from privatelink.errors import InvalidRequest
from tests.support.cli import NOW


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("1d 12h", timedelta(hours=36)),
        ("1h30m", timedelta(minutes=90)),
        ("2026-03-01T15:00:00+02:00", timedelta(hours=1)),
        ("2026-03-01T13:00Z", timedelta(hours=1)),
    ],
)
def test_a_moment_is_a_duration_from_now_or_iso_8601(text: str, after: timedelta) -> None:
    """People type what is shorter; both say one moment."""
    assert NOW + after == moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither a duration nor an ISO 8601 time"),
        ("tomorrow", "neither a duration nor an ISO 8601 time"),
        ("2 hours", "neither a duration nor an ISO 8601 time"),
        ("-2h", "neither a duration nor an ISO 8601 time"),
        ("99999999999d", "neither a duration nor an ISO 8601 time"),
        ("2026-03-01T13:00:00", "it has no time zone"),
        ("2026-03-02", "it has no time zone"),
        ("2026-03-01T11:59:59Z", "it is in the past"),
        ("0s", "it is in the past"),
    ],
)
def test_anything_else_is_refused_by_a_sentence(text: str, why: str) -> None:
    """Nobody pauses a saga until a moment that was read otherwise than it was meant."""
    with pytest.raises(InvalidRequest, match=why) as caught:
        moment(text, NOW)
    assert "2030-01-31T06:00:00Z" in caught.value.details_model.next_step


def test_a_duration_counts_from_the_moment_of_the_command() -> None:
    """The clock is the caller's, in whatever zone."""
    assert datetime(2026, 3, 1, 14, 0, tzinfo=UTC) == moment("2h", NOW)
