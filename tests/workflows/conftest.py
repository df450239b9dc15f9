"""A real Temporal server, a worker of this process, and the client of a backend service, against the sandbox."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from temporalio.client import Client, WorkflowHandle

from clouds.settings import Settings
from privatelink import Link, PrivateLinks
from privatelink.payloads import DATA_CONVERTER
from privatelink.search_attributes import ensure_search_attributes
from scripts.temporal_server import TemporalServer, temporal_server
from tests.support.requests import SECRET, SECRET_NAME
from tests.support.sandbox import Sandbox
from tests.support.step_faults import StepFaults
from worker import build_worker


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[TemporalServer]:
    """One server for the whole run."""
    async with temporal_server() as running:
        yield running


@pytest.fixture(scope="session")
async def client(server: TemporalServer) -> Client:
    """A client whose namespace has our search attributes."""
    connected = await Client.connect(server.address, namespace=server.namespace, data_converter=DATA_CONVERTER)
    await ensure_search_attributes(connected)
    return connected


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


@pytest.fixture
async def world(sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A fresh sandbox and a worker that talks to it; the connector's secret is the worker's alone."""
    monkeypatch.setenv(SECRET_NAME, SECRET)
    faults = StepFaults()
    async with build_worker(client, Settings.from_environment(), interceptors=[faults]):
        yield World(sandbox, client, PrivateLinks(client), faults)
