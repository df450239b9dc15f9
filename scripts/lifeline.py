"""Run a program that ends when the process that started it ends, however that happens.

`python -I scripts/lifeline.py GRACE PROGRAM ARGUMENT...` with a pipe as standard input: the program runs until it
ends by itself, until the pipe closes, or until SIGTERM or SIGINT. A pipe closes also when its other end is killed
with no chance to tidy up (`kill -9`, a cancelled CI job), which no handler in the starting process could catch.
GRACE is how many seconds the program may take to end by itself after SIGTERM; 0 kills it at once. Exits as the
program did (128 + signal, as in shells).

Standard library only, and no import of this project: it starts in some 20 ms on a bare interpreter.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading


def main() -> int:
    """Run the program named by the command line and return its exit code."""
    grace_seconds = float(sys.argv[1])
    told, tell = os.pipe()
    # Before the program starts: a signal in between would end only us, and leave the program behind.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(tell, b"."))
    program = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_stop_when_told, args=(program, grace_seconds, told), daemon=True).start()
    code = program.wait()
    return code if code >= 0 else 128 - code


def _stop_when_told(program: subprocess.Popen[bytes], grace_seconds: float, told: int) -> None:
    """Wait for a signal, or for our standard input to close, and stop the program."""
    standard_input = 0
    while True:
        readable, _, _ = select.select([standard_input, told], [], [])
        if told in readable or not os.read(standard_input, 1):
            break
    if grace_seconds:
        program.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(grace_seconds)
    program.kill()


if __name__ == "__main__":
    sys.exit(main())
