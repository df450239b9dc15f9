"""The worker's log: a refusal that repeats is one line, once; what nobody knows keeps its traceback."""

import logging
from collections.abc import Iterator

import pytest

from privatelink.errors import AccessDenied, PrivateLinkError, UnknownCloudError
from runtime.told_once import ToldOnce


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger as the SDK's for attempts, with the filter."""
    logger = logging.getLogger("tests.attempts")
    told = ToldOnce()
    logger.addFilter(told)
    yield logger
    logger.removeFilter(told)


def fails(logger: logging.Logger, error: Exception, step: str = "delete-listeners", attempt: int = 1) -> None:
    """Log a failed attempt as the SDK does."""
    about = {"activity_id": step, "workflow_id": "privatelink:w:a", "workflow_run_id": "1", "attempt": attempt}
    try:
        raise error
    except type(error):
        logger.warning("Completing activity as failed", exc_info=True, extra={"temporal_activity": about})


def denied(request: str) -> PrivateLinkError:
    """A refusal, with the request id that AWS gave it."""
    return AccessDenied(f"deleting a listener (l): AccessDenied [request {request}]", next_step="allow it")


def test_a_refusal_that_repeats_is_told_once_without_traceback(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where each try has another request id; the same refusal of another step is another line."""
    for attempt in range(1, 6):
        fails(logger, denied(f"r-{attempt}"), attempt=attempt)
    fails(logger, denied("r-9"), step="delete-load-balancer")
    fails(logger, AccessDenied("deleting a listener (l): UnauthorizedOperation"), attempt=6)
    assert [(None, "delete-listeners"), (None, "delete-load-balancer"), (None, "delete-listeners")] == [
        (record.exc_info, record.getMessage().partition(" ")[0]) for record in caplog.records
    ]
    told = caplog.records[0].getMessage()
    assert told.startswith("delete-listeners of privatelink:w:a, attempt 1: AccessDenied: deleting a listener (l)")
    assert told.endswith("[request r-1]; allow it")


def test_an_error_that_nobody_knows_keeps_its_traceback(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it is a cloud's unknown code, logged once too, or a fault of ours, logged each time."""
    for _ in range(2):
        fails(logger, UnknownCloudError("reading x (y): Strange"))
        fails(logger, KeyError("Subnets"))
    assert all(record.exc_info for record in caplog.records)
    assert 3 == len(caplog.records)
