"""Waiting for a cloud: one reader per kind of thing answers everybody who waits for one of them.

A look is short and read-only: it stays with the shared view for a bounded time and then says `NotYet`, so that
Temporal's retry is the loop: history stays flat, and a crash costs one look.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from privatelink.errors import DeadlinePassed, NotYet
from privatelink.pace import paced, paced_delta

V = TypeVar("V")
R = TypeVar("R")

LOOK_SECONDS = 16.0
"""How long one look stays: long enough for few attempts a wait, short enough that a killed worker is missed soon."""

SLACK_SECONDS = 4.0
"""What a look may take beyond its own time, of our clock: Temporal misses a killed worker only after both."""

LEAST_LOOK_SECONDS = 1.0
"""No look is shorter, however fast the cloud's clock: an attempt costs Temporal and the worker some milliseconds."""

LEAST_READ_SECONDS = 0.05
"""No view is read more often, however fast the cloud's clock: a read itself takes some milliseconds."""

BETWEEN_LOOKS_SECONDS = 1.0
"""Temporal's server rounds shorter delays up to this. Where no reading is due so soon, the next look waits for it."""


class Wait(BaseModel):
    """From when until when a step waits. Both are fixed when the wait begins, so an operator's Reset moves neither."""

    model_config = ConfigDict(frozen=True)

    since: datetime
    deadline: datetime

    def words(self) -> str:
        """Elapsed of limit, as in `40 s of 20 min`."""
        return f"{_span(self.elapsed)} of {_span((self.deadline - self.since).total_seconds())}"

    @property
    def elapsed(self) -> float:
        """Seconds of our clock since the wait began."""
        return (datetime.now(UTC) - self.since).total_seconds()

    @property
    def remaining(self) -> float:
        """Seconds of our clock until the deadline; below 0 after it."""
        return (self.deadline - datetime.now(UTC)).total_seconds()

    @property
    def passed(self) -> bool:
        """Whether the deadline is over."""
        return datetime.now(UTC) >= self.deadline


def _span(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


class Cadence(NamedTuple):
    """How often to read, in seconds of the cloud's clock: `fast` near the usual duration, `slow` otherwise."""

    usual: float
    fast: float
    slow: float

    def interval(self, elapsed: float) -> float:
        """Seconds of our clock until the next read makes sense, `elapsed` (our clock) into the wait."""
        begins, ends = paced(self.usual * 0.6), paced(self.usual * 2)
        if elapsed < begins:
            return max(paced(self.fast), min(paced(self.slow), begins - elapsed))
        return paced(self.fast if elapsed < ends else self.slow)


class Moving(NamedTuple):
    """A judge's word for 'not yet': the state, and what it concerns, for a person."""

    sentence: str
    concerns: str


class _Waiter(NamedTuple, Generic[V]):
    began: float
    joined: float
    wait: Wait
    cadence: Cadence
    hear: Callable[[V | Exception], bool]


class SharedView(Generic[V]):
    """One reader of one kind of thing, at work only while somebody waits.

    Each reading is judged by every waiter whose wait had begun before it, so nobody is told of a time before its own
    write; the latest one also by who comes later, since a look may be shorter than a reading. Reads are
    `least_interval` seconds (the cloud's clock) apart or more, however many wait.
    """

    def __init__(self, read: Callable[[], Awaitable[V]], *, least_interval: float) -> None:
        """`read` gives the whole view; its errors go to everybody who waits at that moment."""
        self._read = read
        self._least_interval = least_interval
        self._waiters: set[_Waiter[V]] = set()
        self._reader: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._last_read = float("-inf")
        self._latest: tuple[float, V] | None = None

    async def look(
        self,
        judge: Callable[[V], R | Moving],
        *,
        wait: Wait,
        cadence: Cadence,
        spent: float = 0.0,
        fresh: bool = False,
    ) -> R:
        """Wait for at most `LOOK_SECONDS` until `judge` gives something else than `Moving`.

        `spent`: seconds of our clock that the attempt has used before, which the look is shorter by. `fresh`: only
        readings that begin from now on count, not those since the wait began.

        Raises `NotYet` when the look is over, `DeadlinePassed` when the wait is, whatever `judge` raises, and what the
        reading raises.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        last = Moving("not read yet", "")

        def hear(reading: V | Exception) -> bool:
            nonlocal last
            if answer.done():
                return True
            if isinstance(reading, Exception):
                answer.set_exception(reading)
                return True
            try:
                verdict = judge(reading)
            except Exception as error:  # noqa: BLE001 - it fails the look that asked, and not the reader of all others
                answer.set_exception(error)
                return True
            if isinstance(verdict, Moving):
                last = verdict
                return False
            answer.set_result(verdict)
            return True

        began = loop.time() if fresh else loop.time() - wait.elapsed
        waiter: _Waiter[V] = _Waiter(began, loop.time(), wait, cadence, hear)
        if self._latest and began <= self._latest[0]:
            hear(self._latest[1])
        self._join(waiter)
        try:
            return await asyncio.wait_for(answer, self._look_seconds(wait, spent))
        except TimeoutError:
            due = max(0.0, self._last_read + cadence.interval(wait.elapsed) - loop.time())
            raise still_moving(last, wait, reading_due=due) from None
        finally:
            self._waiters.discard(waiter)

    @staticmethod
    def _look_seconds(wait: Wait, spent: float) -> float:
        return max(0.1, min(max(paced(LOOK_SECONDS), LEAST_LOOK_SECONDS) - spent, wait.remaining))

    def _join(self, waiter: _Waiter[V]) -> None:
        self._waiters.add(waiter)
        self._woken.set()
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_while_somebody_waits())

    async def _read_while_somebody_waits(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiters:
            self._woken.clear()
            due = self._next_read()
            if loop.time() < due:
                # A newcomer may want the next reading sooner than those who wait already.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), due - loop.time())
                continue
            began = self._last_read = loop.time()
            reading: V | Exception
            try:
                reading = await self._read()
                self._latest = (began, reading)
            except Exception as error:  # noqa: BLE001 - it is raised by every look that waits, in place of a lost task
                reading = error
            for waiter in tuple(self._waiters):
                if waiter.began <= began and waiter.hear(reading):
                    self._waiters.discard(waiter)

    def _next_read(self) -> float:
        newcomer = any(waiter.joined > self._last_read for waiter in self._waiters)
        wanted = min(waiter.cadence.interval(waiter.wait.elapsed) for waiter in self._waiters)
        least = max(paced(self._least_interval), LEAST_READ_SECONDS)
        return self._last_read + (least if newcomer else max(least, wanted))


def still_moving(moving: Moving, wait: Wait, *, reading_due: float = 0.0) -> NotYet | DeadlinePassed:
    """The error that a look ends with: `NotYet` in words for a person, or `DeadlinePassed` with the last state seen.

    `reading_due`: seconds of our clock until another reading makes sense. Until then nobody need hold the wait.
    """
    if wait.passed:
        return DeadlinePassed(
            f"{moving.sentence}, and the deadline passed ({wait.words()})",
            concerns=moving.concerns,
            next_step="look at it in the cloud's console; a longer deadline is a setting of the worker",
        )
    return NotYet(
        f"{moving.sentence}; {wait.words()}",
        concerns=moving.concerns,
        retry_after=max(paced_delta(BETWEEN_LOOKS_SECONDS), timedelta(seconds=min(reading_due, wait.remaining))),
    )
