"""The sandbox's own time."""

from __future__ import annotations

import threading

import pytest

from sandbox.clock import Clock


def test_time_is_scaled() -> None:
    """A fast clock passes a sandbox hour while a slow one passes no second."""
    fast, slow = Clock(1e6), Clock(1e-6)
    fast.sleep(3600)
    assert fast.now() >= 3600
    assert slow.now() < 1


def test_a_change_of_speed_does_not_jump() -> None:
    """What was passed stays passed; only the pace of what comes differs."""
    clock = Clock(1e-6)
    clock.advance(100)
    clock.speed = 1e-9
    assert 100 <= clock.now() < 101


def test_calls_run_in_the_order_of_their_times() -> None:
    """A call that is due earlier runs earlier, also when it was asked for later."""
    clock, ran, done = Clock(1e-6), list[str](), threading.Event()
    clock.call_later(21, done.set)
    clock.call_later(20, lambda: ran.append("second"))
    clock.call_later(10, lambda: ran.append("first"))
    clock.advance(30)
    assert done.wait(5)
    assert ["first", "second"] == ran


def test_a_failing_call_does_not_stop_the_clock(capsys: pytest.CaptureFixture[str]) -> None:
    """Its error is loud on stderr, and the next call runs."""

    def fail() -> None:
        raise RuntimeError("planned")

    clock, done = Clock(1e-6), threading.Event()
    clock.call_later(1, fail)
    clock.call_later(2, done.set)
    clock.advance(3)
    assert done.wait(5)
    assert "RuntimeError: planned" in capsys.readouterr().err


def test_a_cleared_clock_runs_nothing_that_was_asked_before() -> None:
    """A reset forgets what had not begun."""
    clock, ran, done = Clock(1e-6), list[str](), threading.Event()
    clock.call_later(1, lambda: ran.append("forgotten"))
    clock.clear()
    clock.call_later(2, done.set)
    clock.advance(3)
    assert done.wait(5)
    assert [] == ran


def test_a_sleeper_follows_a_change_of_speed() -> None:
    """A thread that sleeps a sandbox hour wakes when the clock is made fast."""
    clock, woke = Clock(1e-6), threading.Event()

    def sleep() -> None:
        clock.sleep(3600)
        woke.set()

    threading.Thread(target=sleep, daemon=True).start()
    clock.speed = 1e6
    assert woke.wait(5)


def test_a_call_may_be_farther_than_python_can_wait() -> None:
    """A time beyond `threading.TIMEOUT_MAX` real seconds does not stop the clock."""
    clock, done = Clock(1e-12), threading.Event()
    clock.call_later(1, done.set)
    # Long enough for the clock's thread to begin its wait; a shorter time could only hide a failure.
    assert not done.wait(0.1)
    clock.advance(2)
    assert done.wait(5)


@pytest.mark.parametrize("speed", [0, -1])
def test_time_never_stands_still_or_goes_back(speed: float) -> None:
    """A speed of 0 or below, or a step back, is refused."""
    with pytest.raises(ValueError, match="above 0"):
        Clock(speed)
    with pytest.raises(ValueError, match="never goes back"):
        Clock().advance(-1)


def test_timestamps_for_the_wire_are_of_the_world() -> None:
    """Callers compare them with their own clocks, so they are not scaled."""
    clock = Clock()
    before = clock.datetime()
    clock.advance(86400)
    assert (clock.datetime() - before).total_seconds() < 3600
