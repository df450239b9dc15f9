"""What a program that is not ours runs with."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from scripts.temporal_cli import find_temporal_cli
from scripts.temporal_server import TemporalServer
from tests.support.requests import request_json
from tests.support.world import World

Run = Callable[..., Coroutine[None, None, tuple[int, str]]]


@pytest.fixture
async def run(world: World, server: TemporalServer, tmp_path: Path) -> Run:
    """Run a program beside a file `request.json`, with changes of the request.

    Gives its exit code and what it printed, on a failure its errors too.
    """
    cli = await find_temporal_cli()
    environment = os.environ | {
        "PATH": f"{cli.parent}{os.pathsep}{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": server.address,
        "TEMPORAL_NAMESPACE": server.namespace,
    }

    async def running(*command: str, **changes: Any) -> tuple[int, str]:  # noqa: ANN401 - fields of many types  # noqa: ANN401 - as a caller writes them
        (tmp_path / "request.json").write_text(json.dumps(request_json(world.sandbox, **changes)))
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tmp_path,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, (out if process.returncode == 0 else out + err).decode()

    return running
