"""The EMQX half as the server sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from werkzeug.wrappers import Response

from sandbox.emqx.answers import Refusal, json_answer
from sandbox.emqx.broker import Broker
from sandbox.emqx.deployment_api import DeploymentApi
from sandbox.emqx.lifecycle import Lifecycle
from sandbox.emqx.platform import Platform
from sandbox.emqx.privatelinks import PrivateLinks
from sandbox.emqx.provider_side import ProviderSide
from sandbox.emqx.quirks import Quirks
from sandbox.emqx.vpc_endpoints import ConsumerAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.emqx.routes import Routes
    from sandbox.faults import FaultPlan
    from sandbox.seed import Deployment, Seed

PLATFORM_PREFIX = "/public_api/v1"
DEPLOYMENT_INFIX = "/api/v5"
QUIRKS = "/sandbox/quirks"


class EmqxSandbox:
    """The platform API, every deployment's API, and what the platform does behind them. Thread-safe."""

    def __init__(
        self, clock: Clock, durations: Durations, faults: FaultPlan, seed: Seed, aws_endpoint: Callable[[], str]
    ) -> None:
        """Begin with the seeded deployments and nothing on them. `aws_endpoint` is called only once AWS is needed."""
        self.quirks = Quirks()
        self._clock = clock
        self._durations = durations
        self._seed = seed
        self._consumer = ConsumerAccount(seed, aws_endpoint)
        self._provider_side = ProviderSide(aws_endpoint)
        self._begin()
        for routes in (self._platform.routes, self._deployment_api.routes):
            for route in routes.all:
                faults.know(route.action, route.fault_kinds)

    def handle(self, request: Request) -> Response:
        """The answer to a call under `/public_api/v1` or `/<deploymentID>/api/v5`."""
        if request.path.startswith(PLATFORM_PREFIX):
            return self._platform.handle(request, request.path.removeprefix(PLATFORM_PREFIX))
        deployment_id, path = _deployment_call(request)
        return self._deployment_api.handle(request, deployment_id, path)

    def action_of(self, request: Request) -> tuple[str, str, bool]:
        """(service, action, whether it only reads). A call of an unknown route is named by its method and path."""
        service, routes, path = self._api_of(request)
        try:
            action = routes.find(request, path)[0].action
        except Refusal:
            action = f"{request.method} {path}"
        return service, action, request.method == "GET"

    def control(self, request: Request) -> Response | None:
        """Serve GET and PUT `/sandbox/quirks`; None for any other control path."""
        if request.path != QUIRKS:
            return None
        if request.method not in {"GET", "PUT"}:
            return Response(f"{request.method} {QUIRKS}: only GET and PUT are offered\n", 405)
        if request.method == "PUT":
            body = request.get_json(silent=True)
            if not isinstance(body, dict):
                return Response(f"PUT {QUIRKS}: the body must be a JSON object, name -> value\n", 400)
            try:
                self.quirks.put(body)
            except ValidationError as error:
                return Response(f"PUT {QUIRKS}: {error}\n", 400)
        return json_answer(self.quirks.model_dump())

    def describe(self, deployment_id: str, id_: str, description: str) -> None:
        """Edit the description of a PrivateLink (its id) or a connector (TYPE:NAME), as a person does in the console.

        ValueError when the deployment has nothing with that id.
        """
        rows = (row for row in self._links.all() if row.deployment.id == deployment_id)
        row = next((row for row in rows if row.id == id_), None)
        if row is not None:
            row.description = description
        elif deployment_id in self._brokers and ":" in id_:
            self._brokers[deployment_id].describe_connector(id_, description)
        else:
            raise ValueError(f"deployment {deployment_id!r} has no PrivateLink or connector {id_!r}")

    def books(self) -> dict[str, Any]:
        """Everything that exists, including what is hidden from reads. No quirk changes the books."""
        now = self._clock.now()
        configured = {id_: book for id_, broker in self._brokers.items() if (book := broker.configuration.book())}
        return {
            "platform": _filled(
                {
                    id_: [
                        {
                            "privatelinkID": row.id,
                            "deploymentID": id_,
                            "serviceName": row.service_name,
                            "description": row.description,
                            "status": row.status,
                            "address": row.address(now),
                            "vpcEndpointID": row.vpc_endpoint_id,
                            "reason": row.reason,
                            "createAt": row.created_at,
                        }
                        for row in self._links.all()
                        if row.deployment.id == id_
                    ]
                    for id_ in self._seed.deployments
                }
            ),
            "connectors": _filled({id_: broker.book() for id_, broker in self._brokers.items()}),
            **({"configuration": configured} if configured else {}),
        }

    def reset(self) -> None:
        """Go back to the seeded state: no PrivateLinks, no data integration, no counted requests, no quirks."""
        self._lifecycle.stop()
        self.quirks.restore()
        self._begin()

    def _begin(self) -> None:
        self._links = PrivateLinks(self._clock, self.quirks)
        self._lifecycle = Lifecycle(self._clock, self._durations, self._links, self._consumer)
        self._brokers = {
            id_: Broker(deployment, self._clock, self._durations, self.quirks, self._trouble)
            for id_, deployment in self._seed.deployments.items()
        }
        self._deployment_api = DeploymentApi(self._seed, self._clock, self.quirks, self._brokers)
        self._platform = Platform(
            seed=self._seed,
            clock=self._clock,
            quirks=self.quirks,
            links=self._links,
            lifecycle=self._lifecycle,
            brokers=self._brokers,
        )

    def _trouble(self, deployment: Deployment, host: str, port: int) -> str | None:
        """Why a deployment's nodes cannot connect to host and port; None when they can.

        They know only the addresses of PrivateLinks, because the sandbox has no other network.
        """
        row = self._links.at_address(deployment.id, host)
        return "nxdomain" if row is None else self._provider_side.trouble(row.vpc_endpoint_id, port)

    def _api_of(self, request: Request) -> tuple[str, Routes, str]:
        if request.path.startswith(PLATFORM_PREFIX):
            return "platform", self._platform.routes, request.path.removeprefix(PLATFORM_PREFIX)
        return "deployment", self._deployment_api.routes, _deployment_call(request)[1]


def _deployment_call(request: Request) -> tuple[str, str]:
    """The deployment ID, and the path after `/api/v5`."""
    deployment_id, _, path = request.path.removeprefix("/").partition(DEPLOYMENT_INFIX)
    return deployment_id, path


def _filled(books: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {id_: rows for id_, rows in books.items() if rows}
