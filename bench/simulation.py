"""Many creates at once, each stepped through every limit and quota: a check of docs/scale.md's arithmetic.

The simulation does not use the formula in `scale_model.py`. The creates arrive together, take their tokens one by one,
wait where a create waits, or find a quota used up. The last one to finish gives the total. A test compares both.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from dataclasses import dataclass
from math import ceil

from bench.measure import Measure
from bench.scale_model import HOUR, QUOTAS, STORY, Fleet, Limit, fitting, formula, price


@dataclass(frozen=True)
class Simulated:
    """`seconds` until the last create was done, and how many were `done`; the quotas refused the others."""

    seconds: float
    done: int


class _TokenBucket:
    """Starts full, and gives one token at a time, in the order of the requests."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._tokens = limit.capacity
        self._counted_at = 0.0

    def take(self, now: float) -> float:
        """Give the time at which the token is there; `now` never goes back."""
        self._tokens = min(self._limit.capacity, self._tokens + (now - self._counted_at) * self._limit.per_second) - 1
        self._counted_at = now
        return now + max(0.0, -self._tokens / self._limit.per_second)


class _Window:
    """Gives at most its capacity in any stretch of its length, in the order of the requests."""

    def __init__(self, limit: Limit) -> None:
        self._seconds = limit.capacity / limit.per_second
        self._given: deque[float] = deque(maxlen=int(limit.capacity))

    def take(self, now: float) -> float:
        """Give the time at which the token is there; `now` never goes back."""
        full = len(self._given) == self._given.maxlen
        self._given.append(max(now, self._given[0] + self._seconds) if full else now)
        return self._given[-1]


def simulate(fleet: Fleet) -> Simulated:
    """Step every create of the fleet through its steps, in chronological order."""
    limits = {
        name: [(_Window if limit.by_window else _TokenBucket)(limit) for _ in range(fleet.shards(limit.shards))]
        for name, limit in fleet.limits.items()
    }
    # One step takes one token; a stage's wait comes after its last token.
    steps = [
        (stage.limit, stage.seconds if call == stage.calls - 1 else 0.0)
        for stage in STORY
        for call in range(stage.calls)
    ]
    coming = [(0.0, link, 0) for link in _admitted(fleet)]
    seconds, done = 0.0, len(coming)
    while coming:
        now, link, step = heapq.heappop(coming)
        if step == len(steps):
            seconds = now
            continue
        name, wait = steps[step]
        shards = limits[name]
        heapq.heappush(coming, (shards[link % len(shards)].take(now) + wait, link, step + 1))
    return Simulated(seconds, done)


def _admitted(fleet: Fleet) -> list[int]:
    """Links that the quotas of each shard still have room for, taken one after another."""
    used: Counter[tuple[str, int]] = Counter()
    admitted = []
    for link in range(fleet.links):
        takes = [(quota, (quota.name, link % fleet.shards(quota.shards))) for quota in QUOTAS]
        if all(used[where] + quota.taken <= quota.allowed for quota, where in takes):
            used.update({where: quota.taken for quota, where in takes})
            admitted.append(link)
    return admitted


def spread(links: int, **over: float) -> Fleet:
    """Spread links over as many accounts and deployments as the quotas need; `over` replaces any field of `Fleet`."""
    needed = {
        shards: max(ceil(links / quota.links) for quota in QUOTAS if quota.shards == shards)
        for shards in ("accounts", "deployments")
    }
    return Fleet(links, **{**needed, **over})  # type: ignore[arg-type]


SIZES = (10, 1000, 100_000)

_LIFTED = {"writes_per_hour": 10 * HOUR, "reads_per_hour": 30 * HOUR}

WAYS: dict[str, dict[str, float]] = {
    "as published": {},
    "20 platform keys": {"keys": 20},
    "the platform 10 a second": _LIFTED,
    "and 20 consumer accounts": {**_LIFTED, "consumer_accounts": 20},
    "and 4 workers": {**_LIFTED, "consumer_accounts": 20, "workers": 4},
}
"""Rows of docs/scale.md's table: today's limits, then each time one more limit that is lifted or sharded."""


async def measure_simulation() -> list[Measure]:
    """Measure what the formula gives, and how far the simulation is from it at worst."""
    measures, apart = [], []
    for links in SIZES:
        for way, over in WAYS.items():
            fleet = spread(links, **over)
            seconds, slowest = formula(fleet)
            simulated = simulate(fleet)
            apart += [abs(simulated.seconds / seconds - 1), abs(simulated.done / fitting(fleet) - 1)]
            measures.append(Measure(f"scale_hours {links} links, {way}", seconds / HOUR, None, f"h, by {slowest}"))
        measures.append(
            Measure(f"scale_price {links} links", price(links), None, "US dollars of Temporal Cloud actions")
        )
    return [*measures, Measure("scale_simulation_off_formula", max(apart), 0.05, "of the formula's, the worst case")]
