"""What this package reads from the environment: the settings of a caller, which a worker has too.

Each is read when it is used, never when a module is imported. `settings_faults` reads all of them beforehand, so that a
command or a worker names everything that is wrong in one message.
"""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path

PACE = "PRIVATELINK_PACE"
"""The factor by which waiting is sped up (`privatelink.pace`)."""

ACCOUNT_QUEUES = "PRIVATELINK_ACCOUNT_QUEUES"
"""The accounts (12 digits, separated by commas) whose sagas have a task queue of their own."""

PAYLOAD_KEY = "PRIVATELINK_PAYLOAD_KEY"
"""The setting that turns encryption on, the same on every client and worker (`privatelink.temporal.encryption`).

It names keys and never holds one: `env:NAME` or `file:PATH`, separated by commas."""

KEY_BYTES = 32

_MOST_PACE = 100_000


class PayloadKeyError(Exception):
    """A payload key is wrong or missing. A worker retries such a task until an operator has fixed the setting."""


def variable(name: str) -> str | None:
    """The text of a variable, or None when it is not set."""
    return os.environ.get(name)


def settings_faults() -> list[str]:
    """What is wrong with the settings, a sentence for each variable; empty when all is well. No secret is shown."""
    faults = []
    for read in (read_pace, account_queues, *([payload_keys] if variable(PAYLOAD_KEY) else [])):
        try:
            read()
        except (ValueError, PayloadKeyError) as error:
            faults.append(str(error))
    return faults


def read_pace() -> float:
    """The pace that the environment sets. Raises `ValueError`."""
    text = variable(PACE)
    try:
        pace = 1.0 if text is None else float(text)
    except ValueError:
        pace = 0
    if not 0 < pace <= _MOST_PACE:
        message = f"{PACE}={text!r} is not a number above 0 and up to {_MOST_PACE}"
        raise ValueError(message)
    return pace


def account_queues() -> list[str]:
    """The accounts that have their own task queue. Raises `ValueError` if the list holds anything but account ids."""
    listed = [one.strip() for one in (variable(ACCOUNT_QUEUES) or "").split(",") if one.strip()]
    if wrong := [one for one in listed if not re.fullmatch(r"\d{12}", one)]:
        message = f"{ACCOUNT_QUEUES} holds {', '.join(map(repr, wrong))}: an account id has 12 digits"
        raise ValueError(message)
    return listed


def payload_keys(environment: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """The keys that `PRIVATELINK_PAYLOAD_KEY` refers to. The first one encrypts.

    Raises `PayloadKeyError`, whose message names the wrong reference and never shows what it holds.
    """
    references = [reference.strip() for reference in environment.get(PAYLOAD_KEY, "").split(",")]
    return tuple(_key(reference, environment) for reference in references)


def _key(reference: str, environment: Mapping[str, str]) -> bytes:
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        text = environment.get(name)
        if not text:
            raise PayloadKeyError(f"reading {PAYLOAD_KEY}: it names the variable {name}, which is not set")
    elif kind == "file" and name:
        try:
            text = Path(name).read_text(encoding="ascii")
        except UnicodeDecodeError:
            raise PayloadKeyError(f"reading {PAYLOAD_KEY}: the file {name} does not hold base64") from None
        except OSError as error:
            raise PayloadKeyError(f"reading {PAYLOAD_KEY}: the file {name}: {error.strerror}") from error
    else:
        # Not shown: it may be the key itself, pasted in place of its reference.
        raise PayloadKeyError(f"reading {PAYLOAD_KEY}: a reference is env:NAME or file:PATH, never the key itself")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise PayloadKeyError(f"reading {PAYLOAD_KEY}: what {reference} holds is not base64") from None
    if len(key) != KEY_BYTES:
        raise PayloadKeyError(
            f"reading {PAYLOAD_KEY}: {reference} holds {len(key)} bytes instead of {KEY_BYTES}; "
            "`openssl rand -base64 32` makes a key"
        )
    return key
