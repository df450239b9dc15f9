"""A link in both clouds as far as a test of removals and places needs it, made by our own steps."""

from typing import Any

import httpx
import pytest

from activities import inputs
from activities.checks.address_users import AddressUsers
from activities.endpoint_connections import EndpointConnections
from activities.private_links import PrivateLinks
from activities.removal import Removals
from activities.support.inventory_reader import InventoryReader
from clouds.aws.tags import COMPLETE, add_ec2_tags
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from privatelink.model.names import TAG_COMPLETE, Place
from runtime.settings import Settings
from tests.support.sandbox import Sandbox
from tests.support.steps import CONSUMER, PROVIDER, Provider, a_deadline, a_scope, address_users, perform

HERE = Place(account=PROVIDER, region="us-east-1", mode="api")


class StandingLink:
    """The clouds, and a link in them as far as a test needs it."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Everything quick."""
        self.provider = Provider(sandbox)
        sandbox.durations(platform_endpoint=5, platform_running=2, platform_delete=4, connector_connected=0)
        self.platform = Platform(Settings.from_environment().platform)
        self._monkeypatch = monkeypatch
        self.address = ""

    @property
    def steps(self) -> Removals:
        """The steps under test, with the settings of now."""
        apis = DeploymentApis(Settings.from_environment().deployment_access)
        return Removals(InventoryReader(self.provider.aws, self.platform, apis), AddressUsers(apis))

    def without_deployment_key(self) -> None:
        """A worker that was given no API key of the deployment."""
        for name in ("ENDPOINT", "API_KEY", "API_SECRET"):
            self._monkeypatch.delenv(f"EMQXCLOUD_DEPLOYMENT_{name}")

    async def ask(self, place: Place | None = HERE) -> inputs.ConnectionWait:
        """An endpoint service and a PrivateLink that nobody has accepted; its description names this place."""
        service = await self.provider.make_endpoint_service()
        made = await perform(
            PrivateLinks(self.platform, self.provider.aws, address_users()).create_private_link,
            inputs.PrivateLinkSpec(scope=a_scope().model_copy(update={"place": place}), endpoint_service=service),
        )
        return inputs.ConnectionWait(
            scope=a_scope(),
            endpoint_service=service,
            private_link=made,
            consumer_account_id=CONSUMER,
            deadline=a_deadline(),
        )

    async def mark_complete(self, service_id: str) -> None:
        """The create of the link ended well."""
        await add_ec2_tags(self.provider.account, service_id, [{"Key": TAG_COMPLETE, "Value": COMPLETE}])

    async def run(self, place: Place | None = HERE) -> inputs.ConnectionWait:
        """A PrivateLink that runs."""
        spec = await self.ask(place)
        connections = EndpointConnections(self.provider.aws, self.platform)
        connection = (await perform(connections.wait_for_endpoint_connection, spec)).connection
        assert connection
        await perform(
            connections.accept_endpoint_connection,
            inputs.Acceptance(scope=a_scope(), connection=connection, deadline=a_deadline()),
        )
        deadline = inputs.PrivateLinkWait(scope=a_scope(), private_link=spec.private_link, deadline=a_deadline())
        self.address = await perform(
            PrivateLinks(self.platform, self.provider.aws, address_users()).wait_for_private_link, deadline
        )
        return spec

    def post(self, path: str, body: dict[str, Any], method: str = "POST") -> None:
        """Make something in the deployment by hand."""
        env = self.provider.sandbox.env
        answer = httpx.request(
            method,
            f"{env['EMQXCLOUD_DEPLOYMENT_ENDPOINT']}{path}",
            json=body,
            auth=(env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"]),
        )
        assert answer.is_success, answer.text

    def connect(self, name: str, server: str, described: str = "") -> None:
        """A connector to a server, by hand."""
        self.post(
            "/connectors",
            {
                "type": "mysql",
                "name": name,
                "description": described,
                "server": server,
                "database": "orders",
                "username": "emqx",
                "password": "nobody-reads-this",
            },
        )
