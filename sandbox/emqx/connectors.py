"""Connectors: the types that the sandbox has, the check of their bodies, and how answers show them.

Follows `apps/emqx_connector` and `apps/emqx_bridge` of emqx/emqx.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.emqx.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.faults import FaultKind

REDACTED = "******"
SECRETS = frozenset({"password", "secret", "token", "authorization", "secret_key", "private_key"})

NAME = re.compile(r"[0-9a-zA-Z][-0-9a-zA-Z_]*")
NAME_LIMIT = 255

PROBE_WAIT = (5.0, 15.0, 60.0)
"""Minimum, default and maximum of the seconds that a probe waits for an answer (its `health_check_interval`)."""


@dataclass(frozen=True)
class ConnectorType:
    """The required fields of a connector type, and the field that holds its servers; paths are dotted."""

    required: tuple[str, ...]
    servers: str
    default_port: int | None = None


TYPES = {
    "mysql": ConnectorType(("server", "database"), "server", 3306),
    "pgsql": ConnectorType(("server", "database", "username"), "server", 5432),
    "redis": ConnectorType(("parameters.redis_type", "parameters.server"), "parameters.server", 6379),
    "http": ConnectorType(("url",), "url"),
    "kafka_producer": ConnectorType(("bootstrap_hosts",), "bootstrap_hosts", 9092),
    "kafka_consumer": ConnectorType(("bootstrap_hosts",), "bootstrap_hosts", 9092),
    "mqtt": ConnectorType(("server",), "server", 1883),
}
"""The connector types, after the examples in the broker's connector schemas; the last two are for sources."""


@dataclass
class Connector:
    """A stored connector. Times are sandbox seconds."""

    type: str
    name: str
    config: dict[str, Any]
    servers: list[tuple[str, int]]
    created_at: float
    namespace: str = ""
    """Empty for a global connector (EMQX 6)."""
    hidden_until: float = 0.0
    fault_kind: FaultKind | None = None
    """`stuck`: connecting forever; `failed`: disconnected forever."""

    @property
    def id(self) -> str:
        """`type:name`."""
        return f"{self.type}:{self.name}"

    @property
    def key(self) -> str:
        """The unique key: the id, after the namespace if it has one, since names are per namespace."""
        return f"{self.namespace}/{self.id}" if self.namespace else self.id

    @property
    def is_checked_for_ssrf(self) -> bool:
        """Whether EMQX checks what its host resolves to; of the sandbox's types, it does so for these two."""
        return self.type in {"http", "mqtt"}


def parse_connector(body: dict[str, Any], created_at: float) -> Connector:
    """Parse the body of a create or probe; raises 400 BAD_REQUEST with JSON text as its message, as the broker does."""
    type_, name = check_identity(body)
    kind = TYPES.get(type_)
    if kind is None:
        raise bad_schema("type", "unknown_connector_type", type_)
    for path in kind.required:
        if _at(body, path) in (None, ""):
            raise bad_schema(path, "required_field")
    if type_ == "http":
        _check_url(str(body["url"]))
    servers = list(_servers(str(_at(body, kind.servers)), kind, kind.servers))
    config = {key: value for key, value in body.items() if key not in {"type", "name"}}
    config = _with_certificates_in_files(config, f"data/certs/connectors/{type_}:{name}")
    return Connector(type=type_, name=name, config=config, servers=servers, created_at=created_at)


def check_identity(body: dict[str, Any]) -> tuple[str, str]:
    """The type and name of a body; raises 400 BAD_REQUEST when either is missing or the name is not allowed."""
    for key in ("type", "name"):
        if not isinstance(body.get(key), str):
            raise bad_schema(key, "required_field")
    name: str = body["name"]
    if not NAME.fullmatch(name) or len(name) >= NAME_LIMIT:
        raise bad_schema("name", "invalid_name", name)
    return body["type"], name


def bad_schema(path: str, reason: str, value: str | None = None) -> Refusal:
    """400 BAD_REQUEST with JSON text as its message."""
    detail = {"kind": "validation_error", "path": path, "reason": reason}
    return Refusal(400, "BAD_REQUEST", json.dumps(detail | ({} if value is None else {"value": value})))


class InvalidParameters(Refusal):  # named for the answer that it becomes
    """The body fits the schema, but EMQX refuses it."""


def invalid(reason: str, **more: object) -> Refusal:
    """400 for parameters that fit the schema but are not valid: EMQX's `validation_error`, which is JSON text."""
    detail = {"kind": "validation_error", "reason": reason} | more
    return InvalidParameters(400, "BAD_REQUEST", json.dumps(detail))


@contextmanager
def as_probe_tells() -> Iterator[None]:
    """Turn `InvalidParameters` into TEST_FAILED; only for schema errors a probe answers as a create does.

    Source: `emqx_connector_api`.
    """
    try:
        yield
    except InvalidParameters as refusal:
        raise Refusal(400, "TEST_FAILED", refusal.message) from refusal


def _check_url(url: str) -> None:
    """Refuse what `emqx_connector_resource:parse_url` and `emqx_http_lib:uri_parse` do; the schema takes any text."""
    if "//" not in url:
        raise invalid(f"Missing scheme in URL: {url}")
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.fragment:
        raise invalid(f"Invalid URL: {url}, details: unsupported user info or fragment")


CERTIFICATE_FIELDS = ("cacertfile", "certfile", "keyfile")


def _with_certificates_in_files(config: dict[str, Any], folder: str) -> dict[str, Any]:
    """Replace PEM text by the path of a file, as EMQX keeps and shows it (`emqx_tls_lib`, `emqx_connector_ssl`).

    Also under `oauth2.ssl`. Text that is neither PEM nor a path is refused.
    """
    stored = dict(config)
    if isinstance(ssl := stored.get("ssl"), dict):
        stored["ssl"] = ssl | {
            field: _file_of(text, field, folder)
            for field in CERTIFICATE_FIELDS
            if isinstance(text := ssl.get(field), str) and text
        }
    if isinstance(oauth2 := stored.get("oauth2"), dict):
        stored["oauth2"] = _with_certificates_in_files(oauth2, f"{folder}/oauth2")
    return stored


def _file_of(text: str, field: str, folder: str) -> str:
    if "-----BEGIN " in text:
        if "-----END " not in text:
            raise invalid("bad_ssl_config", bad_field=field, details="invalid_pem")
        digest = hashlib.md5(f"{folder}{field}{text}".encode(), usedforsecurity=False).hexdigest()[:16]
        return f"{folder}/{field.removesuffix('file')}-{digest}"
    if "/" not in text:
        raise invalid(
            "bad_ssl_config", bad_field=field, details="Failed to access certificate / key file: No such file"
        )
    return text


def redacted(config: dict[str, Any]) -> dict[str, Any]:
    """A copy with every secret, at any depth, replaced by `******`."""

    def shown(key: str, value: object) -> object:
        if isinstance(value, dict):
            return redacted(value)
        if isinstance(value, list):
            return [shown(key, item) for item in value]
        return REDACTED if key.lower() in SECRETS and isinstance(value, str) else value

    return {key: shown(key, value) for key, value in config.items()}


def probe_wait(body: dict[str, Any]) -> float:
    """How many seconds a probe with this body waits for a server that does not answer."""
    least, default, most = PROBE_WAIT
    interval = _at(body, "resource_opts.health_check_interval")
    return min(max(default if interval is None else _seconds(interval), least), most)


def _seconds(duration: object) -> float:
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", str(duration))
    if found is None:
        raise bad_schema("resource_opts.health_check_interval", "invalid_duration", str(duration))
    return int(found[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[found[2]]


def _at(body: dict[str, Any], path: str) -> object:
    value: object = body
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _servers(text: str, kind: ConnectorType, path: str) -> Iterator[tuple[str, int]]:
    # A URL may contain commas; the other fields may list several servers.
    for server in [text] if kind.servers == "url" else text.split(","):
        try:
            parts = urlsplit(server if "//" in server else f"//{server.strip()}")
            port = parts.port or kind.default_port or {"https": 443}.get(parts.scheme, 80)
        except ValueError as error:
            raise bad_schema(path, "bad_port_number", server) from error
        if not parts.hostname:
            raise bad_schema(path, "bad_host_port", server)
        yield parts.hostname, port
