"""A worker in this process against the sandbox, and the client of a backend service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from privatelink import Link, PrivateLinks
from runtime.settings import Settings
from tests.support.judged import JudgedLinks, WorldJudge
from tests.support.sandbox import Sandbox
from tests.support.step_faults import StepFaults
from worker import build_worker


@dataclass
class World:
    """What a test of a workflow needs."""

    sandbox: Sandbox
    client: Client
    links: PrivateLinks
    faults: StepFaults

    def handle(self, link: str) -> "WorkflowHandle[object, object]":
        """Temporal's handle for the link's latest saga."""
        return self.client.get_workflow_handle(Link.parse(link).workflow_id)


@asynccontextmanager
async def working_world(sandbox: Sandbox, client: Client) -> AsyncIterator[World]:
    """Run a worker with this process's current environment until the block ends.

    The block ends with an error unless everything that its sagas say at their ends is true.
    """
    faults = StepFaults()
    try:
        with WorldJudge.of(sandbox) as judge:
            async with build_worker(client, Settings.from_environment(), interceptors=[faults]):
                yield World(sandbox, client, JudgedLinks(client, judge), faults)
    finally:
        # A saga that a test leaves running would be joined by the next test that creates the same link.
        for workflow_id, run_id in faults.runs:
            with suppress(RPCError):
                await client.get_workflow_handle(workflow_id, run_id=run_id).terminate("its test has ended")
