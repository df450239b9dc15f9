"""The Temporal server and its SQL tool, built once from their Go module into the cache (temporal_cli.py says where)."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from scripts.temporal_cli import BUILD_SECONDS, cache_directory

VERSION = "v1.31.2"

PROGRAMS = {
    "server": f"go.temporal.io/server/cmd/server@{VERSION}",
    "sql": f"go.temporal.io/server/cmd/tools/sql@{VERSION}",
}
"""Go packages of the server and of the tool that makes its tables; both include every schema."""


class NoClusterError(Exception):
    """No cluster can run here; the message says why, and what to do."""


async def temporal_programs() -> Path:
    """Return the folder with `server` and `sql`, which are built into the cache when they are missing.

    Raises NoClusterError without Go, or when the build fails.
    """
    cached = cache_directory(os.environ) / f"temporal-server-{VERSION}"
    if all((cached / program).exists() for program in PROGRAMS):
        return cached
    go = shutil.which("go")
    if go is None:
        raise NoClusterError(
            "building the Temporal server: no go on PATH\nInstall Go (https://go.dev/dl) and try again."
        )
    print("Building the Temporal server with Go, once: 3 to 8 minutes.", file=sys.stderr, flush=True)
    cached.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=cached.parent) as directory:
        environment = {**os.environ, "GOBIN": directory, "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
        building = await asyncio.create_subprocess_exec(go, "install", *PROGRAMS.values(), env=environment)
        try:
            async with asyncio.timeout(BUILD_SECONDS):
                code = await building.wait()
        finally:
            if building.returncode is None:
                building.kill()
        if code != 0:
            raise NoClusterError("building the Temporal server: go install failed, for the reason that it gives above")
        for program in PROGRAMS:
            (Path(directory) / program).replace(cached / program)
    return cached
