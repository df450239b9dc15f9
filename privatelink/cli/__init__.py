"""The command `privatelink`: create, delete, apply, status, list, the words that steer a saga, check, completion.

Here belongs how the links look to a person or a script at a terminal: options, help, pictures, lines, exit codes. What
does not belong: any knowledge of Temporal or of a cloud. The client (`privatelink.client`) has it, and all that a
command can do a backend can do by it.
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
    """Run one command and give its exit code (`privatelink.cli.exits.ExitCode`)."""
    try:
        app(args=list(arguments), prog_name="privatelink", obj=cli or CliContext())
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:  # noqa: BLE001 - the last border: a fault of ours, told with its traceback and no local variables
        traceback.print_exc()
        return ExitCode.UNEXPECTED
    raise AssertionError("a Typer application always ends by SystemExit")


def main() -> NoReturn:
    """Run the command of this process, and end the process.

    By `os._exit`: an interpreter that has used the Temporal SDK sometimes aborts while it shuts down, after its work is
    done, and would exit with 134 or 139 (temporalio/sdk-python#300).
    """
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone; the exit code still tells
            stream.flush()
    os._exit(code)
