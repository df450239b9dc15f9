"""The secrets that a worker offers to requests: read when they are used, and only for deployments that may use them."""

import logging
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from privatelink.model.secret_refs import ENV_PREFIX, SECRETS_DIR, name_of, variable_of
from privatelink.temporal.payloads import PAYLOAD_KEY

LOG = logging.getLogger(__name__)

_ENV = "env:"

_DEFAULT_KEYS = ("~/.aws/credentials", "~/.aws/config", "/var/run/secrets/kubernetes.io/serviceaccount/token")
"""Paths where boto3 and Kubernetes keep keys without any variable that names them."""

MOST_BYTES = 64 * 1024
"""Maximum size of a file. A service account's key has about 2 KiB, a certificate chain a few times that."""


class SecretSettings(BaseModel):
    """What is offered, and to which deployments.

    `directory` holds the files; None when no files are offered. `of_deployment` lists the names that each deployment
    may use. While it is empty, every deployment may use all of them; otherwise a deployment that it does not list may
    use none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: Path | None = None
    of_deployment: dict[str, frozenset[str]] = {}


class Secrets(Protocol):
    """Resolves a connector's references."""

    def read(self, deployment: str, reference: str) -> str | None:
        """The secret, or None when this deployment is offered no secret of that name."""


class OfferedSecrets:
    """The secrets of one worker. Nothing is cached: a rotated file takes effect at the next call."""

    def __init__(self, settings: SecretSettings, environment: Mapping[str, str] = os.environ) -> None:
        """`environment` holds the variables. Only variables that a reference can name are read."""
        self._settings = settings
        self._environment = environment

    def read(self, deployment: str, reference: str) -> str | None:
        """The secret without one trailing newline, or None.

        The reason for None only goes to the log: otherwise a request could find out what the worker has.
        """
        try:
            secret = self._offered(deployment, reference)
        except _NotOfferedError as why:
            LOG.warning("%s is not offered to deployment %s: %s", reference, deployment, why)
            return None
        return secret.removesuffix("\n").removesuffix("\r")

    def _offered(self, deployment: str, reference: str) -> str:
        listed = self._settings.of_deployment
        if listed and name_of(reference) not in listed.get(deployment, ()):
            raise _NotOfferedError("the settings file does not list it in this deployment's `secrets`")
        if variable := variable_of(reference):
            secret = self._environment.get(variable, "")
        elif self._settings.directory is None:
            raise _NotOfferedError(f"{SECRETS_DIR} is not set")
        else:
            secret = _text_of(self._settings.directory, name_of(reference))
        if not secret.strip("\r\n"):
            raise _NotOfferedError("it is not set, or empty")
        return secret


class _NotOfferedError(Exception):
    """Why a secret is not offered; only for the worker's log."""


def _text_of(directory: Path, name: str) -> str:
    """The text of a file in the directory. A link that leads out of it is not followed.

    Kubernetes mounts a secret as a link to `..data/NAME`, which stays in the directory, and swaps `..data` when the
    secret changes. So a file that vanishes before it is opened is looked up once more.
    """
    try:
        try:
            return _read(directory, name)
        except FileNotFoundError:
            return _read(directory, name)
    except OSError as error:
        raise _NotOfferedError(error.strerror or "it can't be read") from None
    except UnicodeDecodeError:
        raise _NotOfferedError("it is not UTF-8 text") from None


def _read(directory: Path, name: str) -> str:
    home = directory.resolve(strict=True)
    file = (home / name).resolve(strict=True)
    if not file.is_relative_to(home):
        raise _NotOfferedError(f"it is a link that leads out of {SECRETS_DIR}")
    # Without O_NONBLOCK, opening a pipe would wait for a writer.
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise _NotOfferedError("it is not a file")
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _NotOfferedError(f"it is larger than {MOST_BYTES} bytes")
    return content.decode()


def own_keys_on_offer(
    environment: Mapping[str, str],
    key_variables: Iterable[str],
    directory: Path | None,
    key_files: Iterable[Path] = (),
) -> list[str]:
    """A message for each of the worker's own keys that a request could name. The worker does not start if there is one.

    `key_variables` and `key_files` hold keys of the worker. `directory` must not contain a file that any variable of
    the worker names, whatever its purpose: such files are the worker's own.
    """
    payload_keys = [reference.strip() for reference in environment.get(PAYLOAD_KEY, "").split(",")]
    own = {*key_variables, *(one.removeprefix(_ENV) for one in payload_keys if one.startswith(_ENV))}
    faults = [
        f"{name} holds a key of the worker's own, and requests may read what begins with {ENV_PREFIX}: rename it"
        for name in sorted(own)
        if name.startswith(ENV_PREFIX)
    ]
    if directory is None:
        return faults
    if not directory.is_dir():
        return [*faults, f"{SECRETS_DIR}={str(directory)!r} is not a directory"]
    named = {name: value.split(",") for name, value in environment.items() if not name.startswith(ENV_PREFIX)}
    named |= {"external_id_file in the settings file": [str(path) for path in key_files]}
    named |= {f"the default {path}": [str(Path(path).expanduser())] for path in _DEFAULT_KEYS}
    offered = {identity for entry in directory.iterdir() if (identity := _identity_of(entry))}
    return faults + [
        f"{name} names a file in {SECRETS_DIR}, which requests may read: keep it elsewhere"
        for name, paths in sorted(named.items())
        if any(_identity_of(Path(path.strip().removeprefix("file:"))) in offered for path in paths)
    ]


def _identity_of(path: Path) -> tuple[int, int] | None:
    """Identifies a file under any of its names or links; None when it is not a regular file.

    Kubernetes shows a file under two names, NAME and `..data/NAME`, and a link from elsewhere may lead to it.
    """
    with suppress(OSError, ValueError, RuntimeError):
        found = path.expanduser().stat()
        return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None
    return None
