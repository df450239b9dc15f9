"""References to secrets: a request names where a secret stands, never the secret itself.

A reference is the object `{"secret": "env:NAME"}` or `{"secret": "file:NAME"}`. Only the worker reads it, in the moment
in which it calls the deployment's API, so Temporal's history holds the name and no more. `env:NAME` is the worker's
variable `PRIVATELINK_SECRET_NAME` and no other; `file:NAME` is the file of that name in the folder that its setting
`PRIVATELINK_SECRETS_DIR` names. Everything else that the worker knows has no name that a request could say.
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

ENV_PREFIX = "PRIVATELINK_SECRET_"
"""What the names of the variables begin with that a worker offers to requests."""

SECRETS_DIR = "PRIVATELINK_SECRETS_DIR"
"""The worker's setting for the folder whose files it offers to requests."""

_ENV, _FILE = "env:", "file:"
# A variable's name as POSIX has it, and a key of a Kubernetes secret, which can't climb out of its folder.
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$"
"""What either kind of reference may call a secret."""

FORM = "a reference is 'env:NAME' or 'file:NAME'"


def is_reference(value: JsonValue) -> bool:
    """Whether a JSON value is meant as a reference: an object whose one key is `secret`."""
    return isinstance(value, dict) and value.keys() == {"secret"}


def reference_of(value: JsonValue) -> str | None:
    """The reference that a JSON value is, as in `env:NAME`, or None. The request's schema has checked its form."""
    return str(value["secret"]) if isinstance(value, dict) and is_reference(value) else None


def name_of(reference: str) -> str:
    """What a reference calls the secret: `ORDERS_DB` of `env:ORDERS_DB`."""
    return reference.partition(":")[2]


def variable_of(reference: str) -> str | None:
    """The worker's variable that a reference reads, or None when it names a file."""
    return ENV_PREFIX + name_of(reference) if reference.startswith(_ENV) else None


def home_of(reference: str) -> str:
    """Where an operator puts the secret that a reference names, in words."""
    return variable_of(reference) or f"the file {name_of(reference)} in {SECRETS_DIR}"


def reference_faults(reference: JsonValue) -> Iterator[str]:
    """What is wrong with the text of a reference, in words that never show it: it may be the secret itself."""
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        yield f"{FORM}: what the worker offers as {ENV_PREFIX}NAME, or as a file in {SECRETS_DIR}"
    elif name_of(reference).startswith(ENV_PREFIX):
        yield f"{FORM}, and NAME stands without {ENV_PREFIX}, which the worker puts in front of it"
