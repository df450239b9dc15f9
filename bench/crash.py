"""A crash run: many sagas; workers die in the middle of every step, the server dies once, the clouds are away once."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import PendingActivityState

from bench.links import link_request
from privatelink import PrivateLinkRequest, PrivateLinks
from privatelink.errors import NoWorker, TemporalUnreachable
from workflows.create import steps_to_come
from workflows.removal import everything
from workflows.saga.progress import step_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from temporalio.api.workflow.v1 import PendingActivityInfo

    from scripts.breakable import BreakableStage

AIM_SECONDS = 4.0
"""Seconds that a kill waits for a worker in the middle of a step that was not hit yet. Then it takes the next one."""

LOOK_SECONDS = 0.1

REPEAT_SECONDS = 1.0
"""Seconds between two calls of a caller that got no answer."""

RESTART_AT, AWAY_AT = 2, 3
"""Number of the kill after which the server is killed too, and of the one after which the clouds are unreachable."""

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
"""Entries of each kind that one link of `crash_request` has in the sandbox's books."""


@dataclass(frozen=True)
class Crashed:
    """Result of a crash run: `failures` are the errors of the creates that did not end well.

    `kills` counts the workers killed during the creates, `kills_in_deletes` those killed during the deletes. `hit` are
    the steps during which a worker was killed, `missed` the others.
    """

    failures: tuple[BaseException, ...]
    duplicates: int
    missing: int
    orphans: int
    kills: int
    kills_in_deletes: int
    hit: frozenset[str]
    missed: frozenset[str]
    seconds: float

    @property
    def lost(self) -> int:
        """Number of sagas that did not end complete."""
        return len(self.failures)


async def crash(
    stage: BreakableStage, names: Sequence[str], *, between_kills: float, kills: int | None = None
) -> Crashed:
    """Create links, then delete them all, while workers are killed repeatedly; count what is in the books.

    During the creates, the server is also killed once, and the clouds are unreachable once. In each of the two acts,
    the killing goes on until every saga has ended, or until `kills` workers were killed.
    """
    began = time.monotonic()
    links = PrivateLinks(stage.client)
    requests = [crash_request(stage, name) for name in names]
    killer = _Killer(stage, [request.link.workflow_id for request in requests], between_kills)
    await killer.start_workers()
    creating, deleting = steps_to_come(requests[0]), [step_id(one.__name__) for one in everything(requests[0].platform)]

    creates = [asyncio.create_task(insist(links.create, request)) for request in requests]
    await killer.kill_while(creates, creating, kills, with_server_and_clouds=True)
    failures = tuple(
        one for one in await asyncio.gather(*creates, return_exceptions=True) if isinstance(one, BaseException)
    )
    kills_in_creates = killer.kills
    counted = books_counted(await stage.control("GET", "/books"))
    surplus = {kind: counted.get(kind, 0) - (len(names) - len(failures)) * each for kind, each in MADE_PER_LINK.items()}

    deletes = [asyncio.create_task(insist(links.delete, request)) for request in requests]
    await killer.kill_while(deletes, deleting, kills)
    await asyncio.gather(*deletes)
    return Crashed(
        failures=failures,
        duplicates=sum(number for number in surplus.values() if number > 0),
        missing=-sum(number for number in surplus.values() if number < 0),
        orphans=sum(books_counted(await stage.control("GET", "/books")).values()),
        kills=kills_in_creates,
        kills_in_deletes=killer.kills - kills_in_creates,
        hit=frozenset(killer.hit),
        missed=frozenset({*creating, *deleting} - killer.hit),
        seconds=time.monotonic() - began,
    )


@dataclass
class _Killer:
    """Kills two workers repeatedly, if possible one in the middle of a step that was not hit yet."""

    stage: BreakableStage
    workflow_ids: list[str]
    between_kills: float
    kills: int = 0
    hit: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    """Names of the workers, by their identity at Temporal."""

    async def start_workers(self) -> None:
        for name in ("first", "second"):
            await self._start(name)

    async def kill_while(
        self,
        sagas: Sequence[asyncio.Task[None]],
        steps: Sequence[str],
        kills: int | None,
        *,
        with_server_and_clouds: bool = False,
    ) -> None:
        turns = cycle(("first", "second"))
        until = None if kills is None else self.kills + kills
        while not all(saga.done() for saga in sagas) and self.kills != until:
            await asyncio.wait(sagas, timeout=self.between_kills)
            victim = await self._in_the_middle_of(set(steps) - self.hit) or next(turns)
            await self.stage.kill_worker(victim)
            self.kills += 1
            if with_server_and_clouds and self.kills == RESTART_AT:
                await self.stage.restart_temporal()
            # Without this wait, a machine on which a start takes long would kill workers that never worked.
            await self._start(victim)
            if with_server_and_clouds and self.kills == AWAY_AT:
                self.stage.freeze_sandbox()
                # A minute of the clouds' clock, but at least a second of ours.
                await asyncio.sleep(max(60 / self.stage.speed, 1))
                self.stage.thaw_sandbox()

    async def _start(self, name: str) -> None:
        await self.stage.start_worker(name)
        self.names[await self.stage.new_identity()] = name

    async def _in_the_middle_of(self, steps: set[str]) -> str | None:
        """Return the worker that is running one of these steps, and record every step that it is running."""
        ends = time.monotonic() + AIM_SECONDS
        while steps and time.monotonic() < ends:
            looks = await asyncio.gather(
                *(pending_steps(self.stage, one) for one in self.workflow_ids), return_exceptions=True
            )
            under_way = [
                (self.names.get(step.last_worker_identity), step.activity_id)
                for look in looks
                if not isinstance(look, BaseException)  # a saga that its caller could not start yet
                for step in look.values()
                if step.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            ]
            for worker, step in under_way:
                if worker in self.stage.running_workers and step in steps:
                    self.hit |= {its for its_worker, its in under_way if its_worker == worker}
                    return worker
            await asyncio.sleep(LOOK_SECONDS)
        return None


async def pending_steps(stage: BreakableStage, workflow_id: str) -> dict[str, PendingActivityInfo]:
    """Pending activities of the workflow, by ID. Raises `RPCError` when there is no such workflow."""
    description = await stage.client.get_workflow_handle(workflow_id).describe()
    return {step.activity_id: step for step in description.raw_description.pending_activities}


def crash_request(stage: BreakableStage, name: str) -> PrivateLinkRequest:
    """A link with one listener and a connector."""
    return link_request(stage.ready["seed"], name)


async def insist(call: Callable[[PrivateLinkRequest], Awaitable[object]], request: PrivateLinkRequest) -> None:
    """Call, and repeat the call, which is safe, until the saga answers."""
    while True:
        with suppress(NoWorker, TemporalUnreachable):
            await call(request)
            return
        await asyncio.sleep(REPEAT_SECONDS)


def books_counted(books: dict[str, Any]) -> dict[str, int]:
    """Number of things of each kind in both clouds."""
    counted: dict[str, int] = {}
    pages = [page for account in books["aws"].values() for page in account.values()]
    for page in pages:
        for kind, things in page.items():
            counted[kind] = counted.get(kind, 0) + len(things)
    counted["private_links"] = sum(len(rows) for rows in books["platform"].values())
    counted["connectors"] = sum(len(ones) for ones in books["connectors"].values())
    return counted
