"""The secrets that a worker offers to requests: read when they are used, and only for deployments that may use them."""

import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from privatelink.model.secret_refs import SECRETS_DIR, name_of, variable_of

LOG = logging.getLogger(__name__)

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

    def __init__(self, settings: SecretSettings, environment: Mapping[str, str]) -> None:
        """`environment` has the variables, of which only those are read that a reference can name."""
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
