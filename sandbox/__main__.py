"""`python -m sandbox`: print one line of JSON with the address, then serve until stopped."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from sandbox.server import Sandbox, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_PARENT_LOOK_SECONDS = 0.5


def main() -> None:
    """Parse the arguments, print the ready line and serve. SIGTERM and SIGINT end it cleanly."""
    arguments = _arguments()
    sandbox = Sandbox(arguments.speed)
    server = serve(sandbox, arguments.port)

    def stop(_signal: int = 0, _frame: FrameType | None = None) -> None:
        # shutdown() waits for serve_forever(), so it must not run in the serving thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    # Models and code live as long as the process. Unless they are frozen, each full collection spends 100 ms on them.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if arguments.exit_with_parent:
        threading.Thread(target=_follow, args=(os.getppid(), stop), daemon=True).start()
    ready = {
        "endpoint": sandbox.endpoint,
        "env": sandbox.environment(),
        "credential_env": sandbox.credential_environments(),
        "seed": sandbox.seed.printed(),
    }
    print(json.dumps(ready), flush=True)
    server.serve_forever(poll_interval=0.1)
    sys.stdout.flush()
    # Request threads are daemons and may sleep for hours in a `slow` fault.
    os._exit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 = a free one (default)")
    parser.add_argument("--speed", type=float, default=1.0, help="sandbox seconds per real second (default 1)")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the parent process is gone")
    return parser.parse_args()


def _follow(parent: int, stop: Callable[[], None]) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_LOOK_SECONDS)
    stop()


if __name__ == "__main__":
    main()
