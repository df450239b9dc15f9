"""The matrix: many cells at once on one server, one worker and one sandbox."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import Client

from privatelink import PrivateLinks
from runtime.settings import Settings
from tests.chaos.cell_laws import BrokenLawError
from tests.chaos.cells import CellRun
from tests.chaos.faults import FAULTS, Cell
from tests.chaos.foreign_things import foreign_in
from tests.chaos.harness import ErrorRecorder, MatrixHarness, with_foreign_things
from tests.chaos.page import BROKEN, changed
from tests.support.sandbox import Sandbox
from tests.support.world import World
from worker import build_worker

AT_WORK = 6
"""Number of concurrent cells that keep the machine busy: more would only make each slower."""

AT_WAIT = 24
"""Number of concurrent cells that wait for a deadline, which costs nothing."""

SLOW_AT_ONCE = 4
"""Number of concurrent cells with a slow call: each occupies one of the worker's threads for calls to AWS."""

APART = 4
"""Number of processes, each with its own sandbox and server, for cells that must run alone, one after another."""

MANY = 1_000_000
"""Calls an hour, and things in an account: the matrix does not test EMQX's request limits or AWS's quotas."""


@dataclass
class Ran:
    """Results of the cells: an outcome in words for each, and the laws that broke."""

    outcomes: dict[Cell, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    orphans: int = 0
    duplicates: int = 0
    seconds: float = 0.0

    def add(self, other: "Ran") -> None:
        """Add the results of another process."""
        self.outcomes |= other.outcomes
        self.broken += other.broken
        self.touched += other.touched
        self.orphans += other.orphans
        self.duplicates += other.duplicates
        self.seconds = max(self.seconds, other.seconds)

    @property
    def changed(self) -> list[str]:
        """The cells that kept the laws, but did not end as the page says."""
        return changed(self.outcomes)

    def as_json(self) -> str:
        """Return the results as one line of JSON."""
        outcomes = {str(cell): words for cell, words in self.outcomes.items()}
        return json.dumps(vars(self) | {"outcomes": outcomes, "changed": self.changed})

    @classmethod
    def parse(cls, line: str) -> "Ran":
        """Read what `as_json` wrote."""
        told = json.loads(line)
        del told["changed"]
        return cls(**told | {"outcomes": {Cell.parse(cell): words for cell, words in told["outcomes"].items()}})


@asynccontextmanager
async def harness_of(sandbox: Sandbox, client: Client) -> AsyncIterator[MatrixHarness]:
    """A worker in this process, with foreign things around; its environment must be the sandbox's."""
    sandbox.quirk("writes_per_hour", MANY)
    sandbox.quirk("reads_per_hour", MANY)
    sandbox.quotas(load_balancers_per_region=MANY, interface_endpoints_per_vpc=MANY)
    recorder = ErrorRecorder()
    with with_foreign_things(World(sandbox, client, PrivateLinks(client), recorder), recorder) as harness:
        harness.foreign_before = await _settled(harness)
        async with build_worker(client, Settings.from_environment(), interceptors=[recorder]):
            yield harness


async def _settled(harness: MatrixHarness) -> dict[str, Any]:
    """The foreign things once the platform has made their endpoint. After that they no longer change."""
    while True:
        now = foreign_in(await harness.books(), set())
        rows = [one for one in now.values() if "vpcEndpointID" in one]
        waiting = {one.get("vpc_endpoint_id") for one in now.values() if one.get("state") == "pendingAcceptance"}
        if rows and all(one["vpcEndpointID"] in waiting for one in rows):
            return now
        await asyncio.sleep(0.1)


async def run_cells(harness: MatrixHarness, cells: Sequence[Cell]) -> Ran:
    """Run them all, each on a link of its own; then lift every fault and finish what is left."""
    began = time.monotonic()
    ran = Ran()
    work, wait, slow = (asyncio.Semaphore(many) for many in (AT_WORK, AT_WAIT, SLOW_AT_ONCE))
    runs = [CellRun(harness, cell, number) for number, cell in enumerate(cells)]

    async def run(one: CellRun) -> None:
        gate = slow if one.cell.fault == "slow" else wait if FAULTS[one.cell.fault].lasts else work
        async with gate:
            await _judged(ran, one.cell, one.run())

    await asyncio.gather(*(run(one) for one in runs))
    await asyncio.to_thread(harness.world.sandbox.clear_faults)

    async def finish(one: CellRun) -> None:
        async with wait:
            first = ran.outcomes[one.cell]
            await _judged(ran, one.cell, one.finish(), f"{first}, ")

    await asyncio.gather(*(finish(one) for one in runs if one.left_behind and one.cell in ran.outcomes))
    ran.touched = await harness.touched()
    ran.orphans, ran.duplicates = harness.orphans, harness.duplicates
    ran.seconds = time.monotonic() - began
    return ran


async def _judged(ran: Ran, cell: Cell, running: Awaitable[str], before: str = "") -> None:
    try:
        ran.outcomes[cell] = before + await running
    except BrokenLawError as error:
        ran.broken.append(str(error))
        ran.outcomes[cell] = BROKEN
    except Exception as error:  # noqa: BLE001 - one cell's surprise is reported, and the others go on
        ran.broken.append(f"{cell}: {type(error).__name__}: {error}")
        ran.outcomes[cell] = BROKEN
    if ran.outcomes[cell] == BROKEN:
        sys.stderr.write(f"{ran.broken[-1]}\n")
    sys.stderr.write(f"{cell}: {ran.outcomes[cell]}\n")


async def run_apart(cells: Sequence[Cell]) -> Ran:
    """Run them in other processes, one after another, where a read that all sagas share may fail forever."""
    began, ran = time.monotonic(), Ran()

    async def run(ours: Sequence[Cell]) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos", "--json", "--alone", *map(str, ours)), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        if process.returncode not in {0, 1}:
            ran.broken.append(f"{', '.join(map(str, ours))}: their process ended with {process.returncode}")
            return
        # Temporal's core may have logged above it.
        ran.add(Ran.parse(out.decode().splitlines()[-1]))

    await asyncio.gather(*(run(ours) for start in range(APART) if (ours := cells[start::APART])))
    ran.seconds = time.monotonic() - began
    return ran
