"""The consumer's side of a create: the PrivateLink, made by the platform's API or by a person at its console."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import inputs
    from activities.endpoint_connections import EndpointConnections
    from activities.private_links import PrivateLinks
    from activities.private_links_by_hand import PrivateLinksByHand
    from activities.support.emqx_console import choosing, confirming, creating
    from privatelink.model.request import ConsolePlatform, PrivateLinkRequest
    from workflows.saga.options import DEADLINES, limit
    from workflows.saga.progress import step_id
    from workflows.saga.saga import Saga

CONFIRM_RUNNING = "confirm-running"
BY_HAND = step_id(PrivateLinksByHand.wait_for_creation_by_hand.__name__)


class PlatformSide(Protocol):
    """How the PrivateLink comes about, and how its address is known."""

    private_link_id: str | None

    async def connect(self, service: inputs.EndpointService, deployment: inputs.DeploymentFacts) -> inputs.Connection:
        """Have the PrivateLink made; give its endpoint connection, proven to be its own."""

    async def address(self, connection: inputs.Connection, dns_names: list[str]) -> str:
        """Wait until the PrivateLink is running; give its address. `dns_names` are AWS's for the endpoint."""


def platform_side_of(saga: Saga, scope: inputs.Scope, request: PrivateLinkRequest) -> PlatformSide:
    """The one that the request's platform mode names."""
    asks = request.approval is not False
    return (
        ConsolePlatformSide(saga, scope, asks)
        if isinstance(request.platform, ConsolePlatform)
        else ApiPlatformSide(saga, scope, asks)
    )


def steps_of_asking(request: PrivateLinkRequest) -> list[str]:
    """The ids of the steps that `connect` takes."""
    if isinstance(request.platform, ConsolePlatform):
        return [BY_HAND]
    steps = (PrivateLinks.create_private_link, EndpointConnections.wait_for_endpoint_connection)
    return [step_id(activity.__name__) for activity in steps]


def step_of_running(request: PrivateLinkRequest) -> str:
    """The id of the step that `address` takes."""
    console = isinstance(request.platform, ConsolePlatform)
    return CONFIRM_RUNNING if console else step_id(PrivateLinks.wait_for_private_link.__name__)


class ApiPlatformSide:
    """The platform's API makes it, and says when it runs."""

    def __init__(self, saga: Saga, scope: inputs.Scope, asks: bool) -> None:  # noqa: FBT001 - as the request says
        """`scope` is whose PrivateLink it is; `asks`: a person says which endpoint it has, where nothing proves it."""
        self._saga = saga
        self._scope = scope
        self._asks = asks
        self._private_link: inputs.PrivateLink | None = None
        self.private_link_id: str | None = None

    async def connect(self, service: inputs.EndpointService, deployment: inputs.DeploymentFacts) -> inputs.Connection:
        """Ask the platform, and wait for the endpoint connection that the platform names."""
        saga, scope = self._saga, self._scope
        self._private_link = private_link = await saga.write(
            PrivateLinks.create_private_link,
            inputs.PrivateLinkSpec(scope=scope, endpoint_service=service),
            undo=PrivateLinks.delete_private_link,
            about=service.service_name,
            deadline=DEADLINES.private_link,
        )
        self.private_link_id = private_link.private_link_id
        saga.tracker.made(private_link=private_link.private_link_id)
        spec = inputs.ConnectionWait(
            scope=scope,
            endpoint_service=service,
            private_link=private_link,
            consumer_account_id=deployment.account_id,
            asks=self._asks,
            wait=limit(DEADLINES.connection),
        )
        found = inputs.Sighting()
        while found.connection is None:
            async with self._asking(found, spec):
                found = await saga.wait(
                    EndpointConnections.wait_for_endpoint_connection,
                    spec,
                    undo=EndpointConnections.reject_endpoint_connections,
                    about=service.service_id,
                    by_hand=bool(spec.asked_about),
                )
            spec = _shown(spec, found)
        return found.connection

    def _asking(self, found: inputs.Sighting, spec: inputs.ConnectionWait) -> AbstractAsyncContextManager[None]:
        if not found.candidates:
            return nullcontext()
        step = step_id(EndpointConnections.wait_for_endpoint_connection.__name__)
        return self._saga.controls.approval_among(step, found.candidates, spec.wait)

    async def address(self, connection: inputs.Connection, dns_names: list[str]) -> str:  # noqa: ARG002
        """Wait until the platform says `running` and names the address: its own word counts."""
        assert self._private_link is not None  # noqa: S101 - `connect` comes first
        return await self._saga.wait(
            PrivateLinks.wait_for_private_link,
            inputs.PrivateLinkWait(scope=self._scope, private_link=self._private_link, wait=limit(DEADLINES.running)),
            about=self._private_link.private_link_id,
        )


class ConsolePlatformSide:
    """A person makes it. That it runs, and its address, only the console shows."""

    def __init__(self, saga: Saga, scope: inputs.Scope, asks: bool) -> None:  # noqa: FBT001 - as the request says
        """`scope` is whose PrivateLink it is; `asks`: a person says which endpoint it has."""
        self._saga = saga
        self._scope = scope
        self._asks = asks
        self.private_link_id: str | None = None

    async def connect(self, service: inputs.EndpointService, deployment: inputs.DeploymentFacts) -> inputs.Connection:
        """Ask a person to make it, watch AWS for its endpoint connection, and ask whether it is that one."""
        saga = self._saga
        spec = inputs.ByHandWait(
            scope=self._scope,
            endpoint_service=service,
            consumer_account_id=deployment.account_id,
            asks=self._asks,
            asked_at=workflow.info().start_time,
            wait=limit(DEADLINES.person),
        )
        saga.compensation.note(EndpointConnections.reject_endpoint_connections)
        found = inputs.Sighting()
        while found.connection is None:
            async with self._asking(found, spec):
                found = await saga.wait(
                    PrivateLinksByHand.wait_for_creation_by_hand,
                    spec,
                    undo=PrivateLinksByHand.wait_for_deletion_by_hand,
                    about=service.service_id,
                    by_hand=True,
                )
            spec = _shown(spec, found)
        return found.connection

    def _asking(self, found: inputs.Sighting, spec: inputs.ByHandWait) -> AbstractAsyncContextManager[None]:
        controls, link = self._saga.controls, self._scope.link
        if not found.candidates:
            return controls.by_hand(BY_HAND, creating(link, spec.endpoint_service.service_name), spec.wait)
        if self._asks:
            return controls.approval_among(BY_HAND, found.candidates, spec.wait)
        task = choosing(link, [one.words for one in found.candidates])
        return controls.by_hand(BY_HAND, task, spec.wait, spec.asked_about)

    async def address(self, connection: inputs.Connection, dns_names: list[str]) -> str:
        """Ask a person whether the console shows it as running, and by which address."""
        saga, names = self._saga, tuple(dns_names)
        task = confirming(self._scope.link, next(iter(names), ""))
        return await saga.ask(CONFIRM_RUNNING, saga.controls.confirmation(CONFIRM_RUNNING, task, names, connection))


W = TypeVar("W", bound=inputs.WatchedService)


def _shown(spec: W, found: inputs.Sighting) -> W:
    """The wait that goes on while a person is asked about what was found: as long as for any person."""
    wait = spec.wait if spec.asked_about else limit(DEADLINES.person)
    asked_about = tuple(one.vpc_endpoint_id for one in found.candidates)
    return spec.model_copy(update={"asked_about": asked_about, "wait": wait})
