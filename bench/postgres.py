"""A private PostgreSQL for as long as a block runs: Debian's package, an empty folder, the loopback interface only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.held import held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USER = "temporal"
"""Owner of the databases, inside PostgreSQL."""

DEBIAN_PROGRAMS = "/usr/lib/postgresql"
"""Folder in which Debian keeps each version's programs, outside PATH."""

UNPRIVILEGED = "postgres"
"""System user that Debian's package adds. PostgreSQL refuses to run as root."""

START_SECONDS = 60.0
"""Maximum seconds from start to the first connection. An idle machine needs half a second."""

GRACE_SECONDS = 20.0
"""Maximum seconds for a shutdown that writes everything to disk. All clients have gone by then."""

LOOK_SECONDS = 0.1

PORTS = range(20_000, 32_768)
"""Ports below those that the kernel gives to outgoing connections, so a restarted server finds its port free.

Temporal's tables also store a member's port as a signed 16-bit number, so a higher one would not fit.
"""


class NoPostgresError(Exception):
    """No PostgreSQL can run here; the message says why, and what to do."""


@dataclass(frozen=True)
class Postgres:
    """A running server on 127.0.0.1. `user` may do everything, and needs the password."""

    port: int
    user: str
    password: str = field(repr=False)


@contextlib.asynccontextmanager
async def postgres() -> AsyncIterator[Postgres]:
    """Run an empty server, as durable as a stock one: it waits for the disk at every commit.

    Raises NoPostgresError when it is not installed, or does not start.
    """
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="privatelink-postgres-") as name:
        directory = Path(name)
        server = Postgres(server_port(), USER, secrets.token_urlsafe())
        _initialise(programs, directory, server)
        command = [*_unprivileged(), str(programs / "postgres"), "-D", str(directory / "data")]
        # The default of 100 connections is fewer than two Temporal servers may open.
        settings = ["-h", "127.0.0.1", "-p", str(server.port), "-k", str(directory), "-c", "max_connections=200"]
        log_path = directory / "postgres.log"
        with log_path.open("wb") as log:
            async with held([*command, *settings], grace_seconds=GRACE_SECONDS, log=log) as process:
                await _ready(process, programs, server.port, log_path)
                yield server


def server_port() -> int:
    """Return a loopback port on which nothing listens, and which a later start may bind again."""
    while True:
        port = random.choice(PORTS)  # noqa: S311 - keeps concurrent searches apart, is no secret
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _programs() -> Path:
    """Return the folder of the newest PostgreSQL's programs, `initdb` among them."""
    versions = sorted(
        (folder for folder in Path(DEBIAN_PROGRAMS).glob("*/bin") if (folder / "initdb").exists()),
        key=lambda folder: float(folder.parent.name),
    )
    if versions:
        return versions[-1]
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    raise NoPostgresError(f"finding PostgreSQL: no initdb in {DEBIAN_PROGRAMS}/*/bin nor on PATH\n{_next_step()}")


def _next_step() -> str:
    if os.geteuid() == 0:
        return "Run `apt-get update && apt-get install --yes postgresql`, then this again."
    return "Ask an administrator for `apt-get install postgresql`, then run this again."


def _unprivileged() -> list[str]:
    """Return what to put before a command that must not run as root: a program that becomes that command."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--init-groups", "--"]


def _initialise(programs: Path, directory: Path, server: Postgres) -> None:
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(server.password)
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam(UNPRIVILEGED)
        except KeyError:
            raise NoPostgresError(f"starting PostgreSQL: no user {UNPRIVILEGED}\n{_next_step()}") from None
        for path in (directory, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    command = [*_unprivileged(), str(programs / "initdb"), "-D", str(directory / "data"), "-U", server.user]
    answer = subprocess.run(
        [*command, "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise NoPostgresError(f"making PostgreSQL's folder: {answer.stderr.strip()}")
    password.unlink()


async def _ready(process: asyncio.subprocess.Process, programs: Path, port: int, log: Path) -> None:
    """Wait until it accepts connections. Raises NoPostgresError with the end of its log."""
    look = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while process.returncode is None:
                if await (await asyncio.create_subprocess_exec(*look)).wait() == 0:
                    return
                await asyncio.sleep(LOOK_SECONDS)
    raise NoPostgresError(f"starting PostgreSQL: it does not answer. Its last words:\n{log.read_text()[-2000:]}")
