"""The clock of a step: what does not count."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from clouds.polling import budgets
from clouds.polling.budgets import MovingWindow
from clouds.polling.schedule import Pending, PollSchedule
from clouds.polling.shared_poller import SharedPoller
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import CloudRefused, DeadlinePassed, NotYet, Throttled
from privatelink.model.deadlines import Deadline
from privatelink.model.step_clock import StepClock, by_own_clock, deadline_of, far_net, set_clock, step_clock
from privatelink.pace import pace

QUEUED = 0.4
"""Of our clock: how long a call waits for its turn in these tests."""

EVER = PollSchedule(usual=1, fast=1, slow=1)


def used_up() -> MovingWindow:
    """A budget whose next turn comes after `QUEUED`."""
    return MovingWindow("GET /things of the platform", calls=1, seconds=QUEUED * pace(), workers=WorkerCount())


def a_deadline(seconds: float) -> Deadline:
    """Of our clock."""
    now = datetime.now(UTC)
    return Deadline(since=now, until=now + timedelta(seconds=seconds))


@pytest.fixture
def clock() -> StepClock:
    """The clock of the step that the test is, which sets it in its own task."""
    return StepClock()


def test_a_deadline_can_be_read_from_temporals_far_net() -> None:
    """So that the worker knows it; a time-out that is no such net holds none."""
    assert deadline_of(far_net(timedelta(minutes=5))) == timedelta(minutes=5)
    assert deadline_of(timedelta(hours=1)) is None
    assert deadline_of(None) is None


async def test_waiting_for_a_turn_does_not_count(clock: StepClock) -> None:
    """A budget is patience, whoever else uses it."""
    set_clock(clock)
    budget, deadline = used_up(), a_deadline(QUEUED / 2)
    await budget.take()
    await budget.take()
    assert clock.uncounted == pytest.approx(QUEUED, abs=QUEUED / 2)
    assert not deadline.passed
    assert deadline.elapsed < QUEUED / 2


async def test_two_who_wait_at_once_are_not_counted_twice(clock: StepClock) -> None:
    """A step may make several calls side by side."""
    set_clock(clock)
    budget = MovingWindow("GET /things", calls=2, seconds=QUEUED * pace(), workers=WorkerCount())
    await asyncio.gather(*(budget.take() for _ in range(4)))
    assert clock.uncounted == pytest.approx(QUEUED, abs=QUEUED / 2)


async def test_a_turn_that_is_far_is_told_at_once_with_its_budget_and_its_time(
    clock: StepClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody should look at a step for ten minutes and read nothing."""
    set_clock(clock)
    monkeypatch.setattr(budgets, "patience", lambda: 0.05)
    budget = MovingWindow(
        "DELETE /privatelinks of the platform", calls=1, seconds=3 * 3600 * pace(), workers=WorkerCount()
    )
    await budget.take()
    begun = asyncio.get_running_loop().time()
    with pytest.raises(Throttled, match=r"DELETE /privatelinks of the platform.* in about 3 h"):
        await budget.take()
    with pytest.raises(Throttled, match="in about 6 h"):
        await budget.take()
    assert asyncio.get_running_loop().time() - begun < 0.05


async def test_a_turn_in_a_shared_reading_counts_for_none_who_waits_for_it() -> None:
    """Each reading takes a turn; to those who wait, it is they who wait."""
    budget = used_up()
    await budget.take()

    async def read() -> int:
        await budget.take()
        return 1

    view = SharedPoller(read, least_interval=0, workers=WorkerCount())

    async def look() -> float:
        clock = StepClock()
        set_clock(clock)
        deadline = a_deadline(QUEUED / 2)
        while True:
            with suppress(NotYet):
                assert await view.poll(lambda seen: seen, deadline=deadline, schedule=EVER) == 1
                return clock.uncounted

    for uncounted in await asyncio.gather(look(), look()):
        assert uncounted == pytest.approx(QUEUED, abs=QUEUED / 2)


async def test_a_reading_that_a_limit_holds_back_for_long_does_not_count(clock: StepClock) -> None:
    """With two readings an hour, half an hour passes in which nobody may look."""
    set_clock(clock)

    async def read() -> int:
        return 1

    view = SharedPoller(read, least_interval=1800, workers=WorkerCount(), burst=1)
    deadline = a_deadline(2.0)
    with pytest.raises(NotYet) as early:
        await view.poll(lambda _: Pending("it is moving", "it"), deadline=deadline, schedule=EVER)
    delay = early.value.next_retry_delay
    assert delay is not None
    assert delay > timedelta(seconds=5)
    assert clock.uncounted == pytest.approx(delay.total_seconds(), rel=0.5)


async def test_a_deadline_is_not_believed_before_somebody_has_looked() -> None:
    """However long it is over: one reading decides, and the deadline only when that shows nothing new."""

    async def read() -> int:
        return 1

    over = Deadline(since=datetime.now(UTC) - timedelta(hours=2), until=datetime.now(UTC) - timedelta(hours=1))
    view = SharedPoller(read, least_interval=0, workers=WorkerCount())
    assert await view.poll(lambda seen: seen, deadline=over, schedule=EVER) == 1
    with pytest.raises(DeadlinePassed, match="it is moving"):
        await view.poll(lambda _: Pending("it is moving", "it"), deadline=over, schedule=EVER)


async def test_an_error_of_a_shared_reading_ends_nobody_who_waits() -> None:
    """It is one call's trouble, and many hear of it; whoever only asks gets it as it is."""

    async def read() -> int:
        raise CloudRefused("reading it: refused for good")

    view = SharedPoller(read, least_interval=0, workers=WorkerCount())
    with pytest.raises(CloudRefused) as waiting:
        await view.poll(lambda seen: seen, deadline=a_deadline(5), schedule=EVER)
    assert not waiting.value.non_retryable
    with pytest.raises(CloudRefused) as asking:
        await view.reading()
    assert asking.value.non_retryable


async def test_a_question_is_asked_by_the_clock_of_whoever_asks_it() -> None:
    """Also when another task puts it."""
    own = StepClock(3.0)
    set_clock(own)
    asked = by_own_clock(lambda: step_clock().uncounted)

    async def elsewhere() -> float:
        set_clock(StepClock(5.0))
        return asked()

    assert await asyncio.create_task(elsewhere()) == 3.0
