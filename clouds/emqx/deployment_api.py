"""A deployment's own API, the broker's `/api/v5` ("Deployment API"): connectors, and what else dials an address."""

import asyncio
import time
from collections.abc import Callable, Iterable

from pydantic import JsonValue, TypeAdapter

from clouds.api_access import ApiAccess
from clouds.emqx.address_holders import (
    GATEWAY,
    GATEWAY_AUTHENTICATION,
    GATEWAYS,
    KINDS,
    UNLOADED,
    Holder,
    Holders,
    Kind,
    Unread,
    holders_in,
)
from clouds.emqx.errors import BAD_REQUEST, NOT_FOUND, Call
from clouds.emqx.http import Api, Content, path_of, read_as
from clouds.emqx.wire import (
    CONNECTOR,
    CONNECTOR_SHAPE,
    CONNECTORS,
    CONNECTORS_PROBE,
    CONNECTORS_SHAPE,
    ConnectorRow,
)
from clouds.polling.shared_poller import SharedPoller
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import AccessDenied, CloudRefused, PlatformKeyRefused

LIST_SECONDS = 15.0
"""Average minimum seconds between two readings. One call asks every node of the deployment, and a node checks a
connector just as often (`health_check_interval`). A lone saga's few readings fit in the burst."""

IDLE_SECONDS = 3600.0
"""Seconds (our clock) that a deployment's API is kept after its last use. It remembers what its key was allowed."""

READS_AT_ONCE = 4
"""Concurrent reads of the places that may hold addresses: fast enough, and no burst of calls to a deployment's API."""

_LISTING: TypeAdapter[list[JsonValue] | dict[str, JsonValue]] = TypeAdapter(list[JsonValue] | dict[str, JsonValue])


class DeploymentApi:
    """The API of one deployment. All sagas of the worker share it.

    It has no budget: EMQX allows 100 calls per second, far more than links need.
    """

    def __init__(self, deployment: str, access: ApiAccess, workers: WorkerCount) -> None:
        self._api = Api(f"the API of deployment {deployment}", access)
        self.connectors: SharedPoller[tuple[ConnectorRow, ...]] = SharedPoller(
            self.list_connectors, least_interval=LIST_SECONDS, workers=workers
        )
        self.holders: SharedPoller[Holders] = SharedPoller(
            self.list_holders, least_interval=LIST_SECONDS, workers=workers
        )
        self._deployment = deployment
        self.access = access
        self.last_used = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether it has not been used for long and nothing is waiting for a reading."""
        is_old = self.last_used < time.monotonic() - IDLE_SECONDS
        return is_old and all(view.is_idle(0) for view in (self.connectors, self.holders))

    async def list_connectors(self) -> tuple[ConnectorRow, ...]:
        """All connectors, with their status on every node."""
        call = self._api.call_of("listing the connectors of the deployment", self._deployment)
        return read_as(CONNECTORS_SHAPE, await self._api.send("GET", CONNECTORS, call), call)

    async def list_holders(self) -> Holders:
        """Everything besides connectors that may hold an address, and the kinds that the API key may not read."""
        turns = asyncio.Semaphore(READS_AT_ONCE)

        async def look(kind: Kind) -> Holders:
            async with turns:
                try:
                    return Holders(found=tuple(await self._holders_of(kind)))
                except AccessDenied as error:
                    return Holders(unread=(Unread(kind, error),))

        looks = await asyncio.gather(*(look(kind) for kind in (*KINDS, GATEWAYS)))
        return Holders(
            found=tuple(one for holders in looks for one in holders.found),
            unread=tuple(one for holders in looks for one in holders.unread),
        )

    async def _holders_of(self, kind: Kind) -> Iterable[Holder]:
        answered = await self._look_at(kind.path, Content.SOME)
        if answered is None:
            return ()
        listed = read_as(_LISTING, answered, self._reading(kind.path))
        if kind is not GATEWAYS:
            return holders_in(kind, listed)
        loaded = [
            one["name"]
            for one in listed
            if isinstance(one, dict) and isinstance(one.get("name"), str) and one.get("status") != UNLOADED
        ]
        return [await self._gateway(str(name)) for name in loaded]

    async def _gateway(self, name: str) -> Holder:
        """A gateway with all of its configuration. EMQX versions differ in whether that includes its authenticator."""
        paths = [path_of(template, gateway=name) for template in (GATEWAY, GATEWAY_AUTHENTICATION)]
        return Holder(GATEWAYS, name, [await self._look_at(path, Content.EITHER) for path in paths])

    async def _look_at(self, path: str, content: Content) -> JsonValue:
        """The content of a path; None if this version of EMQX lacks the path, or nothing is there any more."""
        try:
            return await self._api.send("GET", path, self._reading(path), content=content)
        except CloudRefused as error:
            if error.cloud_code == NOT_FOUND:
                return None
            raise

    def _reading(self, path: str) -> Call:
        return self._api.call_of(f"reading {path} of the deployment", self._deployment)

    async def probe_connector(self, body: dict[str, JsonValue]) -> None:
        """Try to connect, on the node that takes the call; nothing is stored. A failure has the code `TEST_FAILED`."""
        call = self._api.call_of("probing the connector", f"{body['type']}:{body['name']}")
        await self._api.send("POST", CONNECTORS_PROBE, call, body=body, content=Content.NONE)

    async def create_connector(self, body: dict[str, JsonValue]) -> None:
        """Create a connector. The name is its key, so EMQX refuses a second one with the code `ALREADY_EXISTS`."""
        call = self._api.call_of("creating the connector", f"{body['type']}:{body['name']}")
        read_as(CONNECTOR_SHAPE, await self._api.send("POST", CONNECTORS, call, body=body), call)

    async def delete_connector(self, connector_id: str) -> None:
        """Delete a connector. Success if absent. EMQX refuses while actions or sources use it; we never cascade."""
        call = self._api.call_of("deleting the connector", connector_id)
        try:
            path = path_of(CONNECTOR, connector=connector_id)
            await self._api.send("DELETE", path, call, content=Content.NONE)
        except CloudRefused as error:
            if error.cloud_code == NOT_FOUND:
                return
            if error.cloud_code == BAD_REQUEST:
                raise CloudRefused(
                    error.details_model.message,
                    resource=connector_id,
                    next_step="delete the actions and sources that use it, starting with their rules",
                ) from error.__cause__
            raise


class DeploymentApis:
    """The APIs of all deployments, with the keys from the settings. Idle ones are dropped. One for the whole worker."""

    def __init__(self, access_of: Callable[[str], ApiAccess | None], workers: WorkerCount | None = None) -> None:
        """`access_of` finds a deployment's API in the settings, or None when the worker has no key for it.

        `workers`: those that read the same APIs and divide the readings; None when this one is alone.
        """
        self._access_of = access_of
        self._workers = workers or WorkerCount()
        self._apis: dict[str, DeploymentApi] = {}

    def __len__(self) -> int:
        """Number of APIs that are kept."""
        return len(self._apis)

    def find(self, deployment: str) -> DeploymentApi | None:
        """The API of a deployment, or None when the worker has no key for it."""
        access = self._access_of(deployment)
        if access is None:
            return None
        api = self._apis.get(deployment)
        if api is None or api.access != access:
            self._apis = {id_: one for id_, one in self._apis.items() if not one.is_idle}
            api = self._apis[deployment] = DeploymentApi(deployment, access, self._workers)
        api.last_used = time.monotonic()
        return api

    def of(self, deployment: str) -> DeploymentApi:
        """The API of a deployment. Raises `PlatformKeyRefused` when the worker has no key for it."""
        api = self.find(deployment)
        if api is None:
            raise PlatformKeyRefused(
                f"reaching the API of the deployment ({deployment}): the worker has no API key of it",
                resource=deployment,
                next_step="set EMQXCLOUD_DEPLOYMENT_ENDPOINT, _API_KEY and _API_SECRET, or list the deployment in the "
                "file that PRIVATELINK_SETTINGS names",
            )
        return api
