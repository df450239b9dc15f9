"""What a crash costs: the time from a worker's kill to the next attempt, and a run in which workers die repeatedly."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import TYPE_CHECKING

from temporalio.api.enums.v1 import PendingActivityState

from bench.crash import LOOK_SECONDS, crash, crash_request, pending_steps
from bench.measure import Measure
from privatelink import PrivateLinks
from scripts.breakable import BreakableStage

if TYPE_CHECKING:
    from temporalio.api.workflow.v1 import PendingActivityInfo

KILLS = 6
"""Number of kills behind the median. Each kill hits every saga's poll that the worker holds."""

WATCHED = 12
"""Number of sagas that wait while workers are killed."""

CRASHED = 50
"""Number of sagas in flight in the crash run."""

CRASH_SPEED = 50.0


async def measure_recovery() -> list[Measure]:
    """Kill workers at real durations, then do the crash run."""
    seconds = await _kill_to_progress()
    async with BreakableStage(CRASH_SPEED) as stage:
        crashed = await crash(stage, [f"crash-{number}" for number in range(CRASHED)], between_kills=2)
    return [
        Measure("kill_to_progress_seconds", median(seconds), 15, f"s, median of {len(seconds)} lost steps and looks"),
        Measure("kill_to_progress_slowest", max(seconds), None, "s"),
        Measure(
            "crash_sagas",
            CRASHED,
            None,
            f"sagas, {crashed.kills} + {crashed.kills_in_deletes} kills, {crashed.seconds:.0f} s",
        ),
        Measure(
            "crash_steps_hit",
            len(crashed.hit),
            len(crashed.hit) + len(crashed.missed),
            f"steps in whose middle a worker was killed; not in {', '.join(sorted(crashed.missed)) or 'none'}",
            more_is_better=True,
        ),
        Measure("crash_lost", crashed.lost, 0, "sagas that did not end complete"),
        Measure("crash_duplicates", crashed.duplicates, 0, "things"),
        Measure("crash_orphans", crashed.orphans, 0, "things left after every link's delete"),
    ]


async def _kill_to_progress() -> list[float]:
    """Seconds from each kill to the next attempt, elsewhere, of each step and poll that the killed worker held."""
    async with BreakableStage(1) as stage:
        identities = {}
        for worker in ("first", "second"):
            await stage.start_worker(worker)
            identities[worker] = await stage.new_identity()
        links = PrivateLinks(stage.client)
        creates = []
        for number in range(WATCHED):
            creates.append(await links.start_create(crash_request(stage, f"watched-{number}")))
            # Spread the starts, so that the polls differ in age when a worker is killed.
            await asyncio.sleep(2)
        measured: list[float] = []
        for kill in range(KILLS):
            worker = ("first", "second")[kill % 2]
            before = [await pending_steps(stage, create.handle.id) for create in creates]
            await stage.kill_worker(worker)
            killed = time.monotonic()
            lost = [
                (create.handle.id, step)
                for create, steps in zip(creates, before, strict=True)
                for step in steps.values()
                if step.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
                and step.last_worker_identity == identities[worker]
            ]
            measured += await asyncio.gather(*(_until_again(stage, link, step, killed) for link, step in lost))
            await stage.start_worker(worker)
            identities[worker] = await stage.new_identity()
            # Wait until the new worker holds its share of the polls.
            await asyncio.sleep(25)
        return measured


async def _until_again(stage: BreakableStage, workflow_id: str, lost: PendingActivityInfo, killed: float) -> float:
    """Seconds from the kill until an attempt after the lost one has begun, or the step is over."""
    while True:
        step = (await pending_steps(stage, workflow_id)).get(lost.activity_id)
        # A poll may end as soon as it begins; the step then already has the number of the attempt after it.
        if step is None or step.attempt > lost.attempt + 1:
            return time.monotonic() - killed
        if step.attempt > lost.attempt and step.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED:
            return time.monotonic() - killed
        await asyncio.sleep(LOOK_SECONDS)
