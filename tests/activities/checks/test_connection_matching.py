"""The proof by AWS's facts alone: when a minute has passed in which no other came."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.checks.connection_matching import CLOCK_SLACK, NAMING_SECONDS, no_older, quiet_from
from clouds.aws.endpoint_connections import FoundConnection
from privatelink.pace import paced_delta

CAME = datetime(2026, 8, 11, 3, 20, 7, 900_000, tzinfo=UTC)


def shown(created_at: datetime) -> FoundConnection:
    """A connection as AWS shows it: its time has no fractions of a second."""
    return FoundConnection(
        service_id="vpce-svc-1",
        vpc_endpoint_id="vpce-1",
        owner="111122223333",
        state="pendingAcceptance",
        created_at=created_at.replace(microsecond=0),
        dns_names=(),
    )


@pytest.mark.parametrize("fraction", [0, 1, 500_000, 999_999])
def test_the_quiet_minute_is_counted_from_when_the_latest_came_and_not_from_what_aws_made_of_it(fraction: int) -> None:
    """A second that AWS cut off is no quiet one."""
    came = CAME.replace(microsecond=fraction)
    earlier = shown(came - timedelta(minutes=5))
    assert quiet_from([shown(came), earlier], CAME) >= came + paced_delta(NAMING_SECONDS)


def test_where_none_came_no_minute_has_passed() -> None:
    """An empty list is no proof of quiet."""
    assert quiet_from([], CAME) > CAME


@pytest.mark.parametrize(("older_by", "counts"), [(0.0, True), (0.9, True), (4.0, True), (10.0, False)])
def test_a_connection_that_only_looks_older_than_the_asking_counts(older_by: float, *, counts: bool) -> None:
    """The clocks are two, and one has whole seconds."""
    assert CLOCK_SLACK > timedelta(seconds=1)
    came = CAME - timedelta(seconds=older_by)
    assert bool(no_older([shown(came)], CAME)) is counts
