"""Where a deployment keeps addresses besides its connectors, and which configuration there dials a given one.

No EMQX API links a PrivateLink to what uses its address. So we read every place where an address can be configured, and
search all texts in it. Paths and shapes are those of emqx/emqx (`emqx_authn_api`, `emqx_authz_api_sources`,
`emqx_gateway_api`, `emqx_exhook_api`, `emqx_cluster_link_api`, `emqx_schema_registry_http_api`,
`emqx_ai_completion_api`), and scopes are those of its `emqx_api_key_scopes.hrl`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import JsonValue

from clouds.emqx.wire import names_host
from privatelink.errors import AccessDenied


class Kind(NamedTuple):
    """One kind of configuration that may hold an address: where it is listed, and the API key scope needed to read it.

    `harm`: what happens without the address, as in "the exhook audit dials the address: HARM".
    """

    what: str
    path: str
    scope: str
    harm: str


KINDS = (
    Kind(
        "authenticator",
        "/authentication",
        "access_control",
        "every MQTT client that it authenticates would be locked out",
    ),
    Kind(
        "authorization source",
        "/authorization/sources",
        "access_control",
        "EMQX could no longer ask it what a client may publish and subscribe",
    ),
    Kind("exhook", "/exhooks", "data_integration", "its events would be lost, or clients refused that wait for it"),
    Kind("cluster link", "/cluster/links", "cluster_operations", "no message would reach the other cluster"),
    Kind(
        "external schema registry",
        "/schema_registry_external",
        "data_integration",
        "rules could no longer decode with its schemas",
    ),
    Kind("schema", "/schema_registry", "data_integration", "rules could no longer decode with it"),
    Kind("AI provider", "/ai/providers", "data_integration", "rules could no longer ask it"),
)

GATEWAYS = Kind("gateway", "/gateways", "gateways", "its clients would be locked out")
"""Gateways. They hold addresses in their own authenticator, in those of their listeners, and in ExProto's handler."""

GATEWAY = "/gateways/{gateway}"
GATEWAY_AUTHENTICATION = "/gateways/{gateway}/authentication"
UNLOADED = "unloaded"
"""Status of a gateway without a configuration. GET /gateways lists every gateway that EMQX knows."""


class Holder(NamedTuple):
    """One configured thing as EMQX shows it, with secrets redacted."""

    kind: Kind
    id: str
    raw: JsonValue

    def dials(self, host: str) -> bool:
        """Whether any text in it names the host."""
        return names_host(self.raw, host)

    def __str__(self) -> str:
        """Its kind and id, for a message."""
        return f"{self.kind.what} {self.id}"


class Unread(NamedTuple):
    """A kind that the API key may not read, and EMQX's refusal."""

    kind: Kind
    error: AccessDenied


class Holders(NamedTuple):
    """Everything that one reading found. A place that this version of EMQX does not have counts as empty."""

    found: tuple[Holder, ...] = ()
    unread: tuple[Unread, ...] = ()


def holders_in(kind: Kind, listed: list[JsonValue] | dict[str, JsonValue]) -> Iterator[Holder]:
    """Every entry of a listing: an array, authorization's object around an array, or the external registries' map."""
    sources = listed.get("sources") if isinstance(listed, dict) else None
    if isinstance(sources, list):
        listed = sources
    named = listed.items() if isinstance(listed, dict) else ((_id_of(one), one) for one in listed)
    for id_, one in named:
        yield Holder(kind, id_, one)


def _id_of(thing: JsonValue) -> str:
    """EMQX's name for it: id, name, mechanism and backend (authenticators) or type (authorization sources)."""
    if not isinstance(thing, dict):
        return "without a name"
    for fields in (("id",), ("name",), ("mechanism", "backend"), ("mechanism",), ("type",)):
        values = [thing.get(field) for field in fields]
        if all(isinstance(value, str) and value for value in values):
            return ":".join(map(str, values))
    return "without a name"
