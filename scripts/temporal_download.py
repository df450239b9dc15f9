"""Let Temporal's SDK download its dev server: `python scripts/temporal_download.py DIRECTORY`.

It is a separate program because the SDK starts what it downloads, which prints a banner on standard output, and uses
the network with no time limit. The caller discards the banner and limits the time. Exit code 0 means that the program
is in the directory; otherwise standard error says why not.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

ANSWER_SECONDS = 20.0
"""Maximum seconds until the download host first answers.

Without this limit, a firewall that drops packets would cost two minutes.
"""


async def download(directory: Path) -> None:
    """Download into `directory`; raises RuntimeError or TimeoutError with the reason."""
    start = asyncio.ensure_future(WorkflowEnvironment.start_local(download_dest_dir=str(directory)))
    await asyncio.wait({start}, timeout=ANSWER_SECONDS)
    # The SDK opens its target file as soon as the host has answered.
    if not start.done() and not any(directory.iterdir()):
        start.cancel()
        raise TimeoutError(f"the download host gave no answer within {ANSWER_SECONDS:.0f} s")
    await (await start).shutdown()


def main() -> None:
    """Download, print why if that fails, and exit."""
    code = 0
    try:
        asyncio.run(download(Path(sys.argv[1])))
    except (RuntimeError, TimeoutError) as error:
        print(error, file=sys.stderr, flush=True)
        code = 1
    # Some processes that used the SDK abort while the interpreter shuts down, after all their work
    # (temporalio/sdk-python#300).
    os._exit(code)


if __name__ == "__main__":
    main()
