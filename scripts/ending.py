"""How a short program that used Temporal's SDK ends."""

import os
import sys
from typing import NoReturn


def end(code: int) -> NoReturn:
    """Flush, and end this process with `code` without shutting the interpreter down.

    Some processes abort in that shutdown, after all their work, with exit code 134 or 139 (temporalio/sdk-python#300).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
