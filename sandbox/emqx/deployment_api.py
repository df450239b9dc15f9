"""The deployment's own API, the broker's `/api/v5` ("Deployment API"), as far as connectors need it."""

from __future__ import annotations

import json
import math
import secrets
from typing import TYPE_CHECKING

from sandbox.emqx.answers import (
    Refusal,
    check_key,
    fault_of,
    json_answer,
    json_object,
    no_content,
    refusal_answer,
    refuse_by_fault,
)
from sandbox.emqx.broker import USERS, Broker
from sandbox.emqx.configuration_routes import configuration_routes
from sandbox.emqx.connectors import as_probe_tells, invalid, parse_connector, probe_wait
from sandbox.emqx.routes import Route, Routes

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

    from sandbox.clock import Clock
    from sandbox.emqx.connectors import Connector
    from sandbox.emqx.quirks import Quirks
    from sandbox.seed import Seed

RULES_PAGE = (100, 10_000)
"""Default and maximum `limit` of GET /rules."""


class DeploymentApi:
    """Serves `/<deploymentID>/api/v5/...` for the given brokers."""

    def __init__(self, seed: Seed, clock: Clock, quirks: Quirks, brokers: dict[str, Broker]) -> None:
        """`brokers` is keyed by deployment ID; the caller may change it later."""
        self._key = seed.deployment_key
        self._clock = clock
        self._quirks = quirks
        self._brokers = brokers
        self.routes = Routes(
            Route("GET", "/connectors", self._list_connectors),
            Route("POST", "/connectors", self._create_connector, ("not_visible", "stuck", "failed")),
            Route("GET", "/connectors/{id}", self._get_connector),
            Route("DELETE", "/connectors/{id}", self._delete_connector),
            Route("POST", "/connectors_probe", self._probe, ("failed",)),
            *(route for kind in USERS for route in self._user_routes(kind)),
            Route("GET", "/rules", self._list_rules),
            Route("POST", "/rules", self._create_rule),
            Route("DELETE", "/rules/{id}", self._delete_rule),
            *configuration_routes(),
        )

    def handle(self, request: Request, deployment_id: str, path: str) -> Response:
        """The answer to one call; `path` is what follows `/api/v5`."""
        try:
            check_key(request, self._key)
            refuse_by_fault(request, self._quirks)
            route, values = self.routes.find(request, path)
            self._check_scope(route)
            return route.serve(request, self._broker(deployment_id), *values)
        except Refusal as refusal:
            return refusal_answer(refusal, self._quirks, code_varies=False)

    def _check_scope(self, route: Route) -> None:
        """As the broker: 404 for what this version lacks, 403 for what the key's scopes exclude (`emqx_mgmt_auth`)."""
        if any(route.template.startswith(path) for path in self._quirks.lacking):
            raise Refusal(404, "NOT_FOUND", "Request Path Not Found")
        scopes = self._quirks.deployment_key_scopes
        if scopes is not None and (route.scope or "data_integration") not in scopes:
            raise Refusal(403, "UNAUTHORIZED_ROLE", "This API Key don't have permission to access this resource")

    def _broker(self, deployment_id: str) -> Broker:
        if deployment_id not in self._brokers:
            raise Refusal(404, "NOT_FOUND", f"there is no deployment {deployment_id}")
        return self._brokers[deployment_id]

    def _list_connectors(self, request: Request, broker: Broker) -> Response:
        """List those of every namespace, or with `only_global=true` the global ones (EMQX 6, `emqx_connector_api`)."""
        only_global = request.args.get("only_global") == "true"
        return json_answer([broker.shown(one) for one in broker.connectors() if not (only_global and one.namespace)])

    def _create_connector(self, request: Request, broker: Broker) -> Response:
        connector = parse_connector(json_object(request), self._clock.now())
        connector.namespace = request.args.get("ns", "")
        self._refuse_private_host(broker, connector)
        fault = fault_of(request)
        if fault and fault.kind in {"stuck", "failed"}:
            connector.fault_kind = fault.kind
        if fault and fault.kind == "not_visible":
            connector.hidden_until = math.inf if fault.seconds is None else self._clock.now() + fault.seconds
        broker.add_connector(connector)
        return json_answer(broker.shown(connector), 201)

    def _get_connector(self, _request: Request, broker: Broker, id_: str) -> Response:
        return json_answer(broker.shown(broker.connector(id_)))

    def _delete_connector(self, _request: Request, broker: Broker, id_: str) -> Response:
        broker.delete_connector(id_)
        return no_content()

    def _probe(self, request: Request, broker: Broker) -> Response:
        """Probe from the first node only, as EMQX probes only from the node that got the request; stores nothing."""
        body = json_object(request)
        with as_probe_tells():
            connector, wait = parse_connector(body, self._clock.now()), probe_wait(body)
            self._refuse_private_host(broker, connector)
        fault = fault_of(request)
        if fault and fault.kind == "failed":
            # Careless drivers repeat their parameters in an error, including the password.
            raise Refusal(400, "TEST_FAILED", f"failed by the fault plan, given {json.dumps(body)}")
        trouble = broker.trouble(connector, broker.nodes[0])
        if trouble == "timeout":
            self._clock.sleep(wait)
        if trouble:
            raise Refusal(400, "TEST_FAILED", trouble)
        return no_content()

    def _refuse_private_host(self, broker: Broker, connector: Connector) -> None:
        """With SSRF protection, refuse a host that resolves to a private address; an unresolvable host passes."""
        if self._quirks.ssrf_protection and connector.is_checked_for_ssrf and broker.resolves(connector):
            raise invalid("the host resolves to an address that rule_engine.ssrf forbids")

    def _user_routes(self, kind: str) -> tuple[Route, ...]:
        def list_users(_request: Request, broker: Broker) -> Response:
            return json_answer(broker.users(kind))

        def create_user(request: Request, broker: Broker) -> Response:
            return json_answer(broker.add_user(kind, json_object(request)), 201)

        def delete_user(_request: Request, broker: Broker, id_: str) -> Response:
            broker.delete_user(kind, id_)
            return no_content()

        return (
            Route("GET", f"/{kind}", list_users),
            Route("POST", f"/{kind}", create_user),
            Route("DELETE", f"/{kind}/{{id}}", delete_user),
        )

    def _list_rules(self, request: Request, broker: Broker) -> Response:
        default, most = RULES_PAGE
        page, limit = (_number(request, name, usual) for name, usual in (("page", 1), ("limit", default)))
        if limit > most:
            raise Refusal(400, "BAD_REQUEST", f"limit may be {most} at most")
        rules = broker.rules(request.args.get("action"))
        begin, end = (page - 1) * limit, page * limit
        meta = {"page": page, "limit": limit, "count": len(rules), "hasnext": end < len(rules)}
        return json_answer({"data": rules[begin:end], "meta": meta})

    def _create_rule(self, request: Request, broker: Broker) -> Response:
        return json_answer(broker.add_rule(json_object(request), f"rule_{secrets.token_hex(4)}"), 201)

    def _delete_rule(self, _request: Request, broker: Broker, id_: str) -> Response:
        broker.delete_rule(id_)
        return no_content()


def _number(request: Request, name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise Refusal(400, "BAD_REQUEST", f"{name} must be a number above 0, not {text!r}")
    return int(text)
