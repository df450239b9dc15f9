"""References to secrets: a request names where a secret stands, never the secret itself.

A reference is the object `{"secret": "env:NAME"}`: the worker, and only the worker, reads its environment variable NAME
in the moment in which it calls the deployment's API. Temporal's history therefore holds the name and no more.
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
# A request may not read the worker's own keys: whoever can write a request could send them to a server of their choice.
_FORBIDDEN = re.compile(r"env:(AWS_|EMQXCLOUD_|TEMPORAL_|PRIVATELINK_)", re.IGNORECASE)
_SECRET_KEY = re.compile(
    r"passw|secret|token|credential|private_?key|api_?key|access_?key|authorization|sas_?key|^key$", re.IGNORECASE
)
_USER_INFO = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")


def is_reference(value: JsonValue) -> bool:
    """Whether a JSON value is meant as a reference: an object whose one key is `secret`."""
    return isinstance(value, dict) and value.keys() == {"secret"}


def check_secret_references(parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuse secrets in the clear and references that cannot be. Raises `ValueError` naming every path, no value."""
    faults = list(_faults(parameters, ""))
    if faults:
        raise ValueError("; ".join(faults))
    return parameters


def _faults(value: JsonValue, path: str) -> Iterator[str]:
    if is_reference(value):
        assert isinstance(value, dict)  # noqa: S101 - narrows the type for mypy; is_reference has just said so
        yield from _reference_faults(value["secret"], path)
    elif isinstance(value, dict):
        for key, item in value.items():
            here = f"{path}.{key}" if path else key
            if _SECRET_KEY.search(key) and _holds_text(item):
                yield f"{here}: a secret in the clear; write {{secret: 'env:NAME'}} and give NAME to the worker"
            else:
                yield from _faults(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, f"{path}.{index}")
    elif isinstance(value, str) and _USER_INFO.search(value):
        yield f"{path}: a password inside a URL; give it as a field of its own by {{secret: 'env:NAME'}}"
    elif isinstance(value, str) and _PRIVATE_KEY.search(value):
        yield f"{path}: a private key in the clear; write {{secret: 'env:NAME'}} and give NAME to the worker"


def _holds_text(value: JsonValue) -> bool:
    """Whether it is a text or a number, or a list with one in it. Objects have names of their own to go by."""
    if isinstance(value, list):
        return any(_holds_text(item) for item in value)
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _reference_faults(reference: JsonValue, path: str) -> Iterator[str]:
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        yield f"{path}: a reference is 'env:NAME', the name of an environment variable of the worker"
    elif _FORBIDDEN.match(reference):
        yield f"{path}: {reference} is one of the worker's own keys; give the secret under another name"
