"""The whole product on one machine: a Temporal server with its UI, the sandbox as both clouds, and one worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from privatelink.model.names import TASK_QUEUE
from scripts.programs import READY_SECONDS, StageError, last_words, running_program, running_sandbox, without_clouds
from scripts.temporal_server import TemporalServer, temporal_server

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping

LOOK_SECONDS = 0.1
"""Seconds between two checks for the worker at Temporal."""

PASSWORD_NAME = "ORDERS_DB"  # noqa: S105 - the name of a secret
PASSWORD_VARIABLE = f"PRIVATELINK_SECRET_{PASSWORD_NAME}"
"""Variable that holds a database password for the worker, new for every stage. A request uses the secret's name."""


@dataclass(frozen=True)
class Stage:
    """What is running: `sandbox` is the sandbox's ready line; `directory` holds the logs and is deleted at the end."""

    temporal: TemporalServer
    sandbox: Mapping[str, Any]
    worker: Process
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a caller of the product needs: where Temporal is, and no key of any cloud."""
        return _caller_environment(self.temporal, self.sandbox)

    async def run(self, *command: str) -> int:
        """Run a command in `directory`, its output straight to the terminal, and return its exit code.

        Raises StageError when the worker ends in the meantime.
        """
        running = await asyncio.create_subprocess_exec(*command, cwd=self.directory, env=self.environment)
        ends = [asyncio.ensure_future(process.wait()) for process in (running, self.worker)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if running.returncode is None:
                raise StageError(last_words("worker", self.directory))
            return running.returncode
        finally:
            for end in ends:
                end.cancel()
            if running.returncode is None:
                running.terminate()
                await running.wait()

    async def run_page(self, workflow_id: str) -> str | None:
        """Return the URL of this workflow's latest run in the Temporal UI, or None without a UI."""
        client = await Client.connect(self.temporal.address, namespace=self.temporal.namespace)
        run = await client.get_workflow_handle(workflow_id).describe()
        path = f"namespaces/{self.temporal.namespace}/workflows/{quote(workflow_id, safe='')}/{run.run_id}"
        return f"{self.temporal.ui_url}/{path}/history" if self.temporal.ui_url else None


@contextlib.asynccontextmanager
async def stage(speed: float) -> AsyncIterator[Stage]:
    """Start everything, with the sandbox's clock `speed` times as fast as a real cloud's, and stop it at the end.

    Raises NoTemporalError, or StageError when the sandbox or the worker does not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="privatelink-stage-") as name:
        directory = Path(name)
        async with temporal_server(ui=True) as temporal, running_sandbox(directory, speed) as ready:
            worker_environment = (
                _caller_environment(temporal, ready) | ready["env"] | {PASSWORD_VARIABLE: secrets.token_urlsafe()}
            )
            async with running_program("worker", directory, ["worker.py"], worker_environment) as worker:
                await _polling(worker, temporal, directory)
                yield Stage(temporal, ready, worker, directory)


async def _polling(worker: Process, temporal: TemporalServer, directory: Path) -> None:
    """Wait until the worker asks for work, so that the first command finds it there."""
    client = await Client.connect(temporal.address, namespace=temporal.namespace)
    request = DescribeTaskQueueRequest(
        namespace=temporal.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            while worker.returncode is None:
                if (await client.workflow_service.describe_task_queue(request)).pollers:
                    return
                await asyncio.sleep(LOOK_SECONDS)
    raise StageError(last_words("worker", directory))


def _caller_environment(temporal: TemporalServer, ready: Mapping[str, Any]) -> dict[str, str]:
    return without_clouds() | {
        "TEMPORAL_ADDRESS": temporal.address,
        "TEMPORAL_NAMESPACE": temporal.namespace,
        "PRIVATELINK_PACE": ready["env"]["PRIVATELINK_PACE"],
        # The commands of this .venv, whether it is activated or not.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
