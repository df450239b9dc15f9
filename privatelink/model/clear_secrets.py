"""Secrets in the clear: found by the name of their field (`privatelink.model.secret_names`) and by their own shape.

A request that holds one is refused before it is sent, because Temporal's history would keep the secret.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import TypeVar, cast

from pydantic import JsonValue
from pydantic_core import PydanticCustomError

from privatelink.errors import IN_THE_CLEAR
from privatelink.model.secret_names import says_secret
from privatelink.model.secret_refs import ENV_PREFIX, is_reference, reference_faults

_CURE = f"write {{secret: 'env:NAME'}}, and give the worker {ENV_PREFIX}NAME"

T = TypeVar("T")

_SHAPES = {
    "a private key": re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*"),
    # IAM user guide, "IAM identifiers": the prefixes of access keys.
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    # Prefixes that the issuers publish so that their tokens can be found.
    "a token": re.compile(
        r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|[rs]k_(?:live|test)_\w{10,}"
        r"|sk-(?:ant|proj)-[\w-]{20,}|AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{36}|hv[sb]\.[\w-]{20,}"
        r"|dop_v1_[0-9a-f]{64}|ya29\.[\w-]{20,})"
    ),
    "an Authorization header": re.compile(
        r"^\s*(?:Bearer|Basic|Digest|ApiKey|Token)\s+(?=\S*[\d=._-])[\w+/=.~-]{12,}$"
    ),
    # RFC 3986, 3.2.1. The text after the colon is a password unless it can be a port, whatever characters it has.
    "a user or password inside a URL": re.compile(
        r"://(?:[^/?#\s@]*@|[^/?#\s:@]*:(?!\d{1,5}(?:[/?#,\s]|$)|\$\{)\S{0,500}@)|^[^\s:/@]+:[^\s@]+@(?:\{address\}|[\w.-]+:\d|\w+\()"
    ),
}
_PAIR = re.compile(
    r"""(?:^|[?&;,\s(])([A-Za-z][\w. -]{0,60}?)\s*=\s*(?:"[^"]+"|'[^']+'|(?!\$\{)[^\s;&"',]+)"""
    r"|^[ \t]*([A-Za-z][\w-]*):[ \t]+(?!\$\{)\S",
    re.MULTILINE,
)
_AWS_SECRET_KEY = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9+/]{40}")
_BASIC = re.compile(r"Basic\s+([A-Za-z0-9+/]+=*)")
_ENCODED_PEM = re.compile(r"(LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]+)")
_HARMLESS = re.compile(r"|none|true|false|\$\{[^}]*\}|file://.*")
"""Values that are no secret in any field: an empty text, a switch, EMQX's placeholder, and a file of EMQX's own."""


def check_parameters(parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuse secrets in the clear and malformed references, naming every path and no value.

    Raises `ValueError`, or `PydanticCustomError` of type `secret_in_the_clear` if a secret was found.
    """
    clear = [f"{path}: {what} in the clear; {_CURE}" for path, what in _in_the_clear(parameters, "")]
    wrong = [f"{path}: {fault}" for path, fault in _wrong_references(parameters, "")]
    if clear:
        raise PydanticCustomError(IN_THE_CLEAR, "{faults}", {"faults": "; ".join(clear + wrong)})
    if wrong:
        raise ValueError("; ".join(wrong))
    return parameters


def check_public(value: T) -> T:
    """Refuse a secret where AWS shows it to everybody with read access: in tags and in a health check's path."""
    found = _in_the_clear(cast("JsonValue", value), "")
    clear = [f"{path}: {what}" if path else what for path, what in found]
    if clear:
        faults = f"{'; '.join(clear)} in the clear, where anybody with access to AWS can read it; leave it out"
        raise PydanticCustomError(IN_THE_CLEAR, "{faults}", {"faults": faults})
    return value


def _in_the_clear(
    value: JsonValue, path: str, *, named: bool = False, in_call: bool = False
) -> Iterator[tuple[str, str]]:
    """Path and kind of each secret. `named`: the field that holds the value has the name of a secret."""
    if is_reference(value):
        return
    if isinstance(value, dict):
        pair = _named_pair(value)
        for key, item in value.items():
            here = _joined(path, key)
            if what := _shape(key):
                yield here, what
            if pair is not None and key in {"name", "key", "value"}:
                secret = pair and key == "value"
            else:
                secret = says_secret(key, in_call=in_call, within=named)
            yield from _in_the_clear(item, here, named=secret, in_call=in_call or _is_of_calls(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_the_clear(item, _joined(path, str(index)), named=named, in_call=in_call)
    elif named and _could_be_one(value, path):
        yield path, "a secret"
    elif isinstance(value, str) and (what := _shape(value)):
        yield path, what


def _named_pair(value: dict[str, JsonValue]) -> bool | None:
    """For `{name: N, value: V}` (or `key` for `name`): whether N says that V is a secret. None for other objects."""
    name = value.get("name", value.get("key"))
    return says_secret(name, in_call=True) if isinstance(name, str) and "value" in value else None


def _is_of_calls(key: str) -> bool:
    return "header" in key.lower() or key.lower() in {"query", "params", "query_params"}


def _could_be_one(value: JsonValue, path: str) -> bool:
    if isinstance(value, str):
        return _HARMLESS.fullmatch(value) is None
    # A number can be a password. With tokens, a number is a count, as in `max_tokens`.
    return isinstance(value, int | float) and not isinstance(value, bool) and "token" not in path.lower()


def _shape(text: str) -> str | None:
    """The kind of secret that a text is or contains, by its shape alone."""
    if ":" in _decoded(_BASIC, text):  # user:password (RFC 7617)
        return "an Authorization header"
    text = _decoded(_ENCODED_PEM, text) or text
    for what, shape in _SHAPES.items():
        if shape.search(text):
            return what
    if _AWS_SECRET_KEY.fullmatch(text):
        return "an AWS secret key"
    for queried, header in _PAIR.findall(text):
        # `?key=orders` only looks something up. If it is an API key, its shape shows it.
        if queried.lower() != "key" and says_secret(queried.split(".")[-1] or header, in_call=True):
            return "a secret"
    return "a secret" if _holds_json(text) else None


def _decoded(form: re.Pattern[str], text: str) -> str:
    """What a text of this form encodes in base64; empty for any other text."""
    encoded = form.fullmatch(text.strip())
    try:
        return base64.b64decode("".join(encoded[1].split())).decode(errors="replace") if encoded else ""
    except ValueError:
        return ""


def _holds_json(text: str) -> bool:
    """Whether a text is JSON with a secret in it, such as a service account's key."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return next(_in_the_clear(json.loads(text), ""), None) is not None
    except (ValueError, RecursionError):
        return False


def _wrong_references(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if is_reference(value):
        assert isinstance(value, dict)  # noqa: S101 - narrows the type for mypy; is_reference has just said so
        yield from ((path, fault) for fault in reference_faults(value["secret"]))
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _wrong_references(item, _joined(path, str(key)))


def _joined(path: str, key: str) -> str:
    """The path of a key below `path`. A key that is itself a secret is not shown."""
    shown = key if len(key) <= 100 and _shape(key) is None else "(not shown)"  # noqa: PLR2004 - a name is shorter
    return f"{path}.{shown}" if path else shown
