"""How a short program ends that has used Temporal's SDK."""

import os
import sys
from typing import NoReturn


def end(code: int) -> NoReturn:
    """Flush, and end this process with `code` without shutting the interpreter down.

    Some processes abort in that shutdown, with exit code 134 or 139 after all their work (temporalio/sdk-python#300).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
