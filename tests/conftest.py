"""Fixtures that the tests of every folder use: the sandbox, a real Temporal server, a worker."""

from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client

from privatelink.temporal.payloads import DATA_CONVERTER
from privatelink.temporal.search_attributes import ensure_search_attributes
from scripts.temporal_server import TemporalServer, temporal_server
from tests.support.deadlines import SetDeadlines, set_pace_and_deadlines
from tests.support.receiver import Receiver, running_receiver
from tests.support.requests import SECRET, SECRET_VARIABLE
from tests.support.sandbox import Sandbox, running_sandbox
from tests.support.secrets import SecretsWatch, watching_secrets
from tests.support.world import World, working_world
from workflows.saga.deadlines import deadlines


@pytest.fixture(scope="session", autouse=True)
def _pace_and_deadlines() -> None:
    """Deadlines are two minutes of our clock: what a loaded machine does to them is no law of ours."""
    set_pace_and_deadlines(120)


@pytest.fixture
def set_deadlines() -> Iterator[SetDeadlines]:
    """Sets deadlines in seconds of our clock, until the test ends."""
    with pytest.MonkeyPatch.context() as environment:
        yield SetDeadlines(environment)
    deadlines.cache_clear()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox for the whole run."""
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox in its seeded state, with the environment of a worker that talks to it."""
    sandbox_process.reset()
    for name, value in sandbox_process.env.items():
        monkeypatch.setenv(name, value)
    return sandbox_process


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[TemporalServer]:
    """One Temporal server for the whole run."""
    async with temporal_server() as running:
        yield running


@pytest.fixture(scope="session")
async def client(server: TemporalServer) -> Client:
    """A client whose namespace has our search attributes."""
    connected = await Client.connect(server.address, namespace=server.namespace, data_converter=DATA_CONVERTER)
    await ensure_search_attributes(connected)
    return connected


@pytest.fixture
async def world(sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A fresh sandbox and a worker that talks to it; the connector's secret is the worker's alone."""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    async with working_world(sandbox, client) as running:
        yield running


@pytest.fixture
async def secrets_watch(world: World) -> AsyncIterator[SecretsWatch]:
    """What the test has logged so far, and the secrets in use in it; scanned at its end."""
    with watching_secrets(world.sandbox) as watch:
        yield watch
        assert await watch.found(world) == []


@pytest.fixture(autouse=True)
def _no_secret(request: pytest.FixtureRequest) -> None:
    """Every test that runs sagas is scanned: no secret in use may be in a log record or in a saga's history."""
    if "world" in request.fixturenames and isinstance(request.getfixturevalue("world"), World):
        request.getfixturevalue("secrets_watch")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver of notifications that a worker's settings name."""
    with running_receiver() as running:
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running
