"""From the request's connector to the body that EMQX takes: address and secrets filled in, the secrets kept secret."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from pydantic import JsonValue

from clouds.emqx.redaction import REDACTED, Redactor
from privatelink.request import ADDRESS, Connector
from privatelink.secret_refs import is_reference

NOWHERE = "address.invalid"
"""A host that resolves nowhere (RFC 2606), where a schema is to be tried and nothing reached."""

PROBE_INTERVAL = "10s"
"""How long EMQX lets a probe try, as its `health_check_interval`; far below our own time-out of a call."""

_HOST = r"[A-Za-z0-9._-]+"
_PEM = "-----BEGIN "
_SERVERS = frozenset({"server", "servers", "bootstrap_hosts"})
"""Fields whose servers EMQX takes apart at commas: it drops the spaces around them."""
_AROUND_COMMA = re.compile(r"\s*,\s*")


class ConnectorBody:
    """One connector as EMQX takes it. Holds secrets: make it in the moment of the call, and let it go after."""

    def __init__(self, connector: Connector, environment: Mapping[str, str] = os.environ) -> None:
        """Read the secrets that the connector refers to."""
        self._connector = connector
        names = set(_references(connector.parameters))
        self._secrets = {name: environment[name] for name in names if environment.get(name)}
        self.missing = tuple(sorted(names - self._secrets.keys()))
        """The variables that the connector refers to and the environment does not have."""

    def filled(self, address: str, description: str) -> dict[str, JsonValue]:
        """The body of a create. `missing` must be empty."""
        parameters = {name: self._fill(value, address) for name, value in self._connector.parameters.items()}
        return {**parameters, "type": self._connector.type, "name": self._connector.name, "description": description}

    def for_probe(self, address: str, description: str) -> dict[str, JsonValue]:
        """The body of a probe: the same, with a bound on how long EMQX tries."""
        body = self.filled(address, description)
        options = body.get("resource_opts")
        own = options if isinstance(options, dict) else {}
        return body | {"resource_opts": own | {"health_check_interval": PROBE_INTERVAL}}

    def _fill(self, value: JsonValue, address: str) -> JsonValue:
        if name := _reference(value):
            return self._secrets[name]
        if isinstance(value, str):
            return value.replace(ADDRESS, address)
        if isinstance(value, dict):
            return {key: self._fill(item, address) for key, item in value.items()}
        if isinstance(value, list):
            return [self._fill(item, address) for item in value]
        return value

    def differences(self, shown: dict[str, JsonValue], address: str = "") -> tuple[str, ...]:
        """The paths at which a connector that EMQX shows is not this one. Without `address` any host may stand there.

        What EMQX redacts counts as equal, and what it adds (defaults) is not looked at. Certificates and keys given as
        PEM text are shown by the path of the file in which EMQX keeps them (emqx/emqx, `emqx_tls_lib`), so any path
        counts as equal.
        """
        return tuple(_differences(self._connector.parameters, shown, "", address))

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self._secrets.values())

    def clean(self, text: str) -> str:
        """EMQX's text fit for a sentence: on one line, no part of a secret in it, in no spelling that EMQX may echo."""
        return self._redactor.clean(text)


def _reference(value: JsonValue) -> str | None:
    """The variable that a reference names; the request's schema has checked its form."""
    return str(value["secret"]).removeprefix("env:") if isinstance(value, dict) and is_reference(value) else None


def _references(value: JsonValue) -> Iterator[str]:
    if name := _reference(value):
        yield name
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references(item)


def _differences(wanted: JsonValue, shown: JsonValue, path: str, address: str) -> Iterator[str]:
    if _reference(wanted) or shown == REDACTED:
        return
    if isinstance(wanted, dict) and isinstance(shown, dict):
        for key, value in wanted.items():
            yield from _differences(value, shown.get(key), f"{path}.{key}" if path else key, address)
    elif isinstance(wanted, list) and isinstance(shown, list) and len(wanted) == len(shown):
        for index, pair in enumerate(zip(wanted, shown, strict=True)):
            yield from _differences(*pair, f"{path}.{index}", address)
    elif isinstance(wanted, str) and isinstance(shown, str):
        if not _is_same_text(wanted, shown, path, address):
            yield path
    elif wanted != shown:
        yield path


def _is_same_text(wanted: str, shown: str, path: str, address: str) -> bool:
    if _PEM in wanted and _PEM not in shown and "/" in shown:
        return True
    if path.rpartition(".")[2] in _SERVERS:
        wanted, shown = (_AROUND_COMMA.sub(",", text) for text in (wanted, shown))
    host = re.escape(address) or _HOST
    return bool(re.fullmatch(host.join(re.escape(part) for part in wanted.split(ADDRESS)), shown, re.DOTALL))
