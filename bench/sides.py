"""The two sides that the throughput bench compares: a worker process each, and how it is given work.

Both have the same options and share one server. Their activities call no cloud (bench/standing_in.py), so they differ
only in what our own code costs: the workflow, the data conversion, and the interceptors around each attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from bench.bare import BARE_QUEUE, Bare, BareWait, wait_for_ever
from bench.links import link_request
from bench.standing_in import WAITING_STEP
from privatelink.model.names import TASK_QUEUE
from privatelink.temporal.payloads import DATA_CONVERTER
from scripts.held import held
from scripts.programs import ROOT, running_sandbox
from worker import GRACE, STICKY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from temporalio.client import WorkflowHandle

    from scripts.temporal_server import TemporalServer

AT_ONCE = 50
"""Number of concurrent workflows in a run: enough that the worker is never idle."""

LOOK_SECONDS = 0.2
"""Seconds between two polls of a workflow that does not wait yet."""

_SEED = {"subnets": {"use1-az1": "subnet-0a1b2c3d4e5f6a7b8", "use1-az2": "subnet-0b1c2d3e4f5a6b7c8"}}


@dataclass(frozen=True)
class Run:
    """How fast one side was, and how much processor time its worker used for each saga."""

    sagas_per_second: float
    worker_cpu_ms: float


@dataclass(frozen=True)
class Side:
    """Our side or the bare one: a running worker (`worker` is its process ID), and the workflow that it is given.

    `start_of` makes the ID and the arguments of the workflow with a given name. A workflow that is made to wait stays
    in the activity `waits_for`.
    """

    client: Client
    worker: int
    workflow: str
    queue: str
    start_of: Callable[[str], tuple[str, list[Any]]]
    waits_for: str

    def start(self, name: str) -> Awaitable[WorkflowHandle[Any, Any]]:
        """Start one workflow."""
        workflow_id, arguments = self.start_of(name)
        return self.client.start_workflow(self.workflow, args=arguments, id=workflow_id, task_queue=self.queue)

    async def run(self, name: str, number: int) -> Run:
        """Run `number` workflows to their end."""
        began, before = time.monotonic(), cpu_ms(self.worker)
        await self._each(name, number, lambda handle: handle.result())
        seconds = time.monotonic() - began
        return Run(number / seconds, (cpu_ms(self.worker) - before) / number)

    async def let_wait(self, number: int) -> None:
        """Start `number` workflows, and return when all of them wait."""
        await self._each("waiting", number, self._until_it_waits)

    async def _each(
        self, name: str, number: int, until: Callable[[WorkflowHandle[Any, Any]], Awaitable[object]]
    ) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> None:
            async with slots:
                await until(await self.start(name))

        await asyncio.gather(*(one(f"{name}-{which}") for which in range(number)))

    async def _until_it_waits(self, handle: WorkflowHandle[Any, Any]) -> None:
        while True:
            pending = (await handle.describe()).raw_description.pending_activities
            if any(one.activity_type.name == self.waits_for for one in pending):
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def history(self) -> Mapping[str, int]:
        """What a single workflow costs in Temporal's history."""
        handle = await self.start("alone")
        await handle.result()
        kinds = [event.event_type async for event in handle.fetch_history_events()]
        return {
            "activities": kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED),
            "workflow_tasks": kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED),
            "events": len(kinds),
        }


@contextlib.asynccontextmanager
async def our_side(server: TemporalServer, concurrency: int, *, waits: bool = False) -> AsyncIterator[Side]:
    """Run our worker with `CreatePrivateLink`. The sandbox tells it, once, in which account it is."""
    command = ["-m", "bench.standing_in", *(["--wait"] if waits else [])]
    client = await Client.connect(server.address, namespace=server.namespace, data_converter=DATA_CONVERTER)
    with tempfile.TemporaryDirectory() as directory:
        async with (
            running_sandbox(Path(directory), 1) as sandbox,
            _worker(server, command, **sandbox["env"], PRIVATELINK_CONCURRENCY=str(concurrency)) as worker,
        ):
            yield Side(client, worker, "CreatePrivateLink", TASK_QUEUE, _create_of, WAITING_STEP)


@contextlib.asynccontextmanager
async def bare_side(server: TemporalServer, concurrency: int, *, waits: bool = False) -> AsyncIterator[Side]:
    """Run the bare worker."""
    options = json.dumps([concurrency, STICKY.total_seconds(), GRACE.total_seconds()])
    client = await Client.connect(server.address, namespace=server.namespace)
    workflow = BareWait if waits else Bare
    async with _worker(server, ["-m", "bench.bare", options]) as worker:
        yield Side(client, worker, workflow.__name__, BARE_QUEUE, lambda name: (name, []), wait_for_ever.__name__)


def _create_of(name: str) -> tuple[str, list[Any]]:
    request = link_request(_SEED, name)
    return request.link.workflow_id, [request]


@contextlib.asynccontextmanager
async def _worker(server: TemporalServer, command: list[str], **settings: str) -> AsyncIterator[int]:
    """Run a worker until the block ends. Gives its process ID, which it prints when it begins to work."""
    with tempfile.TemporaryDirectory() as byte_code, tempfile.TemporaryFile() as log:
        environment = {
            **os.environ,
            # The SDK's sandbox imports a workflow's module for each run, from source if no byte code is cached.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": byte_code,
            "TEMPORAL_ADDRESS": server.address,
            "TEMPORAL_NAMESPACE": server.namespace,
            **settings,
        }
        program = [sys.executable, *command]
        async with held(
            program, grace_seconds=0, log=log, environment=environment, directory=ROOT, read_output=True
        ) as process:
            assert process.stdout is not None  # noqa: S101 - asked for above
            line = await process.stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(f"running {' '.join(command)}: it ended at once: {log.read().decode()}")
            yield int(line)


def program_of(lifeline: int) -> int:
    """Process ID of the program that a lifeline holds."""
    return int(Path(f"/proc/{lifeline}/task/{lifeline}/children").read_text().split()[0])


def cpu_ms(process: int) -> float:
    """Processor time that the process has used so far, in ms."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def resident_mib(process: int) -> float:
    """Resident memory of the process, in MiB: all of it, as a pod is charged for a worker that runs alone."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:")) / 1024
