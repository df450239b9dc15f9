"""Run a program that ends when whoever started it ends, however that happens.

`python -I scripts/lifeline.py GRACE PROGRAM ARGUMENT...` with a pipe as standard input: the program runs until it
ends by itself, until the pipe closes, or until SIGTERM or SIGINT. A pipe closes also when its other end is killed
with no chance to tidy up (`kill -9`, a cancelled CI job), which no handler in the starting process could catch.
GRACE is how many seconds the program may take to end by itself after SIGTERM; 0 kills it at once. Exits as the
program did (128 + signal, as shells say it).

Standard library only, and no import of this project: it starts in some 20 ms on a bare interpreter.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def _stop(program: subprocess.Popen[bytes], grace_seconds: float) -> None:
    if grace_seconds:
        program.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(grace_seconds)
    program.kill()


def main() -> int:
    """Run the program named by the command line and return its exit code."""
    grace_seconds = float(sys.argv[1])
    program = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)

    def stop_when_the_pipe_closes() -> None:
        while os.read(0, 1):
            pass
        _stop(program, grace_seconds)

    def stop_on_signal(*_: object) -> None:
        threading.Thread(target=_stop, args=(program, grace_seconds)).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop_on_signal)
    threading.Thread(target=stop_when_the_pipe_closes, daemon=True).start()
    code = program.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
