"""A worker's own keys must have no name by which a request could read them: this check finds those that have one."""

import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from privatelink.model.secret_refs import ENV_PREFIX, SECRETS_DIR
from privatelink.settings import PAYLOAD_KEY

_ENV = "env:"

_DEFAULT_KEYS = ("~/.aws/credentials", "~/.aws/config", "/var/run/secrets/kubernetes.io/serviceaccount/token")
"""Paths where boto3 and Kubernetes keep keys without any variable that names them."""


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
