"""A headless Chromium, for the screenshots and for the tests of the Temporal UI.

Playwright drives the machine's own Chromium, so no browser is downloaded.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",  # Chromium's own sandbox refuses to start as root and in containers; this one only sees our pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class ChromiumError(Exception):
    """There is no Chromium here; the message says what to install."""


def find_chromium() -> str:
    """Return the path of the machine's Chromium. Raises ChromiumError."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise ChromiumError(
        f"looking for Chromium: none of {', '.join(NAMES)} is on the PATH; install one (Debian: apt install chromium)"
    )


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Give a Chromium that lives as long as the block. Raises ChromiumError."""
    program = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()
