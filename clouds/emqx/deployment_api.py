"""A deployment's own API, the broker's `/api/v5`: the connectors of its data integration ("Deployment API")."""

from pydantic import JsonValue

from clouds.emqx.errors import NOT_FOUND
from clouds.emqx.http import Api, path_of, read_as
from clouds.emqx.wire import CONNECTOR, CONNECTORS, CONNECTORS_PROBE, CONNECTORS_SHAPE, ConnectorRow
from clouds.settings import ApiAccess, Settings
from clouds.shared_views import SharedView
from privatelink.errors import CloudRefused, PlatformKeyRefused

LIST_SECONDS = 15.0
"""Least time between two readings, over time: one call asks every node of the deployment, and a node looks at a
connector as often (`health_check_interval`). A lone saga's few readings are a burst."""


class DeploymentApi:
    """The API of one deployment. EMQX allows 100 calls a second of it, far above what links need, so no budget."""

    def __init__(self, deployment: str, access: ApiAccess) -> None:
        """One for the whole worker: the view is shared by all sagas."""
        self._api = Api(f"the API of deployment {deployment}", access)
        self.connectors: SharedView[tuple[ConnectorRow, ...]] = SharedView(
            self.list_connectors, least_interval=LIST_SECONDS
        )
        self._deployment = deployment

    async def list_connectors(self) -> tuple[ConnectorRow, ...]:
        """All connectors, with their status on every node."""
        call = self._api.call_of("listing the connectors of the deployment", self._deployment)
        return read_as(CONNECTORS_SHAPE, await self._api.send("GET", CONNECTORS, call), call)

    async def probe_connector(self, body: dict[str, JsonValue]) -> None:
        """Try to connect, on the one node that takes the call; nothing is stored. Raises with code `TEST_FAILED`."""
        call = self._api.call_of("probing the connector", f"{body['type']}:{body['name']}")
        await self._api.send("POST", CONNECTORS_PROBE, call, body=body)

    async def create_connector(self, body: dict[str, JsonValue]) -> None:
        """Create; its name is its key, so the same again is refused with code `ALREADY_EXISTS`."""
        call = self._api.call_of("creating the connector", f"{body['type']}:{body['name']}")
        await self._api.send("POST", CONNECTORS, call, body=body)

    async def delete_connector(self, connector_id: str) -> None:
        """Delete; absent is success. EMQX refuses while actions or sources use it, and we never ask it to cascade."""
        call = self._api.call_of("deleting the connector", connector_id)
        try:
            await self._api.send("DELETE", path_of(CONNECTOR, connector=connector_id), call)
        except CloudRefused as error:
            if error.cloud_code != NOT_FOUND:
                raise


class DeploymentApis:
    """Every deployment's API, as the settings give their keys."""

    def __init__(self, settings: Settings) -> None:
        """One for the whole worker."""
        self._settings = settings
        self._apis: dict[str, DeploymentApi] = {}

    def find(self, deployment: str) -> DeploymentApi | None:
        """The API of a deployment, or None when no key of it is set."""
        access = self._settings.deployment_access(deployment)
        if access and deployment not in self._apis:
            self._apis[deployment] = DeploymentApi(deployment, access)
        return self._apis.get(deployment)

    def of(self, deployment: str) -> DeploymentApi:
        """The API of a deployment. Raises `PlatformKeyRefused` when no key of it is set."""
        api = self.find(deployment)
        if api is None:
            raise PlatformKeyRefused(
                f"reaching the API of the deployment ({deployment}): the worker has no API key of it",
                concerns=deployment,
                next_step="set EMQXCLOUD_DEPLOYMENT_ENDPOINT, _API_KEY and _API_SECRET, or list the deployment in the "
                "file that PRIVATELINK_SETTINGS names",
            )
        return api
