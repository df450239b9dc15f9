"""The clock of a step: a deadline counts only the time in which something could happen.

It does not count the time that an attempt spent in Temporal's queue before a worker took it, or waited for its turn in
a budget, including in a shared poller's read. The workflow does not count a pause.
"""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

FAR = timedelta(weeks=4)
"""Time from a step's deadline to Temporal's own time-out: a step may queue or lack a worker for that long."""


def far_net(deadline: timedelta) -> timedelta:
    """The schedule-to-close time-out of a step that has this deadline.

    Temporal counts all time, so its time-out can only be a safety net. It also carries the deadline to the worker, so
    no spec or header has to.
    """
    return deadline + FAR


def deadline_of(schedule_to_close: timedelta | None) -> timedelta | None:
    """The deadline of a step that has this time-out; None for a step whose only limit is Temporal's time-out."""
    return schedule_to_close - FAR if schedule_to_close and schedule_to_close >= FAR else None


class StepClock:
    """The seconds on our clock that a deadline does not count. Each step and each shared poller has its own clock."""

    def __init__(self, uncounted: float = 0.0) -> None:
        """`uncounted` is what the step's earlier attempts did not count. The clock runs from here on."""
        self._uncounted = uncounted
        self._stops = 0
        self._stopped_at = 0.0
        self._others: list[tuple[StepClock, float]] = []

    @property
    def uncounted(self) -> float:
        """All seconds so far that do not count."""
        now = time.monotonic() - self._stopped_at if self._stops else 0.0
        return self._uncounted + now + sum(other.uncounted - before for other, before in self._others)

    def skip(self, seconds: float) -> None:
        """Do not count these seconds, which have passed or are about to pass."""
        self._uncounted += seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Do not count while in this context. Several callers may stop the clock at once."""
        if not self._stops:
            self._stopped_at = time.monotonic()
        self._stops += 1
        try:
            yield
        finally:
            self._stops -= 1
            if not self._stops:
                self._uncounted += time.monotonic() - self._stopped_at

    @contextmanager
    def following(self, other: "StepClock") -> Iterator[None]:
        """While in this context, do not count what `other` does not count."""
        entry = (other, other.uncounted)
        self._others.append(entry)
        try:
            yield
        finally:
            self._others.remove(entry)
            self._uncounted += other.uncounted - entry[1]


_CLOCK: ContextVar[StepClock | None] = ContextVar("clock", default=None)


def set_clock(clock: StepClock) -> None:
    """Give the step this clock, from here on in this task."""
    _CLOCK.set(clock)


def step_clock() -> StepClock:
    """The clock of the step or shared poller that runs here; if none does, a clock that counts everything."""
    return _CLOCK.get() or StepClock()


def by_own_clock(ask: Callable[P, R]) -> Callable[P, R]:
    """The same function, but with the clock of this task even when another task calls it.

    A shared poller serves many steps from a task of its own.
    """
    clock = step_clock()

    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _CLOCK.set(clock)
        try:
            return ask(*args, **kwargs)
        finally:
            _CLOCK.reset(token)

    return asked
