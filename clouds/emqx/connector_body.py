"""Turns the request's connector into the body for EMQX: fills in address and secrets, and keeps the secrets secret."""

import re
from collections.abc import Iterator
from functools import cached_property

from pydantic import JsonValue

from clouds.emqx.redaction import REDACTED, Redactor
from clouds.secrets import Secrets
from privatelink.model.request import ADDRESS, Connector
from privatelink.model.secret_refs import reference_of

NOWHERE = "address.invalid"
"""A host that never resolves (RFC 2606), for a probe that should check the schema and reach nothing."""

PROBE_INTERVAL = "10s"
"""Maximum time that EMQX lets a probe try, given as its `health_check_interval`; far below our own call time-out."""

_HOST = r"[A-Za-z0-9._-]+"
_PEM = "-----BEGIN "
_SERVERS = frozenset({"server", "servers", "bootstrap_hosts"})
"""Fields with lists of servers, which EMQX splits at commas. It drops the spaces around them."""
_AROUND_COMMA = re.compile(r"\s*,\s*")


class ConnectorBody:
    """One connector in EMQX's form. It holds secrets, so create it for a call and drop it afterwards."""

    def __init__(self, connector: Connector, deployment: str, offered: Secrets) -> None:
        """Read the secrets that the deployment's connector refers to."""
        self._connector = connector
        references = set(_references(connector.parameters))
        read = {reference: offered.read(deployment, reference) for reference in references}
        self._secrets = {reference: secret for reference, secret in read.items() if secret is not None}
        self.missing = tuple(sorted(references - self._secrets.keys()))
        """The references, such as `env:ORDERS_DB`, for which the worker offers the deployment nothing."""

    def filled(self, address: str, description: str) -> dict[str, JsonValue]:
        """The body of a create. `missing` must be empty."""
        parameters = {name: self._fill(value, address) for name, value in self._connector.parameters.items()}
        return {**parameters, "type": self._connector.type, "name": self._connector.name, "description": description}

    def for_probe(self, address: str, description: str) -> dict[str, JsonValue]:
        """The body of a probe: like that of a create, but limits how long EMQX tries."""
        body = self.filled(address, description)
        options = body.get("resource_opts")
        own = options if isinstance(options, dict) else {}
        return body | {"resource_opts": own | {"health_check_interval": PROBE_INTERVAL}}

    def _fill(self, value: JsonValue, address: str) -> JsonValue:
        if reference := reference_of(value):
            return self._secrets[reference]
        if isinstance(value, str):
            return value.replace(ADDRESS, address)
        if isinstance(value, dict):
            return {key: self._fill(item, address) for key, item in value.items()}
        if isinstance(value, list):
            return [self._fill(item, address) for item in value]
        return value

    def differences(self, shown: dict[str, JsonValue], address: str = "") -> tuple[str, ...]:
        """The paths at which a connector that EMQX shows differs from this one. Without `address` any host is accepted.

        Redacted values count as equal, and fields that EMQX adds (defaults) are ignored. For a certificate or key that
        was given as PEM text, EMQX shows the path of the file in which it keeps it (emqx/emqx, `emqx_tls_lib`), so any
        path counts as equal.
        """
        return tuple(_differences(self._connector.parameters, shown, "", address))

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self._secrets.values())

    def clean(self, text: str) -> str:
        """EMQX's text made fit for a message: on one line, and without any part of a secret, however EMQX spells it."""
        return self._redactor.clean(text)


def _references(value: JsonValue) -> Iterator[str]:
    if reference := reference_of(value):
        yield reference
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references(item)


def _differences(wanted: JsonValue, shown: JsonValue, path: str, address: str) -> Iterator[str]:
    if reference_of(wanted) or shown == REDACTED:
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
    elif wanted != shown and not _is_same_scalar(wanted, shown):
        yield path


def _is_same_scalar(wanted: JsonValue, shown: JsonValue) -> bool:
    """Whether the two differ only because EMQX converted a text, as its schemas do: `"08"` to 8, `"true"` to true."""
    text, value = (wanted, shown) if isinstance(wanted, str) else (shown, wanted)
    if not isinstance(text, str) or isinstance(value, list | dict | str) or value is None:
        return False
    try:
        return text.lower() == str(value).lower() if isinstance(value, bool) else float(text) == value
    except ValueError:
        return False


def _is_same_text(wanted: str, shown: str, path: str, address: str) -> bool:
    if _PEM in wanted and _PEM not in shown and "/" in shown:
        return True
    if path.rpartition(".")[2] in _SERVERS:
        wanted, shown = (_AROUND_COMMA.sub(",", text) for text in (wanted, shown))
    host = re.escape(address) or _HOST
    return bool(re.fullmatch(host.join(re.escape(part) for part in wanted.split(ADDRESS)), shown, re.DOTALL))
