"""Pages in a headless Chromium, driven by its DevTools protocol through a pipe.

A pipe and not `--screenshot`: a single-page application must be waited for, clicked and cut, and the pipe needs no port
and no WebSocket library. Chromium ends when the pipe closes, so it cannot outlive this process.
Protocol: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--headless",
    "--no-sandbox",  # as root, and in containers, Chromium's own sandbox refuses to start; it only sees our pages here
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

ANSWER_SECONDS = 60.0
"""For one command of the protocol; the longest is a picture of a large page, a second or two."""

SETTLE_SECONDS = 30.0
"""For a page to load its data and stop changing."""

LOOK_SECONDS = 0.1
QUIET_LOOKS = 10
"""A page that looks the same for this many looks in a row, one second in all, has loaded what it loads."""

# The pipe's ends must be the descriptors 3 (Chromium reads) and 4 (it writes).
_EXECUTE = """\
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class ChromiumError(Exception):
    """There is no Chromium, or a page did not do what was asked; the message says which and the next step."""


class Page:
    """One page of a running Chromium."""

    def __init__(self, read_end: int, write_end: int) -> None:
        """`read_end` and `write_end` are our descriptors of the pipe."""
        self._read_end = read_end
        self._write_end = write_end
        self._received = bytearray()
        self._numbers = itertools.count(1)
        self._session: str | None = None

    def open(self, url: str, *, width: int, height: int) -> None:
        """Open `url` in a window of `width` by `height` CSS pixels, drawn half again as large for sharp text."""
        target = self._ask("Target.createTarget", url="about:blank")
        attached = self._ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1.5, mobile=False)
        self._ask("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever the JavaScript gives, as JSON
        """Evaluate JavaScript in the page."""
        return self._ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def settle(self, text: str) -> None:
        """Wait until the page shows `text` and has stopped changing."""
        seen, quiet, end = "", 0, time.monotonic() + SETTLE_SECONDS
        while quiet < QUIET_LOOKS:
            if time.monotonic() > end:
                raise ChromiumError(f"waiting for a page to show {text!r}: not within {SETTLE_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)
            look = str(self.evaluate("document.body.innerText + document.body.innerHTML.length"))
            quiet = quiet + 1 if look == seen and text in look else 0
            seen = look

    def picture(self, clip: dict[str, float]) -> bytes:
        """Return a PNG of the part of the page that `clip` (x, y, width, height in CSS pixels) cuts out."""
        return base64.b64decode(self._ask("Page.captureScreenshot", clip=clip | {"scale": 1})["data"])

    def close_browser(self) -> None:
        """End Chromium its own way, which waits for its child processes."""
        self._session = None
        self._ask("Browser.close")
        while self._read():
            pass

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        command: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._write_end, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._receive(method)
            if answer.get("id") != number:
                continue  # an event
            if "error" in answer:
                raise ChromiumError(f"asking Chromium for {method}: {answer['error']['message']}")
            result: dict[str, Any] = answer["result"]
            return result

    def _read(self) -> bytes:
        """Return what came, or nothing when Chromium closed the pipe or gave no answer in time."""
        ready, _, _ = select.select([self._read_end], [], [], ANSWER_SECONDS)
        return os.read(self._read_end, 2**20) if ready else b""

    def _receive(self, method: str) -> dict[str, Any]:
        while b"\0" not in self._received:
            received = self._read()
            if not received:
                raise ChromiumError(
                    f"asking Chromium for {method}: it ended, or gave no answer in {ANSWER_SECONDS:.0f} s"
                )
            self._received += received
        message, _, self._received = self._received.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextlib.contextmanager
def chromium_page() -> Iterator[Page]:
    """Give an empty page of a Chromium that lives as long as the block. Raises ChromiumError when there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise ChromiumError(
            f"looking for a Chromium: none of {', '.join(NAMES)} is on PATH; install one (Debian: apt install chromium)"
        )
    read_by_chromium, written_by_us = _pipe()
    read_by_us, written_by_chromium = _pipe()
    with contextlib.ExitStack() as stack:
        profile = stack.enter_context(tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True))
        stack.callback(os.close, read_by_us)
        stack.callback(os.close, written_by_us)
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _EXECUTE, str(read_by_chromium), str(written_by_chromium), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(read_by_chromium, written_by_chromium),
            )
        finally:
            # Chromium's ends are Chromium's alone, so that its end shows as the end of the pipe.
            os.close(read_by_chromium)
            os.close(written_by_chromium)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        page = Page(read_by_us, written_by_us)
        yield page
        page.close_browser()


def _pipe() -> tuple[int, int]:
    """Return a new pipe's read end and write end, out of the way of the descriptors 3 and 4."""
    low = os.pipe()
    read_end, write_end = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return read_end, write_end
