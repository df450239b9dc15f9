"""A crash run: many sagas, workers killed in the middle of every step, the server once, the clouds away for a while."""

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
"""How long a kill waits for a step in whose middle no worker was killed yet; then it hits whatever runs."""

LOOK_SECONDS = 0.1

REPEAT_SECONDS = 1.0
"""Between two calls of a caller who got no answer."""

RESTART_AT, AWAY_AT = 2, 3
"""The kills after which the server is killed too, and the clouds are unreachable: some kills before, some after."""

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


@dataclass(frozen=True)
class Crashed:
    """What came of a crash run: `failures` are the errors of the creates that did not end well.

    `kills` are those while links were created, `kills_in_deletes` those after. `hit` are the steps in whose middle a
    worker was killed, `missed` those in whose middle none was.
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
        """How many sagas did not end complete."""
        return len(self.failures)


async def crash(
    stage: BreakableStage, names: Sequence[str], *, between_kills: float, kills: int | None = None
) -> Crashed:
    """Create links, then delete them all, while workers are killed again and again; count what the books hold.

    While they are created, the server is killed once as well, and the clouds are once unreachable. Each of the two
    acts goes on until every saga has ended, or for so many `kills`.
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
    """Kills two workers again and again, whichever is in the middle of a step that was not hit yet."""

    stage: BreakableStage
    workflow_ids: list[str]
    between_kills: float
    kills: int = 0
    hit: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    """The workers' names by what Temporal calls them."""

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
            # Waited for, else a machine on which a start takes long would kill workers that never worked.
            await self._start(victim)
            if with_server_and_clouds and self.kills == AWAY_AT:
                self.stage.freeze_sandbox()
                # A minute of the clouds' clock, and at least a while of ours.
                await asyncio.sleep(max(60 / self.stage.speed, 1))
                self.stage.thaw_sandbox()

    async def _start(self, name: str) -> None:
        await self.stage.start_worker(name)
        self.names[await self.stage.new_identity()] = name

    async def _in_the_middle_of(self, steps: set[str]) -> str | None:
        """The worker that has one of these steps under way; notes all of them that it has."""
        ends = time.monotonic() + AIM_SECONDS
        while steps and time.monotonic() < ends:
            looks = await asyncio.gather(
                *(pending_steps(self.stage, one) for one in self.workflow_ids), return_exceptions=True
            )
            under_way = [
                (self.names.get(step.last_worker_identity), step.activity_id)
                for look in looks
                if not isinstance(look, BaseException)  # one that a caller has not got through to start
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
    """The activities that the workflow waits for, by their ids. Raises `RPCError` when there is no such workflow."""
    description = await stage.client.get_workflow_handle(workflow_id).describe()
    return {step.activity_id: step for step in description.raw_description.pending_activities}


def crash_request(stage: BreakableStage, name: str) -> PrivateLinkRequest:
    """A link with one listener and a connector."""
    return link_request(stage.ready["seed"], name)


async def insist(call: Callable[[PrivateLinkRequest], Awaitable[object]], request: PrivateLinkRequest) -> None:
    """Call as a caller does who repeats the call, which is safe, until the saga answers."""
    while True:
        with suppress(NoWorker, TemporalUnreachable):
            await call(request)
            return
        await asyncio.sleep(REPEAT_SECONDS)


def books_counted(books: dict[str, Any]) -> dict[str, int]:
    """How many of each kind both clouds hold."""
    counted: dict[str, int] = {}
    pages = [page for account in books["aws"].values() for page in account.values()]
    for page in pages:
        for kind, things in page.items():
            counted[kind] = counted.get(kind, 0) + len(things)
    counted["private_links"] = sum(len(rows) for rows in books["platform"].values())
    counted["connectors"] = sum(len(ones) for ones in books["connectors"].values())
    return counted
