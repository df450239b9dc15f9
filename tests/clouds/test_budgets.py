"""Our own limiters."""

import asyncio

import pytest

from clouds import budgets
from clouds.budgets import Budget
from privatelink.errors import Throttled
from privatelink.pace import paced_delta


async def test_as_many_calls_as_the_capacity_pass_at_once() -> None:
    """A burst up to the bucket's size waits for nothing."""
    budget = Budget("writes", capacity=6, per_second=6 / 3600)
    await asyncio.gather(*(budget.take() for _ in range(6)))


async def test_a_used_up_budget_is_patience_with_the_time_of_the_next_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is retried, without being an error to log, when the next token is due."""
    monkeypatch.setattr(budgets, "PATIENCE_SECONDS", 0.01)
    budget = Budget("writes of the platform", capacity=1, per_second=1 / 600)
    await budget.take()
    with pytest.raises(Throttled, match="writes of the platform") as throttled:
        await budget.take()
    assert throttled.value.next_retry_delay == paced_delta(600)
    assert not throttled.value.non_retryable


async def test_a_turn_comes_when_the_bucket_has_refilled() -> None:
    """Within its patience an attempt waits for its turn instead of failing."""
    budget = Budget("reads", capacity=1, per_second=1)
    await budget.take()
    await budget.take()
