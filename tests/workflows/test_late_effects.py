"""A call under way when a create is given up: its effect is waited for, and removed."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from temporalio.client import Client

from clouds.emqx import http
from privatelink.errors import Cancelled
from tests.support.holding import holding_proxy
from tests.support.laws import NOTHING
from tests.support.requests import full_request
from tests.support.sandbox import Sandbox
from tests.support.world import working_world
from workflows.saga import options

HELD = 6.0
"""For how long the platform holds a create, in seconds of our clock."""

ENDPOINT = "EMQXCLOUD_PLATFORM_ENDPOINT"


@pytest.mark.parametrize("waits", [HELD * 3, HELD / 3], ids=["while it is waited for", "after its time-out"])
async def test_a_create_that_the_platform_holds_leaves_nothing_after_a_rollback(
    sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch, waits: float
) -> None:
    """Cancelled while the platform holds the call, which it may do for minutes: whenever it acts, nothing is left."""
    monkeypatch.setattr(http, "CALL_SECONDS", waits)
    # An activity hears of a cancel by its heartbeats, and must hear of it while the call is held.
    monkeypatch.setattr(options, "_BEAT", timedelta(seconds=5))
    platform = urlsplit(sandbox.env[ENDPOINT])
    with holding_proxy(f"{platform.scheme}://{platform.netloc}") as proxy:
        monkeypatch.setenv(ENDPOINT, proxy.endpoint + platform.path)
        proxy.holds["POST"] = HELD
        async with working_world(sandbox, client) as world:
            saga = await world.links.start_create(full_request(sandbox, connector=None))
            async with asyncio.timeout(60):
                while not proxy.held:  # noqa: ASYNC110 - another thread writes it
                    await asyncio.sleep(0.05)
            await saga.cancel("test")
            with pytest.raises(Cancelled):
                await saga.result()
        assert proxy.passed_on.count(proxy.held[0]) == 1, "the saga ended before the platform had acted"
    assert sandbox.books() == NOTHING
