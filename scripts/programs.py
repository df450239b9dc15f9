"""The programs of a stage: how each is started, what it says when it is ready, and its last words if it never is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.held import held

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping

ROOT = Path(__file__).resolve().parent.parent

GRACE_SECONDS = 5.0
"""Seconds for a worker to close its connections. It has nothing to finish, because its cloud is about to vanish."""

READY_SECONDS = 60.0
"""Maximum seconds from a program's start until it is ready. An idle machine needs 2 s."""

LAST_WORDS = 30
"""Number of lines of a log that are shown to explain why its program ended."""


class StageError(Exception):
    """A program of the stage ended early; the message names it and gives the last lines of its log."""


@contextlib.asynccontextmanager
async def running_program(
    name: str, directory: Path, arguments: list[str], environment: Mapping[str, str]
) -> AsyncIterator[Process]:
    """Run Python with these arguments until the block ends. Its log is `NAME.log` in the directory."""
    with (directory / f"{name}.log").open("wb") as log:
        async with held(
            [sys.executable, *arguments],
            grace_seconds=GRACE_SECONDS,
            log=log,
            environment=environment,
            directory=ROOT,
            read_output=True,
        ) as process:
            yield process


@contextlib.asynccontextmanager
async def running_sandbox(directory: Path, speed: float) -> AsyncIterator[Mapping[str, Any]]:
    """Run the sandbox until the block ends; gives its ready line. Raises `StageError`."""
    arguments = ["-m", "sandbox", "--port", "0", "--speed", str(speed)]
    async with running_program("sandbox", directory, arguments, without_clouds()) as sandbox:
        yield await _ready_line(sandbox, directory)


async def _ready_line(sandbox: Process, directory: Path) -> Mapping[str, Any]:
    line = b""
    if sandbox.stdout is not None:
        with contextlib.suppress(TimeoutError):
            line = await asyncio.wait_for(sandbox.stdout.readline(), READY_SECONDS)
    if not line:
        raise StageError(last_words("sandbox", directory))
    ready: Mapping[str, Any] = json.loads(line)
    return ready


def last_words(name: str, directory: Path) -> str:
    """Why a program is not running, by the last lines of its log."""
    lines = (directory / f"{name}.log").read_text(errors="replace").splitlines()[-LAST_WORDS:]
    return "\n".join([f"running the {name}: it ended early, or never got ready. Its last words:", *lines])


def without_clouds() -> dict[str, str]:
    """Return this process's environment without anything that could lead to a real cloud account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EMQXCLOUD_"))}
    return kept | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
