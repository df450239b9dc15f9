"""The platform side: the PrivateLink, made and deleted by the platform's API or by a person at its console."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import inputs
    from activities.endpoint_connections import EndpointConnections
    from activities.private_links import PrivateLinks
    from activities.private_links_by_hand import PrivateLinksByHand
    from activities.scopes import Scope
    from activities.support.emqx_console import private_link_page
    from privatelink.errors import Leftover
    from privatelink.model.request import ApiPlatform, ConsolePlatform, PrivateLinkRequest
    from workflows.console_instructions import (
        approving,
        choosing,
        confirming,
        creating,
        deleting,
        gone_without_delete,
        may_be_at_console,
    )
    from workflows.saga import options
    from workflows.saga.asks import Question
    from workflows.saga.compensation import Stage
    from workflows.saga.deadlines import deadlines
    from workflows.saga.options import deadline_in
    from workflows.saga.progress import step_id
    from workflows.saga.saga import Saga
    from workflows.saga.subject import Undo

CONFIRM_RUNNING = "confirm-running"
BY_HAND = step_id(PrivateLinksByHand.wait_for_creation_by_hand.__name__)


class PlatformSide(Protocol):
    """How the PrivateLink is made, and how its address becomes known."""

    private_link_id: str | None

    async def connect(self, service: inputs.EndpointService, deployment: inputs.DeploymentFacts) -> inputs.Connection:
        """Have the PrivateLink made; returns its endpoint connection, proven to be its own."""

    async def address(self, connection: inputs.Connection, dns_names: list[str]) -> str:
        """Wait until the PrivateLink is running; returns its address. `dns_names` are AWS's for the endpoint."""


def platform_side_of(saga: Saga, scope: Scope, request: PrivateLinkRequest) -> PlatformSide:
    """The platform side for the mode that the request names."""
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
    """The platform's API makes the PrivateLink, and reports when it runs."""

    def __init__(self, saga: Saga, scope: Scope, asks: bool) -> None:  # noqa: FBT001 - as the request says
        """`scope` is whose PrivateLink it is. `asks`: a person says which endpoint it has, if nothing proves that."""
        self._saga = saga
        self._scope = scope
        self._asks = asks
        self._private_link: inputs.PrivateLink | None = None
        self.private_link_id: str | None = None

    async def connect(self, service: inputs.EndpointService, deployment: inputs.DeploymentFacts) -> inputs.Connection:
        """Ask the platform for it, and wait for the endpoint connection that the platform names."""
        saga, scope = self._saga, self._scope
        self._private_link = private_link = await saga.write(
            PrivateLinks.create_private_link,
            inputs.PrivateLinkSpec(scope=scope, endpoint_service=service),
            undo=PrivateLinks.delete_private_link,
            about=service.service_name,
            within=deadlines().private_link,
        )
        self.private_link_id = private_link.private_link_id
        saga.tracker.made(private_link=private_link.private_link_id)
        spec = inputs.ConnectionWait(
            scope=scope,
            endpoint_service=service,
            private_link=private_link,
            consumer_account_id=deployment.account_id,
            asks=self._asks,
            deadline=deadline_in(deadlines().connection),
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
        return _approval_among(self._saga, step, spec, found)

    async def address(self, connection: inputs.Connection, dns_names: list[str]) -> str:  # noqa: ARG002
        """Wait until the platform reports `running` and the address; only its own report counts."""
        assert self._private_link is not None  # noqa: S101 - `connect` comes first
        return await self._saga.wait(
            PrivateLinks.wait_for_private_link,
            inputs.PrivateLinkWait(
                scope=self._scope, private_link=self._private_link, deadline=deadline_in(deadlines().running)
            ),
            about=self._private_link.private_link_id,
        )


class ConsolePlatformSide:
    """A person makes the PrivateLink. Only the console shows that it runs, and its address."""

    def __init__(self, saga: Saga, scope: Scope, asks: bool) -> None:  # noqa: FBT001 - as the request says
        """`scope` is whose PrivateLink it is. `asks`: a person says which endpoint it has."""
        self._saga = saga
        self._scope = scope
        self._asks = asks
        self.private_link_id: str | None = None

    async def connect(self, service: inputs.EndpointService, deployment: inputs.DeploymentFacts) -> inputs.Connection:
        """Ask a person to make it, watch AWS for its endpoint connection, and ask which one it is if need be."""
        saga = self._saga
        spec = inputs.ByHandWait(
            scope=self._scope,
            endpoint_service=service,
            consumer_account_id=deployment.account_id,
            asks=self._asks,
            asked_at=workflow.info().start_time,
            deadline=deadline_in(deadlines().person),
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
            return controls.by_hand(BY_HAND, creating(link, spec.endpoint_service.service_name), spec.deadline)
        if self._asks:
            return _approval_among(self._saga, BY_HAND, spec, found)
        task = choosing(link, [one.words for one in found.candidates])
        return controls.by_hand(BY_HAND, task, spec.deadline, spec.asked_about)

    async def address(self, connection: inputs.Connection, dns_names: list[str]) -> str:
        """Ask a person whether the console shows it as running, and by which address."""
        saga = self._saga
        question = Question(names=tuple(dns_names), subject=connection.vpc_endpoint_id, form=_address_form(connection))
        task = confirming(self._scope.link, question.proposal)
        return await saga.ask(CONFIRM_RUNNING, saga.controls.confirmation(CONFIRM_RUNNING, task, question))


def _address_form(connection: inputs.Connection) -> str:
    """The form of an endpoint's addresses (AWS: "Access an AWS service using an interface VPC endpoint")."""
    endpoint, service = connection.vpc_endpoint_id, connection.service_id
    return rf"{endpoint}-[a-z0-9-]+\.{service}\.[a-z0-9-]+\.vpce\.amazonaws\.com(\.cn)?"


def removal_of_private_link(platform: ApiPlatform | ConsolePlatform) -> Undo:
    """What removes the PrivateLink: a call to the platform's API, or the wait for a person to delete it."""
    by_hand = isinstance(platform, ConsolePlatform)
    return PrivateLinksByHand.wait_for_deletion_by_hand if by_hand else PrivateLinks.delete_private_link


def is_by_hand(stage: Stage) -> bool:
    """Whether `disconnect_by_hand` runs this stage."""
    return PrivateLinksByHand.wait_for_deletion_by_hand in stage.removals


async def disconnect_by_hand(saga: Saga) -> tuple[str, ...]:
    """Wait until a person has deleted the PrivateLink, if there is one; returns the VPC endpoints that went with it.

    A delete removes nothing else until then. In a rollback, if nobody deletes it in time, the AWS side is removed all
    the same, and the PrivateLink is listed as left behind; EMQX's console then shows it as `failed`. Nothing is removed
    while it is not known whether there is one. The console also shows what AWS cannot: a PrivateLink whose endpoint
    vanished without the PrivateLink being deleted, or never came. That is only reported, in `to_look_at`.
    """
    compensation, link = saga.compensation, saga.compensation.spec.link
    step = PrivateLinksByHand.wait_for_deletion_by_hand
    if not compensation.is_due(step):
        return ()
    await saga.pauses.before_effect()
    found = await compensation.run(PrivateLinksByHand.find_private_link_by_hand, compensation.spec, options.removal())
    if found is None:
        # Somebody uses the address, or it is not known what exists at the console.
        compensation.block()
        return ()
    if not found:
        connected = saga.tracker.progress.ids.get("vpc endpoint")
        compensation.to_look_at = gone_without_delete(link, connected) if connected else may_be_at_console(link)
        return ()
    deadline = deadline_in(deadlines().person)
    async with saga.controls.by_hand(step_id(step.__name__), deleting(link), deadline):
        spec = inputs.RemovalWait(removal=compensation.spec, vpc_endpoints=tuple(found), deadline=deadline)
        gone = await compensation.run(step, spec, options.wait(deadline))
    if gone:
        return tuple(found)
    if saga.is_ending:
        why = "nobody deleted it; without AWS's side the console shows it as failed"
        page = private_link_page(link)
        compensation.leave(Leftover(kind="PrivateLink", id=", ".join(found), reason=why, console=page))
    else:
        compensation.block()
    return ()


def _approval_among(
    saga: Saga, step: str, spec: inputs.WatchedService, found: inputs.Sighting
) -> AbstractAsyncContextManager[None]:
    """Ask a person which of the candidates may be let in, while the step watches them."""
    task = approving(spec.scope.link, [one.words for one in found.candidates])
    return saga.controls.approval_among(step, spec.asked_about, task, spec.deadline)


W = TypeVar("W", bound=inputs.WatchedService)


def _shown(spec: W, found: inputs.Sighting) -> W:
    """The wait that goes on while a person is asked about what was found, with the deadline for a person."""
    deadline = spec.deadline if spec.asked_about else deadline_in(deadlines().person)
    asked_about = tuple(one.vpc_endpoint_id for one in found.candidates)
    return spec.model_copy(update={"asked_about": asked_about, "deadline": deadline})
