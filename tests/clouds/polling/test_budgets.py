"""Our own limiters."""

import asyncio
from datetime import timedelta
from math import ceil

import pytest

from clouds.polling import budgets
from clouds.polling.budgets import Budget, MovingWindow, TokenBucket
from clouds.polling.priority import set_priority
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import Throttled
from privatelink.pace import pace, paced_delta

WINDOW_SECONDS = 0.3
"""Of our clock."""


def moving_window(*, calls: int) -> MovingWindow:
    """A window that a test can wait for."""
    return MovingWindow("writes of the platform", calls=calls, seconds=WINDOW_SECONDS * pace(), workers=WorkerCount())


@pytest.mark.parametrize(
    "budget",
    [
        TokenBucket("writes", capacity=6, per_second=6 / 3600, workers=WorkerCount()),
        MovingWindow("writes", calls=6, seconds=3600, workers=WorkerCount()),
    ],
)
async def test_as_many_calls_as_a_budget_holds_pass_at_once(budget: Budget) -> None:
    """A burst up to its size waits for nothing."""
    await asyncio.gather(*(budget.take() for _ in range(6)))


async def test_a_used_up_bucket_is_patience_with_the_time_of_the_next_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is retried, without being an error to log, when the next token is due that nobody else was promised."""
    monkeypatch.setattr(budgets, "patience", lambda: 0.01)
    monkeypatch.setattr(budgets, "BACK_WITHIN", 3600)
    budget = TokenBucket("writes of the platform", capacity=1, per_second=1 / 600, workers=WorkerCount())
    await budget.take()
    for seconds in (600, 1200):
        with pytest.raises(Throttled, match="writes of the platform") as throttled:
            await budget.take()
        assert throttled.value.next_retry_delay == paced_delta(seconds)
        assert not throttled.value.non_retryable


async def test_a_used_up_window_is_patience_until_its_first_call_counts_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next attempt comes when the earliest call leaves the window, which a little of has passed."""
    monkeypatch.setattr(budgets, "patience", lambda: 0.01)
    budget = MovingWindow("writes of the platform", calls=2, seconds=3600, workers=WorkerCount())
    await asyncio.gather(budget.take(), budget.take())
    with pytest.raises(Throttled, match="writes of the platform") as throttled:
        await budget.take()
    assert throttled.value.next_retry_delay is not None
    assert timedelta(0) < throttled.value.next_retry_delay < paced_delta(3600)


async def test_who_is_sent_away_comes_back_behind_those_sent_away_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many are told each window as it has calls, so that not all of them come back for the same turns."""
    monkeypatch.setattr(budgets, "BACK_WITHIN", 4 * 3600)
    budget = MovingWindow("writes of the platform", calls=2, seconds=3600, workers=WorkerCount())
    await asyncio.gather(budget.take(), budget.take())
    windows = []
    for _ in range(5):
        with pytest.raises(Throttled) as throttled:
            await budget.take()
        assert throttled.value.next_retry_delay is not None
        windows.append(ceil(throttled.value.next_retry_delay / paced_delta(3600)))
    assert windows == [1, 1, 2, 2, 3]


async def test_who_is_sent_away_shortly_before_a_turn_is_back_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its retry comes no later than the turn, even where that is less than a second away."""
    monkeypatch.setattr(budgets, "patience", lambda: 0.01)
    budget = moving_window(calls=1)
    await budget.take()
    with pytest.raises(Throttled) as throttled:
        await budget.take()
    assert throttled.value.next_retry_delay is not None
    assert throttled.value.next_retry_delay <= timedelta(seconds=WINDOW_SECONDS)


async def test_a_turn_comes_when_the_bucket_has_refilled() -> None:
    """Within its patience an attempt waits for its turn instead of failing."""
    budget = TokenBucket("reads", capacity=1, per_second=1, workers=WorkerCount())
    await budget.take()
    await budget.take()


async def test_no_window_holds_more_calls_than_are_allowed() -> None:
    """Whatever stretch of its length one looks at; a bucket would let a third call through in the first."""
    budget, times = moving_window(calls=2), []
    for _ in range(5):
        await budget.take()
        times.append(asyncio.get_running_loop().time())
    # Our clock is read a moment after the budget's.
    assert all(later - earlier > 0.9 * WINDOW_SECONDS for earlier, later in zip(times, times[2:], strict=False))


async def test_a_window_frees_what_was_used_together_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """All its calls are there again after its length, and not one after another as a bucket's."""
    budget = moving_window(calls=3)
    await asyncio.gather(*(budget.take() for _ in range(3)))
    await asyncio.sleep(WINDOW_SECONDS)
    monkeypatch.setattr(budgets, "patience", lambda: 0.01)
    await asyncio.gather(*(budget.take() for _ in range(3)))


@pytest.mark.parametrize("bucket", [False, True])
@pytest.mark.parametrize(("workers", "each"), [(1, 6), (2, 3), (4, 1), (7, 1)])
async def test_each_of_several_workers_has_its_share(
    monkeypatch: pytest.MonkeyPatch, workers: int, each: int, *, bucket: bool
) -> None:
    """Together they stay within it, and each has one call at least."""
    monkeypatch.setattr(budgets, "patience", lambda: 0.01)
    budget: Budget = MovingWindow("writes", calls=6, seconds=3600, workers=WorkerCount(workers))
    if bucket:
        budget = TokenBucket("writes", capacity=6, per_second=6 / 3600, workers=WorkerCount(workers))
    for _ in range(each):
        await budget.take()
    with pytest.raises(Throttled):
        await budget.take()


async def test_who_waits_is_served_by_priority_and_not_by_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """The saga that began first comes first, however late it asks, so that it ends while others still begin.

    All of them stay in the line: at this pace the patience of one is shorter than their turns take together.
    """
    monkeypatch.setattr(budgets, "patience", lambda: 20.0)
    budget, served = moving_window(calls=1), []

    async def ask(run_id: str) -> None:
        set_priority(run_id)
        await budget.take()
        served.append(run_id)

    await budget.take()
    asking = [asyncio.create_task(ask(run_id)) for run_id in ("head", "c", "a", "b", "a")]
    await asyncio.gather(*asking)
    assert served == ["head", "a", "a", "b", "c"]


async def test_who_stops_waiting_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it stops in the line, or in the very moment in which it is called."""
    monkeypatch.setattr(budgets, "patience", lambda: 20.0)
    budget = moving_window(calls=1)
    await budget.take()
    head, second, third, last = (asyncio.create_task(budget.take()) for _ in range(4))
    await asyncio.sleep(0.01)
    second.cancel()
    head.cancel()
    await asyncio.sleep(0.01)
    third.cancel()
    await last
    assert all(one.cancelled() for one in (head, second, third))


async def test_a_free_turn_is_taken_however_many_were_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each of those who come back would wait for the others, and nobody would have a turn again."""
    monkeypatch.setattr(budgets, "patience", lambda: 0.01)
    monkeypatch.setattr(budgets, "BACK_WITHIN", 10 * WINDOW_SECONDS * pace())
    budget = moving_window(calls=2)
    await asyncio.gather(budget.take(), budget.take())
    for _ in range(5):
        with pytest.raises(Throttled):
            await budget.take()
    await asyncio.sleep(WINDOW_SECONDS)
    await budget.take()
