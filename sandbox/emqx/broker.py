"""The broker of one deployment: its nodes, and the data integration on them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sandbox.emqx.answers import Refusal
from sandbox.emqx.configuration import Configuration
from sandbox.emqx.connectors import TYPES, Connector, bad_schema, check_identity, redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.emqx.quirks import Quirks
    from sandbox.seed import Deployment

    Reach = Callable[[Deployment, str, int], str | None]
    """(deployment, host, port) -> why a connection does not open, or None when it does."""

USERS = ("actions", "sources")
"""The two kinds of users of a connector."""


class Broker:
    """Connectors, and the actions, sources and rules that use them. Thread-safe."""

    def __init__(
        self, deployment: Deployment, clock: Clock, durations: Durations, quirks: Quirks, reach: Reach
    ) -> None:
        """Begin empty, with one node for each AZ ID, but at least two."""
        self.deployment = deployment
        self.configuration = Configuration()
        self._clock = clock
        self._durations = durations
        self._quirks = quirks
        self._reach = reach
        self._lock = threading.RLock()
        self._connectors: dict[str, Connector] = {}
        self._users: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in USERS}
        self._rules: dict[str, dict[str, Any]] = {}
        count = max(2, len(deployment.az_ids))
        self.nodes = [f"emqx@emqx-{index}.{deployment.id}" for index in range(count)]

    def add_connector(self, connector: Connector) -> None:
        """Store it. The type and name are its key, so the same ones again are ALREADY_EXISTS."""
        with self._lock:
            if connector.key in self._connectors:
                raise Refusal(400, "ALREADY_EXISTS", "connector already exists")
            self._connectors[connector.key] = connector

    def connectors(self) -> list[Connector]:
        """The connectors that reads show by now."""
        now = self._clock.now()
        with self._lock:
            return [one for one in self._connectors.values() if one.hidden_until <= now]

    def book(self) -> list[dict[str, Any]]:
        """Every connector, hidden ones too, without its status, which would need a request to AWS."""
        with self._lock:
            return [self._described(connector) for connector in self._connectors.values()]

    def connector(self, id_: str) -> Connector:
        """One connector that reads show; raises 404 NOT_FOUND when there is none."""
        for one in self.connectors():
            if one.key == id_:
                return one
        raise Refusal(404, "NOT_FOUND", f"Connector lookup failed: connector {id_!r} does not exist.")

    def describe_connector(self, id_: str, description: str) -> None:
        """Change only a connector's description; ValueError when there is no such connector."""
        with self._lock:
            if id_ not in self._connectors:
                raise ValueError(f"there is no connector {id_!r}")
            self._connectors[id_].config["description"] = description

    def delete_connector(self, id_: str) -> None:
        """Delete it; refused with 400 BAD_REQUEST while actions or sources use it."""
        with self._lock:
            connector = self.connector(id_)
            users = [name for kind in USERS for name in self.users_of(connector, kind)]
            if users:
                raise Refusal(
                    400,
                    "BAD_REQUEST",
                    "Cannot delete connector while there are active channels defined for this connector: "
                    + ", ".join(users),
                )
            del self._connectors[id_]

    def users_of(self, connector: Connector, kind: str) -> list[str]:
        """The names of the actions or sources that use a connector."""
        with self._lock:
            return [
                user["name"]
                for user in self._users[kind].values()
                if (user["type"], user["connector"]) == (connector.type, connector.name)
            ]

    def shown(self, connector: Connector) -> dict[str, Any]:
        """A connector as every answer shows it: secrets redacted, with an overall status and one for each node."""
        node_status = self._node_status(connector)
        statuses = {status["status"] for status in node_status}
        reasons = [status["status_reason"] for status in node_status if "status_reason" in status]
        return {
            **self._described(connector),
            "status": statuses.pop() if len(statuses) == 1 else "inconsistent",
            **({"status_reason": reasons[0]} if reasons else {}),
            "node_status": node_status,
        }

    def trouble(self, connector: Connector, node: str) -> str | None:
        """Why this node cannot connect: `nxdomain`, `econnrefused`, `timeout`; None when it can."""
        return "timeout" if node in self._unreachable() else self._path_trouble(connector)

    def add_user(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """Store an action or source; its connector must exist, and its type and name must be new."""
        type_, name = check_identity(body)
        if type_ not in TYPES:
            raise bad_schema("type", "unknown_type", type_)
        with self._lock:
            id_ = f"{type_}:{name}"
            if id_ in self._users[kind]:
                raise Refusal(400, "ALREADY_EXISTS", "bridge already exists")
            if f"{type_}:{body.get('connector')}" not in self._connectors:
                raise bad_schema("connector", "connector_not_found_or_wrong_type")
            self._users[kind][id_] = {"enable": True, **body}
            return self._users[kind][id_]

    def users(self, kind: str) -> list[dict[str, Any]]:
        """Every action or source."""
        with self._lock:
            return list(self._users[kind].values())

    def delete_user(self, kind: str, id_: str) -> None:
        """Delete an action or source; refused with 400 BAD_REQUEST and the rules' ids while rules use it."""
        with self._lock:
            if id_ not in self._users[kind]:
                raise Refusal(404, "NOT_FOUND", f"{kind.removesuffix('s').capitalize()} {id_!r} does not exist.")
            rules = [rule["id"] for rule in self._rules.values() if _uses(rule, kind, id_)]
            if rules:
                message = f"Cannot delete {kind.removesuffix('s')} while active rules are depending on it"
                raise Refusal(400, "BAD_REQUEST", message, rules=rules)
            del self._users[kind][id_]

    def add_rule(self, body: dict[str, Any], id_: str) -> dict[str, Any]:
        """Store a rule under the id in its body, or under `id_` when the body has none."""
        if not isinstance(body.get("sql"), str):
            raise bad_schema("sql", "required_field")
        rule = {"id": id_, "enable": True, "actions": [], **body}
        with self._lock:
            if rule["id"] in self._rules:
                raise Refusal(400, "BAD_REQUEST", "rule id already exists")
            self._rules[rule["id"]] = rule
        return rule

    def rules(self, action: str | None = None) -> list[dict[str, Any]]:
        """Every rule, or those that use this action."""
        with self._lock:
            return [rule for rule in self._rules.values() if action is None or action in rule["actions"]]

    def delete_rule(self, id_: str) -> None:
        """Delete a rule; raises 404 NOT_FOUND when there is none."""
        with self._lock:
            if self._rules.pop(id_, None) is None:
                raise Refusal(404, "NOT_FOUND", "Rule Id Not Found")

    def _node_status(self, connector: Connector) -> list[dict[str, str]]:
        """Each node's status, with the reason when it is `disconnected`."""
        age = self._clock.now() - connector.created_at
        if connector.config.get("enable") is False:
            return [{"node": node, "status": "stopped"} for node in self.nodes]
        if connector.fault_kind == "stuck" or age < self._durations.connector_connected:
            return [{"node": node, "status": "connecting"} for node in self.nodes]
        # The nodes share the path to the address, so one check is enough for all.
        trouble = "failed by the fault plan" if connector.fault_kind == "failed" else self._path_trouble(connector)
        reasons = {node: "timeout" if node in self._unreachable() else trouble for node in self.nodes}
        return [
            {"node": node, "status": "disconnected", "status_reason": reason}
            if reason
            else {"node": node, "status": "connected"}
            for node, reason in reasons.items()
        ]

    def resolves(self, connector: Connector) -> bool:
        """Whether any of its hosts resolves; in a deployment's VPC only the addresses of PrivateLinks do."""
        return any(self._reach(self.deployment, host, port) != "nxdomain" for host, port in connector.servers)

    def _path_trouble(self, connector: Connector) -> str | None:
        reasons = (self._reach(self.deployment, host, port) for host, port in connector.servers)
        return next((reason for reason in reasons if reason), None)

    def _unreachable(self) -> list[str]:
        return self.nodes[max(0, len(self.nodes) - self._quirks.unreachable_nodes) :]

    def _described(self, connector: Connector) -> dict[str, Any]:
        return {
            "enable": True,
            **redacted(connector.config),
            **({"namespace": connector.namespace} if connector.namespace else {}),
            "type": connector.type,
            "name": connector.name,
            **{kind: self.users_of(connector, kind) for kind in USERS},
        }


def _uses(rule: dict[str, Any], kind: str, id_: str) -> bool:
    return id_ in rule["actions"] if kind == "actions" else f'"$sources/{id_}"' in rule["sql"]
