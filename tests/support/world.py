"""A worker of this process against the sandbox, and the client of a backend service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client, WorkflowHandle

from clouds.settings import Settings
from privatelink import Link, PrivateLinks
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
        """Temporal's handle of the link's latest saga."""
        return self.client.get_workflow_handle(Link.parse(link).workflow_id)


@asynccontextmanager
async def working_world(sandbox: Sandbox, client: Client) -> AsyncIterator[World]:
    """Run a worker with this process's environment, as it is now, until the block ends."""
    faults = StepFaults()
    async with build_worker(client, Settings.from_environment(), interceptors=[faults]):
        yield World(sandbox, client, PrivateLinks(client), faults)
