"""What the product's own code costs, compared with a bare SDK workflow: sagas a second, memory, processor time."""

from __future__ import annotations

import asyncio
from statistics import median
from typing import TYPE_CHECKING

from temporalio.client import Client

from bench.links import link_request
from bench.measure import Measure
from bench.sides import bare_side, cpu_ms, our_side, program_of, resident_mib
from privatelink import PrivateLinks
from privatelink.temporal.payloads import DATA_CONVERTER
from runtime.sizes import USUAL
from scripts.stage import stage
from scripts.temporal_server import temporal_server

if TYPE_CHECKING:
    from bench.sides import Run, Side

PAIRS = 5
"""Number of runs of each side. Each ratio is of two adjacent runs, because the machine's pace drifts."""

SAGAS = 100
"""Number of sagas in one run, which takes 15 to 25 s on two cores."""

WARM_UP = 30
"""Number of sagas that run first and do not count."""

WAITING = 1000
"""Number of sagas that wait while memory is measured."""

SETTLE_SECONDS = 100.0
"""Seconds after which every wait has polled several times, as in a wait that lasts minutes."""

SPEED = 10.0
"""Speed of the clouds' clock: a real create takes about 40 s."""

CREATES = 3
"""Number of creates behind the median. A first one does not count, because it makes the clouds' clients."""


async def measure_throughput() -> list[Measure]:
    """Measure sagas a second on both sides in turn, then both workers' memory, then a real create's processor time."""
    return [*await _measure_speed(), *await _measure_memory(), *await _measure_creates()]


async def _measure_speed() -> list[Measure]:
    async with temporal_server() as server, our_side(server, USUAL) as ours, bare_side(server, USUAL) as bare:
        sides = (ours, bare)
        for side in sides:
            await side.run("warm", WARM_UP)
        costs = {side: await side.history() for side in sides}
        if costs[ours]["activities"] != costs[bare]["activities"]:
            raise RuntimeError(f"a create costs {costs[ours]}, and what bench/bare.py has for one {costs[bare]}")
        runs: dict[Side, list[Run]] = {side: [] for side in sides}
        for pair in range(PAIRS):
            # Take turns in going first: the server slows down as it stores more.
            for side in sides if pair % 2 == 0 else reversed(sides):
                runs[side].append(await side.run(f"pair-{pair}", SAGAS))
    pairs = list(zip(runs[ours], runs[bare], strict=True))
    speeds = [our_run.sagas_per_second / bare_run.sagas_per_second for our_run, bare_run in pairs]
    processor = [our_run.worker_cpu_ms / bare_run.worker_cpu_ms for our_run, bare_run in pairs]
    spread = f"ratio, median of {PAIRS} ({min(speeds):.2f} to {max(speeds):.2f})"
    return [
        Measure("sagas_per_second_over_bare", median(speeds), 0.85, spread, more_is_better=True),
        Measure("saga_worker_cpu_over_bare", median(processor), None, f"ratio, median of {PAIRS}"),
        *(
            measure
            for name, side in (("ours", ours), ("bare", bare))
            for measure in (
                Measure(f"sagas_per_second_{name}", median(one.sagas_per_second for one in runs[side]), None, "1/s"),
                Measure(f"worker_cpu_ms_per_saga_{name}", median(one.worker_cpu_ms for one in runs[side]), None, "ms"),
                *(
                    Measure(f"{what}_per_saga_{name}", count, None, "of one alone")
                    for what, count in costs[side].items()
                ),
            )
        ),
    ]


async def _measure_memory() -> list[Measure]:
    async with temporal_server() as server, our_side(server, WAITING, waits=True) as ours:
        our_base, our_begun, our_all = await _memory(ours)
    async with temporal_server() as server, bare_side(server, WAITING, waits=True) as bare:
        bare_base, _, bare_all = await _memory(bare)
    return [
        Measure("memory_over_bare_worker", our_all / bare_all, None, f"ratio of RSS, {WAITING} waiting"),
        Measure("memory_ours", our_all, None, f"MiB, {WAITING} waiting"),
        Measure("memory_ours_begun", our_begun, None, f"MiB, {WAITING} just begun, some 90 s after the first"),
        Measure("memory_ours_idle", our_base, None, "MiB, none waiting"),
        Measure("memory_ours_added", our_all - our_base, None, f"MiB for {WAITING}"),
        Measure("memory_bare", bare_all, None, f"MiB, {WAITING} waiting"),
        Measure("memory_bare_idle", bare_base, None, "MiB, none waiting"),
        Measure("memory_bare_added", bare_all - bare_base, None, f"MiB for {WAITING}"),
    ]


async def _memory(side: Side) -> tuple[float, float, float]:
    """Memory of the worker in MiB: before, when WAITING sagas have just begun, and while they wait."""
    base = resident_mib(side.worker)
    await side.let_wait(WAITING)
    begun = resident_mib(side.worker)
    await asyncio.sleep(SETTLE_SECONDS)
    return base, begun, resident_mib(side.worker)


async def _measure_creates() -> list[Measure]:
    """A real create, by a real worker that calls the sandbox's clouds."""
    taken = []
    async with stage(SPEED) as running:
        client = await Client.connect(running.temporal.address, data_converter=DATA_CONVERTER)
        links = PrivateLinks(client)
        worker = program_of(running.worker.pid)
        for number in range(CREATES + 1):
            before = cpu_ms(worker)
            await links.create(link_request(running.sandbox["seed"], f"create-{number}"))
            taken.append(cpu_ms(worker) - before)
        memory = resident_mib(worker)
    return [
        Measure("worker_cpu_ms_per_create", median(taken[1:]), None, f"ms, median of {CREATES} after a first"),
        Measure("memory_ours_after_creates", memory, None, "MiB, none waiting, the clouds' clients made"),
    ]
