"""Telling once: two sentences are the same when they differ only in what is different each time."""

import pytest

from privatelink.model.telling import essence

REQUEST_A = "[request 7a62c49f-347e-4fc4-9331-6e8eexample1]"
REQUEST_B = "[request 59dbff89-35bd-4eac-99ed-be587example2]"


@pytest.mark.parametrize(
    ("once", "again"),
    [
        (
            f"deleting (a): AccessDenied: no {REQUEST_A}; allow it",
            f"deleting (a): AccessDenied: no {REQUEST_B}; allow it",
        ),
        ("waiting for a: provisioning; 40 s of 20 min", "waiting for a: provisioning; 2 min of 20 min"),
        ("listing: HTTP 503, asked again in 4.2 s", "listing: HTTP 503, asked again in 12 s"),
        ("Failed (Request ID: 0a1b-2c)", "Failed (Request ID: 99ff-00)"),
        (
            "expired: 20260301T120000Z is before 20260301T120500Z",
            "expired: 20260301T120900Z is before 20260301T121400Z",
        ),
        ("paused until 2026-03-01T12:00:00Z", "paused until 2026-03-01T12:00:01+00:00"),
        ("{connect_failed,<0.3451.0>}", "{connect_failed,<0.3460.0>}"),
        ("attempt 3 failed", "attempt 4 failed"),
    ],
)
def test_what_differs_each_time_is_no_news(once: str, again: str) -> None:
    """Request ids, durations, moments, processes and the number of tries."""
    assert once != again
    assert essence(once) == essence(again)


@pytest.mark.parametrize(
    ("once", "then"),
    [
        ("2 of 3 healthy", "3 of 3 healthy"),
        ("load balancer of port 3306", "load balancer of port 3307"),
        ("deleting a: AccessDenied", "deleting a: ResourceInUse"),
        ("the subnet subnet-0a1 is gone", "the subnet subnet-0b2 is gone"),
        ("10.0.1.15 unhealthy", "10.0.1.16 unhealthy"),
    ],
)
def test_what_has_changed_is_news(once: str, then: str) -> None:
    """Counts, ports, ids, addresses and codes are what a sentence says."""
    assert essence(once) != essence(then)
