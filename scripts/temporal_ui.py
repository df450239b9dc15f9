"""What an operator does on the pages of Temporal's UI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import FrameLocator, Locator, Page

ROW = "tbody tr"
"""Selector of a saga's row in the list."""


class TemporalUi:
    """A browser page on the UI at `url`."""

    def __init__(self, page: Page, url: str, namespace: str) -> None:
        """Nothing is opened yet."""
        self.page = page
        self._workflows = f"{url}/namespaces/{namespace}/workflows"

    async def open_list(self, query: str) -> Locator:
        """Open the list of the sagas that a visibility query finds, and return its rows."""
        await self.page.goto(f"{self._workflows}?query={quote(query)}")
        return self.page.locator(ROW)

    async def open_timeline(self, workflow_id: str, run_id: str) -> Locator:
        """Open a run's history, oldest first, with its timeline in full, and return the timeline."""
        await self._open(workflow_id, run_id, "history?sort=ascending")
        # The timeline scrolls in a box until this button is pressed, which the browser remembers.
        scrolls, full = (self.page.get_by_role("button", name=name) for name in ("Minimized", "Expanded"))
        await scrolls.or_(full).wait_for()
        if await scrolls.count():
            await scrolls.click()
            await full.wait_for()
        return self.page.locator("#event-history-timeline-graph")

    async def open_details(self, workflow_id: str, run_id: str) -> FrameLocator:
        """Open a run's metadata, and return the frame that renders its current details."""
        await self._open(workflow_id, run_id, "user-metadata")
        # Summary and details also have a frame each, before this one.
        return self.page.frame_locator("iframe").last

    async def open_pending(self, workflow_id: str, run_id: str) -> Locator:
        """Open a run's pending activities, and return what the tab shows."""
        await self._open(workflow_id, run_id, "pending-activities")
        return self.page.get_by_role("main")

    async def fill_in_update(self, name: str, argument: Mapping[str, object]) -> Locator:
        """Fill in the open run's dialog for an Update, and return the button that sends it."""
        await self.page.get_by_role("button", name="More Actions").click()
        await self.page.get_by_role("menuitem", name="Send an Update").click()
        dialog = self.page.get_by_role("dialog", name="Send an Update")
        await dialog.get_by_role("button", name="Select an Update").click()
        await dialog.get_by_role("option", name=name).click()
        # In the field's own layout: it reformats when it loses the focus, and moves the button away from the mouse.
        await dialog.locator(".cm-content").fill(json.dumps(argument, indent=2))
        return dialog.get_by_role("button", name="Submit")

    async def _open(self, workflow_id: str, run_id: str, tab: str) -> None:
        await self.page.goto(f"{self._workflows}/{quote(workflow_id, safe='')}/{run_id}/{tab}")
