"""A Temporal server with its UI, instead of the other folders' headless one, and a browser on it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser
from temporalio.client import Client

from privatelink.client.links import SagaHandle
from privatelink.temporal.payloads import DATA_CONVERTER
from privatelink.temporal.search_attributes import ensure_search_attributes
from scripts.chromium import ChromiumError, chromium, find_chromium
from scripts.temporal_server import TemporalServer, temporal_server
from scripts.temporal_ui import TemporalUi
from tests.support.person import CONSOLE, Person
from tests.support.requests import full_request
from tests.support.world import World
from workflows.platform_side import BY_HAND

LINK = "w41b11c0/orders-db"
WORKFLOW_ID = "privatelink:w41b11c0:orders-db"


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[TemporalServer]:
    """One Temporal server with its UI for this folder."""
    async with temporal_server(ui=True) as running:
        yield running


@pytest.fixture(scope="session")
async def client(server: TemporalServer) -> Client:
    """A client of that server."""
    connected = await Client.connect(server.address, namespace=server.namespace, data_converter=DATA_CONVERTER)
    await ensure_search_attributes(connected)
    return connected


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for this folder, where the machine has one."""
    try:
        find_chromium()
    except ChromiumError as error:
        pytest.skip(str(error))
    async with chromium() as running:
        yield running


@pytest.fixture
async def ui(browser: Browser, server: TemporalServer) -> AsyncIterator[TemporalUi]:
    """The UI as somebody sees it who opens it for the first time."""
    if server.ui_url is None:
        pytest.skip("TEMPORAL_ADDRESS names a server whose UI is not known")
    page = await browser.new_page()
    yield TemporalUi(page, server.ui_url, server.namespace)
    await page.close()


@pytest.fixture
def person(world: World) -> Person:
    """Who is asked."""
    return Person(world, LINK)


@pytest.fixture
async def waiting(world: World, person: Person) -> AsyncIterator[SagaHandle]:
    """A create that waits for a person's clicks at EMQX's console; cancelled at the end, when it still runs."""
    saga = await world.links.start_create(full_request(world.sandbox, platform=CONSOLE, connector=None))
    await person.asked(BY_HAND)
    yield saga
    handle = world.handle(LINK)
    if (await handle.describe()).close_time is None:
        await handle.cancel()
        await person.sees(lambda seen: seen.phase.ends)
