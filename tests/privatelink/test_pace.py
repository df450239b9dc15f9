"""Pace: one number that divides all waiting."""

from datetime import timedelta

import pytest

from privatelink import pace
from privatelink.pace import paced, paced_delta


@pytest.mark.parametrize(("text", "expected"), [("1", 1.0), ("20", 20.0), ("0.5", 0.5), ("100000", 100_000.0)])
def test_the_pace_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, expected: float) -> None:
    """As a number above 0."""
    monkeypatch.setenv("PRIVATELINK_PACE", text)
    assert pace._from_environment() == expected


def test_without_it_a_second_is_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is the real clouds' clock."""
    monkeypatch.delenv("PRIVATELINK_PACE", raising=False)
    assert pace._from_environment() == 1


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "nan", "inf", "100001"])
def test_a_pace_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A worker must not start with waits of no or endless length."""
    monkeypatch.setenv("PRIVATELINK_PACE", text)
    with pytest.raises(ValueError, match="PRIVATELINK_PACE"):
        pace._from_environment()


def test_waiting_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds and deltas alike."""
    monkeypatch.setattr(pace, "PACE", 20.0)
    assert paced(60) == 3
    assert paced_delta(60) == timedelta(seconds=3)
