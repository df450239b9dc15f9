"""The EMQX platform's API: deployments (published) and PrivateLinks (assumed; see `wire.py`)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from clouds.api_access import ApiAccess
from clouds.emqx.errors import NOT_FOUND, Call
from clouds.emqx.http import CALL_SECONDS, Api, Content, path_of, read_as
from clouds.emqx.wire import (
    DEPLOYMENT,
    DEPLOYMENT_SHAPE,
    NETWORK,
    NETWORK_SHAPE,
    PRIVATE_LINK,
    PRIVATE_LINK_SHAPE,
    PRIVATE_LINKS,
    PRIVATE_LINKS_SHAPE,
    Deployment,
    Network,
    PrivateLinkRow,
)
from clouds.polling.budgets import MovingWindow
from clouds.polling.shared_poller import SharedPoller, SharedPollersByKey
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import CloudRefused, PlatformKeyRefused

COUNTED_SECONDS = 3600 + CALL_SECONDS
"""Seconds that a call counts in a budget: the platform's hour, plus the longest time until a call reaches it."""

READ_SECONDS = 60.0
"""Minimum seconds between two readings of one resource: EMQX's own tools poll once a minute."""

LISTS_AT_ONCE = 6
"""Number of listings that may follow each other after a quiet time, so that a lone create never has to wait."""

LEAST_LIST_SECONDS = 10.0
"""Minimum seconds between two listings, whatever the hourly limit: each step of a PrivateLink takes a minute."""


def seconds_between_listings(reads_per_hour: int) -> float:
    """Average minimum seconds between two listings, so that even with a burst no hour exceeds `reads_per_hour`."""
    return max(LEAST_LIST_SECONDS, 3600 / max(1, reads_per_hour - LISTS_AT_ONCE))


class PlatformSettings(BaseModel):
    """The platform's API, and our assumptions where EMQX publishes nothing.

    `access` is None in a worker that serves only requests with `platform: {mode: console}`.
    `reads_per_hour` and `writes_per_hour` apply to each kind of call with one key: 60 and 6 are the limits that EMQX
    publishes for deployments and for `/tls`. `further_types` are deployment types that have PrivateLink in addition to
    dedicated and dedicatedFlex.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    access: ApiAccess | None = None
    reads_per_hour: Annotated[int, Field(ge=1)] = 60
    writes_per_hour: Annotated[int, Field(ge=1)] = 6
    further_types: frozenset[str] = frozenset()


class Platform:
    """The platform behind one API key. Each call has its own budget, because EMQX's limits are per key and call.

    One for the whole worker, so that all sagas share budgets and pollers. Each call raises `PlatformKeyRefused` when
    the worker has no key.
    """

    def __init__(self, settings: PlatformSettings, workers: WorkerCount | None = None) -> None:
        """`workers`: those that divide the platform's limits; None when this one is alone."""
        workers = workers or WorkerCount()
        self._api = Api("the platform", settings.access) if settings.access else None
        self.further_types = settings.further_types
        self._budgets = {
            (method, path): MovingWindow(
                f"{method} {path} of the platform (per hour: {per_hour})",
                calls=per_hour,
                seconds=COUNTED_SECONDS,
                workers=workers,
            )
            for method, path, per_hour in (
                ("GET", DEPLOYMENT, settings.reads_per_hour),
                ("GET", NETWORK, settings.reads_per_hour),
                ("GET", PRIVATE_LINKS, settings.reads_per_hour),
                ("GET", PRIVATE_LINK, settings.reads_per_hour),
                ("POST", PRIVATE_LINKS, settings.writes_per_hour),
                ("DELETE", PRIVATE_LINK, settings.writes_per_hour),
            )
        }
        self._list_seconds = seconds_between_listings(settings.reads_per_hour)
        self._private_links: SharedPollersByKey[tuple[PrivateLinkRow, ...]] = SharedPollersByKey(workers)
        self._deployments: SharedPollersByKey[Deployment | None] = SharedPollersByKey(workers)
        self._networks: SharedPollersByKey[Network] = SharedPollersByKey(workers)

    @property
    def is_configured(self) -> bool:
        """Whether the worker has a key for the platform."""
        return self._api is not None

    async def get_deployment(self, deployment: str, *, not_older: float = 0.0) -> Deployment | None:
        """The deployment now, or at most `not_older` seconds ago; None if the platform does not know it."""
        read = partial(self._read_deployment, deployment)
        return await self._deployments.of(deployment, read, READ_SECONDS).reading(not_older=not_older)

    async def _read_deployment(self, deployment: str) -> Deployment | None:
        api, call = self._api_for("looking up the deployment", deployment)
        try:
            body = await api.send(
                "GET", path_of(DEPLOYMENT, deployment=deployment), call, budget=self._budgets["GET", DEPLOYMENT]
            )
        except CloudRefused as error:
            if error.cloud_code == NOT_FOUND:
                return None
            raise
        return None if body == {} else read_as(DEPLOYMENT_SHAPE, body, call)

    async def get_network(self, deployment: str, *, not_older: float = 0.0) -> Network:
        """The consumer's side of a deployment on AWS, as it is now or was at most `not_older` seconds ago."""
        read = partial(self._read_network, deployment)
        return await self._networks.of(deployment, read, READ_SECONDS).reading(not_older=not_older)

    async def _read_network(self, deployment: str) -> Network:
        api, call = self._api_for("reading the network of the deployment", deployment)
        path = path_of(NETWORK, deployment=deployment)
        return read_as(NETWORK_SHAPE, await api.send("GET", path, call, budget=self._budgets["GET", NETWORK]), call)

    async def list_private_links(self, deployment: str) -> tuple[PrivateLinkRow, ...]:
        """The deployment's PrivateLinks, by a separate call. Sagas use `private_links` instead."""
        api, call = self._api_for("listing the PrivateLinks of the deployment", deployment)
        path = path_of(PRIVATE_LINKS, deployment=deployment)
        body = await api.send("GET", path, call, budget=self._budgets["GET", PRIVATE_LINKS])
        return read_as(PRIVATE_LINKS_SHAPE, body, call)

    def private_links(self, deployment: str) -> SharedPoller[tuple[PrivateLinkRow, ...]]:
        """The shared poller of the same list. On average it reads as often as the hourly limit allows."""
        read = partial(self.list_private_links, deployment)
        return self._private_links.of(deployment, read, self._list_seconds, burst=LISTS_AT_ONCE)

    async def find_private_link(self, deployment: str, private_link_id: str) -> PrivateLinkRow | None:
        """One PrivateLink, or None if it is gone (404, or 200 with an empty object)."""
        api, call = self._api_for("reading the PrivateLink", private_link_id)
        path = path_of(PRIVATE_LINK, deployment=deployment, private_link=private_link_id)
        try:
            body = await api.send("GET", path, call, budget=self._budgets["GET", PRIVATE_LINK])
        except CloudRefused as error:
            if error.cloud_code == NOT_FOUND:
                return None
            raise
        return None if body == {} else read_as(PRIVATE_LINK_SHAPE, body, call)

    async def create_private_link(self, deployment: str, service_name: str, description: str) -> PrivateLinkRow:
        """Ask for a PrivateLink. Not idempotent: look for an existing one first, and again after `CloudUnavailable`."""
        api, call = self._api_for(f"creating the PrivateLink in {deployment}", service_name)
        body = await api.send(
            "POST",
            path_of(PRIVATE_LINKS, deployment=deployment),
            call,
            body={"serviceName": service_name, "description": description},
            budget=self._budgets["POST", PRIVATE_LINKS],
        )
        return read_as(PRIVATE_LINK_SHAPE, body, call)

    async def delete_private_link(
        self, deployment: str, private_link_id: str, *, just_before: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Ask for the deletion, which then takes about a minute. Success if absent, which a reading has to confirm.

        `just_before` is a last check, after the turn in the budget; if it raises, nothing is sent.
        """
        api, call = self._api_for("deleting the PrivateLink", private_link_id)
        path = path_of(PRIVATE_LINK, deployment=deployment, private_link=private_link_id)
        try:
            await api.send(
                "DELETE",
                path,
                call,
                budget=self._budgets["DELETE", PRIVATE_LINK],
                just_before=just_before,
                content=Content.NONE,
            )
        except CloudRefused as error:
            if error.cloud_code != NOT_FOUND:
                raise

    def _api_for(self, doing: str, resource: str) -> tuple[Api, Call]:
        """The API, and the call in words."""
        if self._api is None:
            raise PlatformKeyRefused(
                f"{doing} ({resource}): the worker has no API key of the platform",
                resource=resource,
                next_step="set EMQXCLOUD_PLATFORM_ENDPOINT, EMQXCLOUD_PLATFORM_API_KEY and "
                "EMQXCLOUD_PLATFORM_API_SECRET; requests with `platform: {mode: console}` need none",
            )
        return self._api, self._api.call_of(doing, resource)
