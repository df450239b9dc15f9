"""What a crash costs: from the kill of a worker to the next look, and a run in which workers die again and again."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import PendingActivityState

from bench.measure import Measure
from privatelink import PrivateLinkRequest, PrivateLinks
from privatelink.errors import NoWorker, TemporalUnreachable
from scripts.breakable import BreakableStage
from scripts.stage import PASSWORD_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from temporalio.api.workflow.v1 import PendingActivityInfo

KILLS = 4
"""How many kills the median is of; each hits every saga's look that the worker holds."""

WATCHED = 10
"""How many sagas wait while workers are killed."""

CRASHED = 50
"""How many sagas are in flight in the crash run."""

CRASH_SPEED = 50.0

LOOK_SECONDS = 0.1

REPEAT_SECONDS = 1.0
"""Between two calls of a caller who got no answer."""

MADE_PER_LINK = {
    "target_groups": 1,
    "load_balancers": 1,
    "listeners": 1,
    "endpoint_services": 1,
    "endpoint_connections": 1,
    "vpc_endpoints": 1,
    "private_links": 1,
    "connectors": 1,
}
"""What one link of `crash_request` is, in the sandbox's books."""


async def measure_recovery() -> list[Measure]:
    """Kill workers at real durations, then run the crash run."""
    seconds = await _kill_to_progress()
    async with BreakableStage(CRASH_SPEED) as stage:
        crashed = await crash(stage, [f"crash-{number}" for number in range(CRASHED)], between_kills=2)
    return [
        Measure("kill_to_progress_seconds", median(seconds), 15, f"s, median of {len(seconds)} lost steps and looks"),
        Measure("kill_to_progress_slowest", max(seconds), None, "s"),
        Measure("crash_sagas", CRASHED, None, f"sagas, {crashed.kills} kills, {crashed.seconds:.0f} s"),
        Measure("crash_lost", crashed.lost, 0, "sagas that did not end complete"),
        Measure("crash_duplicates", crashed.duplicates, 0, "things"),
        Measure("crash_orphans", crashed.orphans, 0, "things left after every link's delete"),
    ]


@dataclass(frozen=True)
class Crashed:
    """What came of a crash run: `failures` are the errors of the creates that did not end well."""

    failures: tuple[BaseException, ...]
    duplicates: int
    missing: int
    orphans: int
    kills: int
    seconds: float

    @property
    def lost(self) -> int:
        """How many sagas did not end complete."""
        return len(self.failures)


async def crash(
    stage: BreakableStage, names: Sequence[str], *, between_kills: float, kills: int | None = None
) -> Crashed:
    """Create links while workers are killed in turn, the server is killed once and the clouds are once unreachable.

    A killed worker is started again at once, and the next kill comes after it works. It goes on until every create has
    ended, or for so many `kills`. Then every link is deleted, in peace, and what the books still hold is counted.
    """
    began = time.monotonic()
    links = PrivateLinks(stage.client)
    workers = ("first", "second")
    for worker in workers:
        await stage.start_worker(worker)
        await stage.new_identity()
    creates = [asyncio.create_task(insist(links, crash_request(stage, name))) for name in names]
    done = 0
    while not all(create.done() for create in creates) and done != kills:
        await asyncio.wait(creates, timeout=between_kills)
        worker = workers[done % len(workers)]
        await stage.kill_worker(worker)
        done += 1
        if done == 2:  # noqa: PLR2004 - some kills before it, some after
            await stage.restart_temporal()
        await stage.start_worker(worker)
        # Else a machine on which a start takes longer than the kills are apart would kill workers that never worked.
        await stage.new_identity()
        if done == 3:  # noqa: PLR2004 - some kills before it, some after
            stage.freeze_sandbox()
            # A minute of the clouds' clock, and at least a while of ours.
            await asyncio.sleep(max(60 / stage.speed, 1))
            stage.thaw_sandbox()
    ended = await asyncio.gather(*creates, return_exceptions=True)
    failures = tuple(error for error in ended if isinstance(error, BaseException))
    counted = _counted(await stage.control("GET", "/books"))
    surplus = {kind: counted.get(kind, 0) - (len(names) - len(failures)) * each for kind, each in MADE_PER_LINK.items()}
    await asyncio.gather(*(_insist_on_delete(links, crash_request(stage, name)) for name in names))
    return Crashed(
        failures=failures,
        duplicates=sum(number for number in surplus.values() if number > 0),
        missing=-sum(number for number in surplus.values() if number < 0),
        orphans=sum(_counted(await stage.control("GET", "/books")).values()),
        kills=done,
        seconds=time.monotonic() - began,
    )


def crash_request(stage: BreakableStage, name: str) -> PrivateLinkRequest:
    """A link with one listener and a connector."""
    subnets = stage.ready["seed"]["subnets"]
    return PrivateLinkRequest.model_validate(
        {
            "name": name,
            "deployment": "w41b11c0",
            "aws": {"region": "us-east-1"},
            "subnets": [subnets["use1-az1"], subnets["use1-az2"]],
            "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
            "connector": {
                "type": "mysql",
                "name": name,
                "parameters": {
                    "server": "{address}:3306",
                    "database": "orders",
                    "username": "emqx",
                    "password": {"secret": f"env:{PASSWORD_VARIABLE}"},
                },
            },
        }
    )


async def insist(links: PrivateLinks, request: PrivateLinkRequest) -> None:
    """Create as a caller does who repeats the call, which is safe, until the saga answers."""
    while True:
        with suppress(NoWorker, TemporalUnreachable):
            await links.create(request)
            return
        await asyncio.sleep(REPEAT_SECONDS)


async def _insist_on_delete(links: PrivateLinks, request: PrivateLinkRequest) -> None:
    while True:
        with suppress(NoWorker, TemporalUnreachable):
            await links.delete(request)
            return
        await asyncio.sleep(REPEAT_SECONDS)


def _counted(books: dict[str, Any]) -> dict[str, int]:
    """How many of each kind both clouds hold."""
    counted: dict[str, int] = {}
    pages = [page for account in books["aws"].values() for page in account.values()]
    for page in pages:
        for kind, things in page.items():
            counted[kind] = counted.get(kind, 0) + len(things)
    counted["private_links"] = sum(len(rows) for rows in books["platform"].values())
    counted["connectors"] = sum(len(ones) for ones in books["connectors"].values())
    return counted


async def _kill_to_progress() -> list[float]:
    """Seconds from each kill to the next attempt, elsewhere, of each step and look that the killed worker held."""
    async with BreakableStage(1) as stage:
        identities = {}
        for worker in ("first", "second"):
            await stage.start_worker(worker)
            identities[worker] = await stage.new_identity()
        links = PrivateLinks(stage.client)
        creates = []
        for number in range(WATCHED):
            creates.append(await links.start_create(crash_request(stage, f"watched-{number}")))
            # Apart, so that their looks are not all as old when a worker is killed.
            await asyncio.sleep(2)
        measured: list[float] = []
        for kill in range(KILLS):
            worker = ("first", "second")[kill % 2]
            before = [await _pending(stage, create.handle.id) for create in creates]
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
            # Until the new worker holds its share of the looks.
            await asyncio.sleep(25)
        return measured


async def _pending(stage: BreakableStage, workflow_id: str) -> dict[str, PendingActivityInfo]:
    description = await stage.client.get_workflow_handle(workflow_id).describe()
    return {step.activity_id: step for step in description.raw_description.pending_activities}


async def _until_again(stage: BreakableStage, workflow_id: str, lost: PendingActivityInfo, killed: float) -> float:
    """Seconds from the kill until the lost attempt is followed by one that has begun, or the step is over."""
    while True:
        step = (await _pending(stage, workflow_id)).get(lost.activity_id)
        if step is None or (
            step.attempt > lost.attempt and step.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        ):
            return time.monotonic() - killed
        await asyncio.sleep(LOOK_SECONDS)
