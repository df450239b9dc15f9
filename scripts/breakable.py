"""A stage whose programs can be killed: Temporal on a database file, the sandbox, any number of workers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from privatelink.model.names import TASK_QUEUE
from privatelink.temporal.payloads import DATA_CONVERTER
from privatelink.temporal.search_attributes import ensure_search_attributes
from scripts.held import held
from scripts.programs import ROOT, without_clouds
from scripts.stage import PASSWORD_VARIABLE
from scripts.temporal_server import temporal_server
from workflows.saga.deadlines import Deadlines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

START_SECONDS = 120.0
"""Maximum seconds from a program's start until it is ready. An idle machine needs 2 s."""

LOOK_SECONDS = 0.1
"""Seconds between two checks for something that starts or comes back."""

WORKER = ("worker.py",)
"""Python's arguments that run the product's worker."""

PATIENCE_SECONDS = 1200
"""Every deadline, in real seconds: a crash costs real time even when the clouds' clock runs fast."""

_MANY = 1_000_000

_GIVEN_UP = frozenset({RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.UNAVAILABLE})


class BreakableStage:
    """Everything on one machine. Each program can be killed (SIGKILL) and started again; all end with the block.

    The platform's hourly limits are lifted, because a study of crashes has no use for queues. `temporal_address` and
    the server's data survive every restart. A server that `TEMPORAL_ADDRESS` names is left alone.
    """

    def __init__(
        self, speed: float, *, worker: Sequence[str] = WORKER, settings: Mapping[str, str] | None = None
    ) -> None:
        """`speed` is that of the sandbox's clock; `settings` are added to the workers' usual environment."""
        self.speed = speed
        self._worker = worker
        self._settings = dict(settings or {})
        self._deadlines = {
            f"PRIVATELINK_DEADLINE_{name.upper()}": f"{PATIENCE_SECONDS * speed:g}" for name in Deadlines.model_fields
        }
        self._everything = contextlib.AsyncExitStack()
        self._temporal = contextlib.AsyncExitStack()
        self._workers: dict[str, contextlib.AsyncExitStack] = {}
        self._lifelines: dict[str, int] = {}
        self._identities: set[str] = set()

    async def __aenter__(self) -> Self:
        """Start the server and the sandbox; the caller starts workers."""
        async with contextlib.AsyncExitStack() as building:
            directory = building.enter_context(tempfile.TemporaryDirectory(prefix="privatelink-breakable-"))
            self.directory = Path(directory)
            building.push_async_callback(self._end_temporal)
            await self._start_temporal(port=None)
            await self._start_sandbox(building)
            building.push_async_callback(self._kill_workers)
            self.client = await Client.connect(self.temporal_address, data_converter=DATA_CONVERTER)
            await ensure_search_attributes(self.client)
            self._everything = building.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill everything."""
        await self._everything.aclose()

    async def start_worker(self, name: str) -> None:
        """Start the worker of that name, which must not be running. It asks for work a moment later."""
        environment = {
            **without_clouds(),
            **self.ready["env"],
            "TEMPORAL_ADDRESS": self.temporal_address,
            "PRIVATELINK_PLATFORM_WRITES_PER_HOUR": str(_MANY),
            "PRIVATELINK_PLATFORM_READS_PER_HOUR": str(_MANY),
            PASSWORD_VARIABLE: secrets.token_urlsafe(),
            **self._deadlines,
            **self._settings,
        }
        stack = contextlib.AsyncExitStack()
        log = stack.enter_context((self.directory / f"{name}.log").open("ab"))
        command = [sys.executable, *self._worker]
        lifeline = await stack.enter_async_context(
            held(command, grace_seconds=0, log=log, environment=environment, directory=ROOT)
        )
        self._workers[name] = stack
        self._lifelines[name] = lifeline.pid

    async def freeze_worker(self, name: str) -> None:
        """Stop the worker as if its machine were suspended: it neither works nor dies."""
        await self._signal_worker(name, signal.SIGSTOP)

    async def thaw_worker(self, name: str) -> None:
        """Let a frozen worker continue where it stopped. Does nothing if it was killed in the meantime."""
        await self._signal_worker(name, signal.SIGCONT)

    async def _signal_worker(self, name: str, number: signal.Signals) -> None:
        if name not in self._workers:
            return
        # Signal the worker itself, not its lifeline, which must be able to end it.
        command = ("pkill", f"-{number.name.removeprefix('SIG')}", "-P", str(self._lifelines[name]))
        await (await asyncio.create_subprocess_exec(*command)).wait()

    async def kill_worker(self, name: str) -> None:
        """`kill -9`. Does nothing if the worker does not run."""
        if name in self._workers:
            await self._workers.pop(name).aclose()

    @property
    def running_workers(self) -> tuple[str, ...]:
        """Names of the workers that were started and not killed."""
        return tuple(self._workers)

    async def new_identity(self) -> str:
        """Wait until a worker asks for work for the first time, and return its identity at Temporal."""
        request = DescribeTaskQueueRequest(
            namespace=self.client.namespace,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        async with asyncio.timeout(START_SECONDS):
            while True:
                if new := await self._pollers(request) - self._identities:
                    self._identities |= new
                    return new.pop()
                await asyncio.sleep(LOOK_SECONDS)

    async def _pollers(self, request: DescribeTaskQueueRequest) -> set[str]:
        """Identities of the workers that ask for work; none if a busy server gives up the call."""
        try:
            answer = await self.client.workflow_service.describe_task_queue(request)
        except RPCError as error:
            if error.status not in _GIVEN_UP:
                raise
            return set()
        return {poller.identity for poller in answer.pollers}

    async def restart_temporal(self) -> None:
        """`kill -9` the server and start it again on its database and port; return when it answers."""
        await self._end_temporal()
        await self._start_temporal(port=int(self.temporal_address.rpartition(":")[2]))
        async with asyncio.timeout(START_SECONDS):
            while True:
                with contextlib.suppress(RPCError):
                    await self.client.count_workflows()
                    return
                await asyncio.sleep(LOOK_SECONDS)

    def freeze_sandbox(self) -> None:
        """Stop both clouds from answering, while their clock goes on."""
        self._sandbox.send_signal(signal.SIGSTOP)

    def thaw_sandbox(self) -> None:
        """Let them answer again."""
        self._sandbox.send_signal(signal.SIGCONT)

    async def control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of many shapes
        """One call to the sandbox's control path."""
        async with httpx.AsyncClient(base_url=f"{self.ready['endpoint']}/sandbox", timeout=60, trust_env=False) as http:
            answer = await http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def _start_temporal(self, *, port: int | None) -> None:
        server = await self._temporal.enter_async_context(
            temporal_server(db_filename=self.directory / "temporal.db", port=port)
        )
        self.temporal_address = server.address

    async def _end_temporal(self) -> None:
        await self._temporal.aclose()

    async def _kill_workers(self) -> None:
        for name in self.running_workers:
            await self.kill_worker(name)

    async def _start_sandbox(self, building: contextlib.AsyncExitStack) -> None:
        log = building.enter_context((self.directory / "sandbox.log").open("ab"))
        # Without a lifeline, which would get the signals in its place.
        self._sandbox = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox", "--port", "0", "--speed", str(self.speed), "--exit-with-parent"),
            cwd=ROOT,
            env=without_clouds(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        building.push_async_callback(self._end_sandbox)
        assert self._sandbox.stdout is not None  # noqa: S101 - asked for above
        line = await asyncio.wait_for(self._sandbox.stdout.readline(), START_SECONDS)
        self.ready: dict[str, Any] = json.loads(line)
        await self._lift_limits()

    async def fresh_clouds(self) -> None:
        """Both clouds in their seeded state, without the hourly limits and the quotas."""
        await self.control("POST", "/reset")
        await self._lift_limits()

    async def _lift_limits(self) -> None:
        await self.control("PUT", "/quirks", {"writes_per_hour": _MANY, "reads_per_hour": _MANY})
        await self.control("PUT", "/quotas", {"load_balancers_per_region": _MANY, "interface_endpoints_per_vpc": _MANY})

    async def _end_sandbox(self) -> None:
        if self._sandbox.returncode is None:
            self._sandbox.kill()
        await self._sandbox.communicate()
