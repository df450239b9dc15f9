"""The platform API, `/public_api/v1` (docs/emqx-platform.openapi.yaml): a published and an assumed half."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sandbox.emqx.answers import (
    Refusal,
    check_key,
    fault_of,
    json_answer,
    json_object,
    no_content,
    refusal_answer,
    refuse_by_fault,
    too_many_requests,
)
from sandbox.emqx.limits import RequestLimits
from sandbox.emqx.routes import Route, Routes
from sandbox.seed import EMQX

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from sandbox.clock import Clock
    from sandbox.emqx.broker import Broker
    from sandbox.emqx.lifecycle import Lifecycle
    from sandbox.emqx.privatelinks import PrivateLink, PrivateLinks
    from sandbox.emqx.quirks import Quirks
    from sandbox.seed import Deployment, Seed

PUBLISHED_PER_HOUR = 60
"""Documented limit of GET /deployments and of GET /deployments/{id} ("Deployment Management")."""

DEPLOYMENTS = "/deployments"
DEPLOYMENT = "/deployments/{deploymentID}"
NETWORK = "/deployments/{deploymentID}/network"
PRIVATELINKS = "/deployments/{deploymentID}/privatelinks"
PRIVATELINK = "/deployments/{deploymentID}/privatelinks/{privatelinkID}"


class Platform:
    """Serves the contract's paths. It checks the key, the fault plan and the request limit, in this order."""

    def __init__(
        self,
        *,
        seed: Seed,
        clock: Clock,
        quirks: Quirks,
        links: PrivateLinks,
        lifecycle: Lifecycle,
        brokers: dict[str, Broker],
    ) -> None:
        """Begin with no requests counted."""
        self._seed = seed
        self._clock = clock
        self._quirks = quirks
        self._links = links
        self._lifecycle = lifecycle
        self._brokers = brokers
        self._limits = RequestLimits(clock.now)
        self.routes = Routes(
            Route("GET", DEPLOYMENTS, self._list_deployments),
            Route("GET", DEPLOYMENT, self._get_deployment),
            Route("GET", NETWORK, self._get_network),
            Route("GET", PRIVATELINKS, self._list_privatelinks),
            Route("POST", PRIVATELINKS, self._create_privatelink, ("not_visible", "stuck", "failed")),
            Route("GET", PRIVATELINK, self._get_privatelink),
            Route("DELETE", PRIVATELINK, self._delete_privatelink, ("stuck", "failed")),
        )

    def handle(self, request: Request, path: str) -> Response:
        """The answer to one call; `path` is what follows `/public_api/v1`."""
        try:
            check_key(request, self._seed.platform_key)
            refuse_by_fault(request, self._quirks)
            route, values = self.routes.find(request, path)
            if not self._limits.take(route.action, self._limit_of(route)):
                raise too_many_requests()
            return route.serve(request, *values)
        except Refusal as refusal:
            return refusal_answer(refusal, self._quirks, code_varies=True)

    def _limit_of(self, route: Route) -> int:
        if route.template in {DEPLOYMENTS, DEPLOYMENT}:
            return PUBLISHED_PER_HOUR
        return self._quirks.reads_per_hour if route.method == "GET" else self._quirks.writes_per_hour

    def _list_deployments(self, _request: Request) -> Response:
        # Only the list has these two fields ("Deployment Management").
        more = {"projectName": "default", "version": "v5"}
        return json_answer([self._shown_deployment(one) | more for one in self._seed.deployments.values()])

    def _get_deployment(self, _request: Request, deployment_id: str) -> Response:
        return json_answer(self._shown_deployment(self._deployment(deployment_id)))

    def _get_network(self, _request: Request, deployment_id: str) -> Response:
        deployment = self._deployment(deployment_id)
        if not deployment.az_ids:
            raise Refusal(400, "BAD_REQUEST", f"deployment {deployment_id} is not on AWS")
        network = self._seed.network(EMQX, deployment.region)
        return json_answer(
            {
                "deploymentID": deployment.id,
                "region": deployment.region,
                "azIDs": deployment.az_ids,
                "awsARN": deployment.aws_arn,
                "vpcID": network.vpc_id,
                "cidr": network.vpc_cidr,
            }
        )

    def _list_privatelinks(self, _request: Request, deployment_id: str) -> Response:
        self._deployment(deployment_id)
        return json_answer([self._shown_privatelink(row) for row in self._links.seen(deployment_id)])

    def _create_privatelink(self, request: Request, deployment_id: str) -> Response:
        deployment, body = self._deployment(deployment_id), json_object(request)
        service_name, description = body.get("serviceName"), body.get("description", "")
        if not isinstance(service_name, str) or not service_name:
            raise Refusal(400, "BAD_REQUEST", "serviceName must be a string and not empty")
        if not isinstance(description, str):
            raise Refusal(400, "BAD_REQUEST", "description must be a string")
        row = self._links.add(deployment, service_name, description)
        answer = json_answer(self._shown_privatelink(row), 201)
        fault = fault_of(request)
        if fault and fault.kind == "not_visible":
            row.hidden_until = math.inf if fault.seconds is None else self._clock.now() + fault.seconds
        self._lifecycle.begin(row, fault)
        return answer

    def _get_privatelink(self, _request: Request, deployment_id: str, id_: str) -> Response:
        self._deployment(deployment_id)
        row = self._links.find(deployment_id, id_)
        if row is None and self._quirks.gone_answer == "empty_object":
            return json_answer({})
        return json_answer(self._shown_privatelink(row or self._missing(id_)))

    def _delete_privatelink(self, request: Request, deployment_id: str, id_: str) -> Response:
        self._deployment(deployment_id)
        row = self._links.find(deployment_id, id_) or self._missing(id_)
        if self._quirks.dependants_block_delete and self._has_dependants(row):
            raise Refusal(self._quirks.refusal_status, "DEPENDENCY_EXISTS", f"connectors use PrivateLink {id_}")
        self._links.terminate(row)
        self._lifecycle.end(row, fault_of(request))
        return no_content()

    def _has_dependants(self, row: PrivateLink) -> bool:
        address = row.address(self._clock.now())
        connectors = self._brokers[row.deployment.id].connectors()
        return any(host == address for connector in connectors for host, _ in connector.servers)

    def _deployment(self, id_: str) -> Deployment:
        if id_ not in self._seed.deployments:
            raise Refusal(404, "NOT_FOUND", f"there is no deployment {id_}")
        return self._seed.deployments[id_]

    def _missing(self, id_: str) -> PrivateLink:
        raise Refusal(404, "NOT_FOUND", f"there is no PrivateLink {id_}")

    def _shown_deployment(self, deployment: Deployment) -> dict[str, Any]:
        return {
            "deploymentID": deployment.id,
            "deploymentName": deployment.name,
            "deploymentType": deployment.type,
            "platform": deployment.platform,
            "region": deployment.region_label,
            "status": self._word(deployment.status),
            "connections": 1000,
            "tps": 1000,
            "createAt": "2024-07-22 05:32",
        }

    def _shown_privatelink(self, row: PrivateLink) -> dict[str, Any]:
        word = self._quirks.pending_word if row.status == "pending" else None
        shown = {
            "privatelinkID": row.id,
            "deploymentID": row.deployment.id,
            "serviceName": row.service_name,
            "description": row.description,
            "status": word or self._word(row.status),
            "address": "" if self._quirks.withhold_address else row.address(self._clock.now()),
            "createAt": row.created_at,
        }
        if not self._quirks.withhold_vpc_endpoint_id:
            shown["vpcEndpointID"] = row.vpc_endpoint_id
        if not self._quirks.withhold_reason:
            shown["reason"] = row.reason
        return shown

    def _word(self, status: str) -> str:
        match self._quirks.status_case:
            case "upper":
                return status.upper()
            case "capitalized":
                return status.capitalize()
            case _:
                return status
