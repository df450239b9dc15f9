"""Pace: one number that divides all waiting."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from privatelink.pace import pace, paced, paced_delta


@pytest.fixture(autouse=True)
def environment() -> Iterator[pytest.MonkeyPatch]:
    """An environment in which the pace has not been read."""
    with pytest.MonkeyPatch.context() as environment:
        pace.cache_clear()
        yield environment
    pace.cache_clear()


@pytest.mark.parametrize(("text", "expected"), [("1", 1.0), ("20", 20.0), ("0.5", 0.5), ("100000", 100_000.0)])
def test_the_pace_is_read_from_the_environment(environment: pytest.MonkeyPatch, text: str, expected: float) -> None:
    """As a number above 0."""
    environment.setenv("PRIVATELINK_PACE", text)
    assert pace() == expected


def test_without_it_a_second_is_a_second(environment: pytest.MonkeyPatch) -> None:
    """The default is the real clouds' clock."""
    environment.delenv("PRIVATELINK_PACE", raising=False)
    assert pace() == 1


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "nan", "inf", "100001"])
def test_a_pace_that_is_none_is_named(environment: pytest.MonkeyPatch, text: str) -> None:
    """A worker must not start with waits of no or endless length."""
    environment.setenv("PRIVATELINK_PACE", text)
    with pytest.raises(ValueError, match="PRIVATELINK_PACE"):
        pace()


def test_waiting_is_divided(environment: pytest.MonkeyPatch) -> None:
    """Seconds and deltas alike."""
    environment.setenv("PRIVATELINK_PACE", "20")
    assert paced(60) == 3
    assert paced_delta(60) == timedelta(seconds=3)


def test_the_pace_of_a_process_does_not_change(environment: pytest.MonkeyPatch) -> None:
    """Half of a saga's waits at another pace would be a saga of no pace at all."""
    environment.setenv("PRIVATELINK_PACE", "20")
    assert paced(60) == 3
    environment.setenv("PRIVATELINK_PACE", "30")
    assert paced(60) == 3
