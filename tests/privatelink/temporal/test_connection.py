"""The connection to Temporal: what is given goes before what is set, and every trouble has a name."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from temporalio.client import Client

from privatelink import PrivateLinks
from privatelink.client import answering
from privatelink.errors import NoWorker, TemporalUnreachable
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.request_files import read_request
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


@pytest.fixture
async def noise() -> AsyncIterator[list[object]]:
    """What asyncio says of exceptions that nobody has taken."""
    heard: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: heard.append(context))
    yield heard
    loop.set_exception_handler(None)


@pytest.mark.parametrize("trouble", [NoWorker, TemporalUnreachable])
async def test_a_start_that_fails_is_told_once_by_what_is_raised(
    request_file: str, client: Client, noise: list[object], monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    """The SDK keeps the same error in a future of its own, which must not die with an exception that nobody took."""
    request = read_request(request_file).model_copy(update={"name": "noise"})
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 0.3)
    namespace = client.namespace if trouble is NoWorker else "nowhere"
    links = PrivateLinks(Client(client.service_client, namespace=namespace, data_converter=client.data_converter))
    try:
        await _fails(links, request, trouble)
    finally:
        if trouble is NoWorker:
            await client.get_workflow_handle(request.link.workflow_id).terminate("its test has ended")
    gc.collect()
    await asyncio.sleep(0)
    assert noise == []


async def _fails(links: PrivateLinks, request: PrivateLinkRequest, trouble: type[Exception]) -> None:
    with pytest.raises(trouble):
        await links.start_create(request)


ASKED: dict[str, Callable[[PrivateLinks], Awaitable[object]]] = {
    "status": lambda links: links.status("w41b11c0/orders-db"),
    "delete": lambda links: links.delete("w41b11c0/orders-db"),
    "pause": lambda links: links.pause("w41b11c0/orders-db", reason="freeze"),
    "roll_back": lambda links: links.roll_back("w41b11c0/orders-db", reason="stuck"),
    "confirm": lambda links: links.confirm("w41b11c0/orders-db"),
    "list": lambda links: links.list(),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_a_namespace_that_is_not_there_is_never_taken_for_a_link_that_is_not(client: Client, asked: str) -> None:
    """Temporal has one code for both, and who mistyped the one must not hear that a running link is unknown."""
    links = PrivateLinks(Client(client.service_client, namespace="nowhere", data_converter=client.data_converter))
    with pytest.raises(TemporalUnreachable, match="Namespace nowhere is not found") as caught:
        await ASKED[asked](links)
    assert "temporal operator namespace create --namespace nowhere" in caught.value.details_model.next_step
