"""Take the README's pictures: `make screenshots`.

Runs the demo's create against the sandbox and saves the saga's page in the Temporal UI, its timeline in full, as
docs/images/saga-timeline.png. Needs a Chromium (Debian: `apt install chromium`).
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from scripts.chromium import ChromiumError, chromium_page
from scripts.demo import LINK, REQUEST_FILE, request_text
from scripts.ending import end
from scripts.stage import ROOT, StageError, stage
from scripts.temporal_cli import NoTemporalError

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = ROOT / "docs" / "images" / "saga-timeline.png"

SPEED = 20.0
"""As in the demo: fast enough to wait for, slow enough that no bar of the timeline is a mere dot."""

WIDTH = 1360
HEIGHT = 2000
"""CSS pixels: wide enough for a bar's text beside it, high enough that the whole timeline is drawn."""

MARGIN = 16
"""CSS pixels left under the timeline."""

# The timeline shows a few rows of a box that scrolls, until this button of the UI is pressed.
_SHOW_ALL_ROWS = "[...document.querySelectorAll('button')].find(b => b.innerText.trim() === 'Minimized')?.click()"
# Of the many drawings on the page, most of them icons, the timeline is the one that is as wide as the page.
_TIMELINE_BOTTOM = """
[...document.querySelectorAll('svg')]
  .map(drawing => drawing.getBoundingClientRect())
  .find(box => box.width > window.innerWidth / 2)
  .bottom
"""


def picture_timeline(url: str, file: Path) -> None:
    """Save the page of a workflow's run, from its top to the end of its timeline. Raises ChromiumError."""
    with chromium_page() as page:
        page.open(url, width=WIDTH, height=HEIGHT)
        page.settle("Event History")
        page.evaluate(_SHOW_ALL_ROWS)
        page.settle("Expanded")
        bottom = page.evaluate(_TIMELINE_BOTTOM)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page.picture({"x": 0, "y": 0, "width": WIDTH, "height": bottom + MARGIN}))


async def take() -> None:
    """Run a create and take its picture."""
    async with stage(SPEED) as running:
        (running.directory / REQUEST_FILE).write_text(request_text(running.sandbox["seed"]))
        if code := await running.run("privatelink", "create", "-f", REQUEST_FILE):
            raise StageError(f"creating the link to take a picture of: exit code {code}")
        page = await running.run_page(LINK.workflow_id)
        if page is None:
            raise StageError(
                "opening the Temporal UI: unset TEMPORAL_ADDRESS, so that a server with a known UI is started"
            )
        await asyncio.to_thread(picture_timeline, f"{page}?sort=ascending", PICTURE)
        print(f"Saved {PICTURE.relative_to(ROOT)}.")


def main() -> None:
    """Take the pictures, or say why not."""
    code = 0
    try:
        asyncio.run(take())
    except (ChromiumError, NoTemporalError, StageError) as error:
        print(error, file=sys.stderr)
        code = 1
    end(code)


if __name__ == "__main__":
    main()
