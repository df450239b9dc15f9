"""References to secrets: a request names where a secret is kept, never the secret itself.

A reference is the object `{"secret": "env:NAME"}` or `{"secret": "file:NAME"}`. Only the worker reads it, at the moment
when it calls the deployment's API, so Temporal's history holds only the name. `env:NAME` is the worker's variable
`PRIVATELINK_SECRET_NAME` and no other. `file:NAME` is the file of that name in the folder given by the worker's setting
`PRIVATELINK_SECRETS_DIR`. A request has no way to name anything else that the worker knows.
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

ENV_PREFIX = "PRIVATELINK_SECRET_"
"""Prefix of the environment variables that a worker offers to requests."""

SECRETS_DIR = "PRIVATELINK_SECRETS_DIR"
"""The worker's setting for the folder whose files it offers to requests."""

_ENV, _FILE = "env:", "file:"
# A variable name as POSIX allows it, and a file name like a key of a Kubernetes secret, which can't leave its folder.
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$"
"""Pattern for the name of a secret in either kind of reference."""

FORM = "a reference is 'env:NAME' or 'file:NAME'"


def is_reference(value: JsonValue) -> bool:
    """Whether a JSON value is meant as a reference: an object whose one key is `secret`."""
    return isinstance(value, dict) and value.keys() == {"secret"}


def reference_of(value: JsonValue) -> str | None:
    """The reference in a JSON value, such as `env:NAME`, or None. The request's schema has checked its form."""
    return str(value["secret"]) if isinstance(value, dict) and is_reference(value) else None


def name_of(reference: str) -> str:
    """The name of the secret in a reference: `ORDERS_DB` in `env:ORDERS_DB`."""
    return reference.partition(":")[2]


def variable_of(reference: str) -> str | None:
    """The worker's variable that a reference reads, or None if it names a file."""
    return ENV_PREFIX + name_of(reference) if reference.startswith(_ENV) else None


def home_of(reference: str) -> str:
    """Where an operator puts the secret that a reference names, in words."""
    return variable_of(reference) or f"the file {name_of(reference)} in {SECRETS_DIR}"


def reference_faults(reference: JsonValue) -> Iterator[str]:
    """What is wrong with the text of a reference. The text is never shown, because it may be the secret itself."""
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        yield f"{FORM}: what the worker offers as {ENV_PREFIX}NAME, or as a file in {SECRETS_DIR}"
    elif name_of(reference).startswith(ENV_PREFIX):
        yield f"{FORM}; write NAME without {ENV_PREFIX}, which the worker puts in front of it"
