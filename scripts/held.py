"""Programs that run for as long as a block does, and not a moment longer than this process."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Mapping, Sequence
    from typing import IO

_LIFELINE = Path(__file__).with_name("lifeline.py")


@contextlib.asynccontextmanager
async def held(
    command: Sequence[str],
    *,
    grace_seconds: float,
    log: IO[bytes],
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    read_output: bool = False,
) -> AsyncIterator[Process]:
    """Run a command on a lifeline (lifeline.py) and stop it at the end, waiting until it is gone.

    Its output goes to `log`; with `read_output` only its standard error does, and its standard output can be read from
    the process's `stdout`. Environment and directory are this process's unless given. `grace_seconds` is the time
    between SIGTERM and SIGKILL; 0 kills at once.
    """
    # In a session of its own: only we get Ctrl-C, and the program ends once the work with it has ended.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(_LIFELINE), str(grace_seconds), *command),
        env=environment,
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if read_output else log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
