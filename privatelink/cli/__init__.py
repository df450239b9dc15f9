"""The command `privatelink`: create, delete, apply, status, list, the operator controls, check and completion.

This package decides how links look to a person or a script at a terminal: options, help, pictures, lines and exit
codes. It knows nothing of Temporal or the clouds. The client (`privatelink.client`) does, and a backend can use the
client to do everything that a command can do.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from privatelink.cli import apply, commands, looking, set_up, steering
from privatelink.cli.application import app
from privatelink.cli.context import CliContext
from privatelink.cli.exits import ExitCode

__all__ = ["main", "run"]

for room in (commands, apply, looking, steering, set_up):
    app.add_typer(room.verbs)


def run(arguments: Sequence[str], cli: CliContext | None = None) -> int:
    """Run one command and return its exit code (`privatelink.cli.exits.ExitCode`)."""
    try:
        app(args=list(arguments), prog_name="privatelink", obj=cli or CliContext())
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:  # noqa: BLE001 - the outermost handler: a bug of ours, with its traceback but no local variables
        traceback.print_exc()
        return ExitCode.UNEXPECTED
    raise AssertionError("a Typer application always ends by SystemExit")


def main() -> NoReturn:
    """Run the command of this process, then end the process.

    It ends by `os._exit`: an interpreter that has used the Temporal SDK sometimes aborts during shutdown, after its
    work is done, and would exit with 134 or 139 (temporalio/sdk-python#300).
    """
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # the reader has gone; the exit code still reaches the caller
            stream.flush()
    os._exit(code)
