"""What a deployment has besides connectors that may dial an address: authentication, authorization and the rest.

Each kind is a row of a table: its paths, the API key scope that reads it, and how EMQX lists it. Bodies are kept as
they came, and answers redact their secrets. Only the fields that make up an id are checked. The paths and shapes are
those of emqx/emqx: `emqx_authn_api`, `emqx_authz_api_sources`, `emqx_exhook_api`, `emqx_cluster_link_api`,
`emqx_schema_registry_http_api`, `emqx_ai_completion_api`. The scopes are those of `emqx_api_key_scopes.hrl`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.emqx.answers import Refusal
from sandbox.emqx.connectors import bad_schema, redacted

if TYPE_CHECKING:
    from collections.abc import Callable

Thing = dict[str, Any]


def _array(things: dict[str, Thing]) -> object:
    return list(things.values())


@dataclass(frozen=True)
class Kind:
    """One kind of configuration: `path` lists and creates, `item` (with the id as `{id}`) deletes."""

    path: str
    item: str
    scope: str
    named_by: tuple[str, ...] = ("name",)
    """Fields of the body whose values, joined by colons, are the id."""
    listed: Callable[[dict[str, Thing]], object] = _array
    made: int = 201
    """HTTP status of a create; 204 has no body."""
    hidden: frozenset[str] = frozenset()
    """Fields of the body that no answer shows."""
    shows_id: bool = False


KINDS = (
    Kind(
        "/authentication", "/authentication/{id}", "access_control", ("mechanism", "backend"), made=200, shows_id=True
    ),
    Kind(
        "/authorization/sources",
        "/authorization/sources/{id}",
        "access_control",
        ("type",),
        listed=lambda things: {"sources": list(things.values())},
        made=204,
    ),
    Kind("/exhooks", "/exhooks/{id}", "data_integration", made=200),
    Kind("/cluster/links", "/cluster/links/link/{id}", "cluster_operations"),
    Kind(
        "/schema_registry_external",
        "/schema_registry_external/registry/{id}",
        "data_integration",
        listed=lambda things: {id_: {k: v for k, v in thing.items() if k != "name"} for id_, thing in things.items()},
    ),
    Kind("/schema_registry", "/schema_registry/{id}", "data_integration"),
    Kind("/ai/providers", "/ai/providers/{id}", "data_integration", made=204, hidden=frozenset({"api_key"})),
)

GATEWAYS = ("coap", "exproto", "gbt32960", "jt808", "lwm2m", "mqttsn", "ocpp", "stomp")
"""The gateways that EMQX has. GET /gateways lists them all, loaded or not (`emqx_gateway_api`)."""


class Configuration:
    """The configuration of one deployment. Thread-safe."""

    def __init__(self) -> None:
        """Begin empty, with no gateway loaded."""
        self._lock = threading.Lock()
        self._things: dict[str, dict[str, Thing]] = {kind.path: {} for kind in KINDS}
        self._gateways: dict[str, Thing] = {}

    def all(self, kind: Kind) -> object:
        """Everything of one kind, as EMQX lists it."""
        with self._lock:
            return kind.listed({id_: redacted(thing) for id_, thing in self._things[kind.path].items()})

    def add(self, kind: Kind, body: Thing) -> Thing:
        """Store one and return it as answers show it; the same id again is 400 ALREADY_EXISTS."""
        missing = [field for field in kind.named_by if not isinstance(body.get(field), str)]
        if missing == ["backend"] and body.get("mechanism") == "jwt":
            missing = []  # the only authenticator without a backend
        if missing:
            raise bad_schema(missing[0], "required_field")
        id_ = ":".join(body[field] for field in kind.named_by if field in body)
        with self._lock:
            if id_ in self._things[kind.path]:
                raise Refusal(400, "ALREADY_EXISTS", f"{id_} already exists")
            shown = {key: value for key, value in body.items() if key not in kind.hidden}
            self._things[kind.path][id_] = ({"id": id_} if kind.shows_id else {}) | {"enable": True} | shown
            return redacted(self._things[kind.path][id_])

    def delete(self, kind: Kind, id_: str) -> None:
        """Delete one; raises 404 NOT_FOUND when there is none."""
        with self._lock:
            if self._things[kind.path].pop(id_, None) is None:
                raise Refusal(404, "NOT_FOUND", f"{id_} does not exist")

    def gateways(self) -> list[Thing]:
        """Every gateway that EMQX has, with its status."""
        with self._lock:
            return [{"name": name, "status": "running" if name in self._gateways else "unloaded"} for name in GATEWAYS]

    def gateway(self, name: str) -> Thing:
        """A loaded gateway's whole configuration; otherwise its name and `unloaded` (`emqx_gateway_api:gateway/2`)."""
        with self._lock:
            if name not in GATEWAYS:
                raise Refusal(404, "NOT_FOUND", "NOT FOUND")
            if name not in self._gateways:
                return {"name": name, "status": "unloaded"}
            return {**redacted(self._gateways[name]), "name": name, "status": "running"}

    def load_gateway(self, name: str, body: Thing) -> None:
        """Load or update a gateway."""
        with self._lock:
            if name not in GATEWAYS:
                raise Refusal(404, "NOT_FOUND", "NOT FOUND")
            self._gateways[name] = self._gateways.get(name, {}) | body

    def gateway_authentication(self, name: str) -> Thing | None:
        """A gateway's authenticator; None when it has none. Raises 404 when the gateway is not loaded."""
        with self._lock:
            authenticator = self._loaded(name).get("authentication")
            return redacted(authenticator) if isinstance(authenticator, dict) else None

    def set_gateway_authentication(self, name: str, body: Thing | None) -> None:
        """Set a loaded gateway's authenticator, or remove it (None)."""
        with self._lock:
            gateway = self._loaded(name)
            gateway.pop("authentication", None)
            if body is not None:
                gateway["authentication"] = body

    def book(self) -> dict[str, Any]:
        """The whole configuration by path; empty kinds are left out."""
        with self._lock:
            book = {path: [redacted(one) for one in things.values()] for path, things in self._things.items() if things}
            if self._gateways:
                book["/gateways"] = [{"name": name, **redacted(one)} for name, one in self._gateways.items()]
            return book

    def _loaded(self, name: str) -> Thing:
        if name not in self._gateways:
            raise Refusal(404, "RESOURCE_NOT_FOUND", f"The gateway {name} is unloaded")
        return self._gateways[name]
