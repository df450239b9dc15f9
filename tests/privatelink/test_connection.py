"""The connection to Temporal: what is given goes before what is set."""

import pytest
from temporalio.client import Client

from privatelink import PrivateLinks
from privatelink.errors import TemporalUnreachable
from scripts.temporal_server import TemporalServer


async def test_a_given_address_goes_before_the_environment(
    client: Client, server: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend may keep the address in its own settings."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    links = await PrivateLinks.connect(server.address, client.namespace)
    assert await links.list(deployment="nobody") == []


async def test_an_address_where_nobody_listens_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what was tried and what to do."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(TemporalUnreachable, match=r"127\.0\.0\.1:1") as caught:
        await PrivateLinks.connect()
    assert "start the server" in caught.value.details_model.next_step
