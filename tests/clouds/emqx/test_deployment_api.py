"""A deployment's own API, against the sandbox."""

import asyncio
from typing import Any

import httpx
import pytest

from clouds.emqx.deployment_api import DeploymentApi, DeploymentApis
from clouds.emqx.errors import message_of
from clouds.emqx.http import Api
from privatelink.errors import CloudRefused, PlatformKeyRefused
from privatelink.model.names import Link
from runtime.settings import Settings
from tests.support.sandbox import Sandbox

LINK = Link(deployment="w41b11c0", name="orders-db")
BODY: dict[str, Any] = {"type": "mysql", "name": "orders", "server": "vpce-1.example.com:3306", "database": "orders"}


@pytest.fixture
def api(sandbox: Sandbox) -> DeploymentApi:
    """The sandbox's deployment."""
    assert sandbox.endpoint
    return DeploymentApis(Settings.from_environment().deployment_access).of(LINK.deployment)


async def test_a_connector_is_created_listed_and_deleted(api: DeploymentApi, sandbox: Sandbox) -> None:
    """The whole life; an id's colon is escaped on its way."""
    await api.create_connector(BODY)
    (connector,) = await api.list_connectors()
    assert (connector.id, connector.raw["server"]) == ("mysql:orders", "vpce-1.example.com:3306")
    assert len(connector.node_status) == 2
    await api.delete_connector("mysql:orders")
    await api.delete_connector("mysql:orders")
    assert sandbox.books().get("connectors", {}) == {}


async def test_a_connector_in_use_is_refused_with_what_to_delete_first(api: DeploymentApi, sandbox: Sandbox) -> None:
    """EMQX says BAD_REQUEST for it, which is no fault of what was asked."""
    await api.create_connector(BODY)
    env = sandbox.env
    async with httpx.AsyncClient(
        auth=(env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"])
    ) as person:
        action = {"type": "mysql", "name": "write", "connector": "orders"}
        await person.post(f"{env['EMQXCLOUD_DEPLOYMENT_ENDPOINT']}/actions", json=action)
    with pytest.raises(CloudRefused) as refused:
        await api.delete_connector("mysql:orders")
    assert "actions and sources" in refused.value.details_model.next_step


async def test_a_name_is_a_key(api: DeploymentApi) -> None:
    """The second create of a name is refused with a code that a caller can ask for."""
    await api.create_connector(BODY)
    with pytest.raises(CloudRefused) as refused:
        await api.create_connector(BODY)
    assert refused.value.cloud_code == "ALREADY_EXISTS"


async def test_a_failed_probe_has_a_reason_and_stores_nothing(api: DeploymentApi, sandbox: Sandbox) -> None:
    """The reason is asked for, never part of the sentence by itself."""
    with pytest.raises(CloudRefused) as refused:
        await api.probe_connector(BODY)
    assert (refused.value.cloud_code, message_of(refused.value)) == ("TEST_FAILED", "nxdomain")
    assert "nxdomain" not in refused.value.message
    assert sandbox.books().get("connectors", {}) == {}


@pytest.mark.usefixtures("sandbox")
def test_without_a_key_the_sentence_names_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every installation has one, so its absence can be asked for, or is reported."""
    for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
        monkeypatch.delenv(f"EMQXCLOUD_DEPLOYMENT_{name}")
    apis = DeploymentApis(Settings.from_environment().deployment_access)
    assert apis.find(LINK.deployment) is None
    with pytest.raises(PlatformKeyRefused, match="EMQXCLOUD_DEPLOYMENT_ENDPOINT"):
        apis.of(LINK.deployment)


async def test_what_nobody_uses_any_more_is_let_go(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker serves many deployments in its life; one whose reading is waited for stays."""
    assert sandbox.endpoint
    apis = DeploymentApis(Settings.from_environment().deployment_access)
    kept = apis.of("w0")
    for number in range(1, 50):
        apis.of(f"w{number}")
    monkeypatch.setattr("clouds.emqx.deployment_api.IDLE_SECONDS", 0.0)
    waiting = asyncio.create_task(apis.of(LINK.deployment).connectors.reading())
    await asyncio.sleep(0)
    apis.of("w50")
    assert len(apis) == 2
    assert apis.of("w0") is not kept
    await waiting


async def test_a_gateway_that_goes_meanwhile_hides_no_other(
    api: DeploymentApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404 is about one path, and says nothing of the others."""
    send = Api.send

    async def answer(self: Api, method: str, path: str, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - as it is
        if path == "/gateways":
            return [{"name": "stomp", "status": "running"}, {"name": "coap", "status": "running"}]
        if path == "/gateways/coap/authentication":
            return {"server": "vpce-1.example.com:3306"}
        return await send(self, method, path, *arguments, **more)

    monkeypatch.setattr(Api, "send", answer)
    holders = await api.list_holders()
    assert [str(one) for one in holders.found if one.dials("vpce-1.example.com")] == ["gateway coap"]
