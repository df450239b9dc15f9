"""The consumer's side of a create: the PrivateLink, made by the platform's API or by a person at its console."""

from typing import Protocol

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import specs
    from activities.endpoint_connections import EndpointConnections
    from activities.private_links import PrivateLinks
    from activities.private_links_by_hand import PrivateLinksByHand
    from clouds.emqx.console import choosing, confirming, creating
    from privatelink.request import ConsolePlatform, PrivateLinkRequest
    from workflows.options import DEADLINES, limit
    from workflows.saga import Saga
    from workflows.story_board import step_id

CONFIRM_RUNNING = "confirm-running"
BY_HAND = step_id(PrivateLinksByHand.wait_for_creation_by_hand.__name__)


class Consumer(Protocol):
    """How the PrivateLink comes about, and how its address is known."""

    private_link_id: str | None

    async def connect(self, service: specs.EndpointService, deployment: specs.DeploymentFacts) -> specs.Connection:
        """Have the PrivateLink made; give its endpoint connection, proven to be its own."""

    async def address(self, dns_name: str) -> str:
        """Wait until the PrivateLink is running; give its address. `dns_name` is AWS's for the endpoint."""


def consumer(saga: Saga, scope: specs.Scope, request: PrivateLinkRequest) -> Consumer:
    """The one that the request's platform mode names."""
    return ByConsole(saga, scope) if isinstance(request.platform, ConsolePlatform) else ByApi(saga, scope)


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


class ByApi:
    """The platform's API makes it, and says when it runs."""

    def __init__(self, saga: Saga, scope: specs.Scope) -> None:
        """`scope` is whose PrivateLink it is."""
        self._saga = saga
        self._scope = scope
        self._private_link: specs.PrivateLink | None = None
        self.private_link_id: str | None = None

    async def connect(self, service: specs.EndpointService, deployment: specs.DeploymentFacts) -> specs.Connection:
        """Ask the platform, and wait for the endpoint connection that the platform names."""
        saga, scope = self._saga, self._scope
        self._private_link = private_link = await saga.write(
            PrivateLinks.create_private_link,
            specs.PrivateLinkSpec(scope=scope, endpoint_service=service),
            undo=PrivateLinks.delete_private_link,
            about=service.service_name,
            deadline=DEADLINES.private_link,
        )
        self.private_link_id = private_link.private_link_id
        saga.board.made(private_link=private_link.private_link_id)
        return await saga.wait(
            EndpointConnections.wait_for_endpoint_connection,
            specs.ConnectionWait(
                scope=scope,
                endpoint_service=service,
                private_link=private_link,
                consumer_account_id=deployment.account_id,
                wait=limit(DEADLINES.connection),
            ),
            undo=EndpointConnections.reject_endpoint_connections,
            about=service.service_id,
        )

    async def address(self, dns_name: str) -> str:  # noqa: ARG002 - the platform's own word counts
        """Wait until the platform says `running` and names the address."""
        assert self._private_link is not None  # noqa: S101 - `connect` comes first
        return await self._saga.wait(
            PrivateLinks.wait_for_private_link,
            specs.PrivateLinkWait(scope=self._scope, private_link=self._private_link, wait=limit(DEADLINES.running)),
            about=self._private_link.private_link_id,
        )


class ByConsole:
    """A person makes it. AWS proves that; that it runs, and its address, only the console shows."""

    def __init__(self, saga: Saga, scope: specs.Scope) -> None:
        """`scope` is whose PrivateLink it is."""
        self._saga = saga
        self._scope = scope
        self.private_link_id: str | None = None

    async def connect(self, service: specs.EndpointService, deployment: specs.DeploymentFacts) -> specs.Connection:
        """Ask a person to make it, and watch AWS for its endpoint connection; of several, a person chooses."""
        saga = self._saga
        spec = specs.ByHandWait(
            scope=self._scope,
            endpoint_service=service,
            consumer_account_id=deployment.account_id,
            wait=limit(DEADLINES.person),
        )
        saga.undoing.note(EndpointConnections.reject_endpoint_connections)
        task = creating(self._scope.link, service.service_name)
        choices: tuple[str, ...] = ()
        while True:
            async with saga.steering.by_hand(BY_HAND, task, spec.wait, choices):
                found = await saga.wait(
                    PrivateLinksByHand.wait_for_creation_by_hand,
                    spec,
                    undo=PrivateLinksByHand.wait_for_deletion_by_hand,
                    about=service.service_id,
                    by_hand=True,
                )
            if len(found) == 1:
                return specs.Connection(service_id=service.service_id, vpc_endpoint_id=found[0].vpc_endpoint_id)
            choices = tuple(one.vpc_endpoint_id for one in found)
            task = choosing(self._scope.link, [one.words for one in found])
            spec = spec.model_copy(update={"asked_about": choices})

    async def address(self, dns_name: str) -> str:
        """Ask a person whether the console shows it as running, and by which address."""
        saga, task = self._saga, confirming(self._scope.link, dns_name)
        return await saga.ask(CONFIRM_RUNNING, saga.steering.confirmation(CONFIRM_RUNNING, task, dns_name))
