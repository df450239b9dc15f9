"""The clock of a step: a deadline counts only time in which something could happen.

Not counted is how long an attempt stood in Temporal's queue before a worker took it, and how long it waited for a turn
in a budget, also in the reading of a view that it shares with others. The workflow does not count a pause.
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
"""How far beyond a step's deadline Temporal's own time-out is: a step may queue or lack a worker so long."""


def far_net(deadline: timedelta) -> timedelta:
    """The schedule-to-close time-out of a step that has this deadline.

    Temporal counts all time, so its time-out can only be a safety net. It also tells the worker the deadline, so no
    spec or header has to carry that.
    """
    return deadline + FAR


def deadline_of(schedule_to_close: timedelta | None) -> timedelta | None:
    """The deadline of a step that has this time-out; None for a step that Temporal's time-out ends by itself."""
    return schedule_to_close - FAR if schedule_to_close and schedule_to_close >= FAR else None


class StepClock:
    """The seconds, on our own clock, that a deadline does not count. Each step has one, and each reader of a view."""

    def __init__(self, uncounted: float = 0.0) -> None:
        """`uncounted` is what the step's earlier attempts did not count. The clock runs from here on."""
        self._uncounted = uncounted
        self._stops = 0
        self._stopped_at = 0.0
        self._others: list[tuple[StepClock, float]] = []

    @property
    def uncounted(self) -> float:
        """All seconds so far that did not count."""
        now = time.monotonic() - self._stopped_at if self._stops else 0.0
        return self._uncounted + now + sum(other.uncounted - before for other, before in self._others)

    def skip(self, seconds: float) -> None:
        """Do not count these seconds, which have passed or are about to pass."""
        self._uncounted += seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Do not count meanwhile. Several may stop it at once."""
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
        """Do not count meanwhile what `other` does not."""
        entry = (other, other.uncounted)
        self._others.append(entry)
        try:
            yield
        finally:
            self._others.remove(entry)
            self._uncounted += other.uncounted - entry[1]


_CLOCK: ContextVar[StepClock | None] = ContextVar("clock", default=None)


def set_clock(clock: StepClock) -> None:
    """From here on in this task the step has this clock."""
    _CLOCK.set(clock)


def step_clock() -> StepClock:
    """The clock of the step, or of the reader, that runs here; where none does, one that counts everything."""
    return _CLOCK.get() or StepClock()


def by_own_clock(ask: Callable[P, R]) -> Callable[P, R]:
    """The same function, which uses the clock of this task even when another task calls it.

    The reader of a shared view asks and answers many steps, in a task of its own.
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
