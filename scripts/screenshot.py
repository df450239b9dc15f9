"""Take the pictures of docs/images in the Temporal UI: `make screenshots`.

Five moments of sagas against the sandbox: a running create, one that waits for a person, one that is held, its
rollback, and the list of sagas that need somebody. Needs a Chromium (Debian: `apt install chromium`).
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import httpx
from temporalio.client import Client

from privatelink import PrivateLinks
from privatelink.model.progress import Phase, Progress, StepState
from privatelink.temporal.payloads import DATA_CONVERTER
from scripts.chromium import ChromiumError, chromium
from scripts.ending import end
from scripts.programs import ROOT, StageError
from scripts.stage import Stage, stage
from scripts.temporal_cli import NoTemporalError
from scripts.temporal_ui import TemporalUi

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.async_api import Locator

    from privatelink.client.links import SagaHandle

IMAGES = ROOT / "docs" / "images"

SPEED = 20.0
"""Speed of the clouds' clock, as in the demo: fast enough to wait for, slow enough that no bar is a mere dot."""

WIDTH = 1360
HEIGHT = 1800
"""CSS pixels: wide enough for the text beside a bar, high enough to draw the whole picture."""

SHARPNESS = 1.5
"""Picture pixels per CSS pixel."""

MARGIN = 16
"""CSS pixels below the subject of a picture."""

BLANK = (WIDTH / 2, 60)
"""An empty place on every page."""

LOW_BOXES = ".cm-editor { max-height: 9rem !important; overflow: hidden !important; }"
"""CSS that shrinks input and result: a timeline is not about them, and a stack trace in a result names local paths."""

LOOK_SECONDS = 0.2
"""Seconds between two polls of a saga."""

PATIENCE_SECONDS = 120
"""Maximum seconds until a saga shows the subject of a picture. An idle machine needs 20 s."""

LOAD_SECONDS = 1.5
"""Seconds for a page to draw what it has loaded: fonts, and the last frames of what slides in."""

DEPLOYMENT = "w41b11c0"
BY_CONSOLE = {"mode": "console", "az_ids": ["use1-az1", "use1-az2"], "principal_arn": "arn:aws:iam::111122223333:root"}


class Photographer:
    """A browser on the UI of a stage, and the sagas that it takes pictures of."""

    def __init__(self, running: Stage, ui: TemporalUi, client: Client) -> None:
        """Nothing runs yet."""
        self._running = running
        self._ui = ui
        self._client = client
        self._links = PrivateLinks(client)

    async def take_all(self) -> None:
        """Start the sagas, and take each picture at the right moment."""
        approving = await self._create("orders-db", approval=True)
        by_hand = await self._create("billing-db", platform=BY_CONSOLE)
        await self._shows(approving, lambda seen: _runs(seen, "wait-for-endpoint-connection"))
        await self._timeline(approving, "saga-timeline")
        await self._shows(by_hand, lambda seen: seen.phase is Phase.WAITING_FOR_PERSON)
        await self._details(by_hand, "waiting-for-person")
        await self._shows(approving, lambda seen: seen.phase is Phase.WAITING_FOR_PERSON)
        await self._list(Phase.WAITING_FOR_PERSON, "list-by-phase")

        await self._refuse("CreateVpcEndpointServiceConfiguration")
        held = await self._create("audit-db", on_failure="hold")
        await self._shows(held, lambda seen: seen.phase is Phase.HELD)
        await self._details(held, "held")
        await self._links.roll_back(held.link, reason="the account is not ours", by="ana@example.com")
        await self._shows(held, lambda seen: seen.phase is Phase.ROLLED_BACK)
        await self._timeline(held, "rolled-back")

    async def _create(self, name: str, **more: object) -> SagaHandle:
        subnets = self._running.sandbox["seed"]["subnets"]
        request = {
            "name": name,
            "deployment": DEPLOYMENT,
            "aws": {"region": "us-east-1"},
            "subnets": [subnets["use1-az1"], subnets["use1-az2"]],
            "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
        }
        return await self._links.start_create(request | more)

    async def _refuse(self, action: str) -> None:
        """Make AWS refuse the next call of this action."""
        fault = {"action": action, "kind": "access_denied"}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"{self._running.sandbox['endpoint']}/sandbox/faults", json=fault)
        answer.raise_for_status()

    async def _shows(self, saga: SagaHandle, shows: Callable[[Progress], bool]) -> None:
        """Wait until `shows` holds for the saga's progress."""
        handle: Any = self._client.get_workflow_handle(saga.link.workflow_id)
        progress = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while progress is None or not shows(progress):
                    await asyncio.sleep(LOOK_SECONDS)
                    progress = await handle.query("progress", result_type=Progress)
        except TimeoutError:
            raise StageError(f"waiting for the moment of a picture ({saga.link}): its progress is {progress}") from None

    async def _timeline(self, saga: SagaHandle, name: str) -> None:
        graph = await self._ui.open_timeline(saga.link.workflow_id, saga.saga_id)
        await self._ui.page.add_style_tag(content=LOW_BOXES)
        await self._picture(name, graph.locator("svg").first)

    async def _details(self, saga: SagaHandle, name: str) -> None:
        details = await self._ui.open_details(saga.link.workflow_id, saga.saga_id)
        await self._picture(name, details.locator("body"))

    async def _list(self, phase: Phase, name: str) -> None:
        rows = await self._ui.open_list(f'PrivateLinkPhase="{phase}"')
        await self._picture(name, rows.last)

    async def _picture(self, name: str, last: Locator) -> None:
        """Save the page from its top to the end of `last`."""
        await last.wait_for()
        await self._ui.page.mouse.move(*BLANK)  # away from anything that shows a hint under the mouse
        await asyncio.sleep(LOAD_SECONDS)
        box = await last.bounding_box()
        if box is None:
            raise ChromiumError(f"taking the picture {name}: what it shows has disappeared")
        file: Path = IMAGES / f"{name}.png"
        clip: Any = {"x": 0, "y": 0, "width": WIDTH, "height": box["y"] + box["height"] + MARGIN}
        await self._ui.page.screenshot(path=file, clip=clip)
        print(f"Saved {file.relative_to(ROOT)}.", flush=True)


def _runs(seen: Progress, step: str) -> bool:
    return any(one.id == step and one.state is StepState.RUNNING for one in seen.steps)


async def take() -> None:
    """Set the stage, open the browser, take the pictures."""
    async with stage(SPEED) as running, chromium() as browser:
        temporal = running.temporal
        if temporal.ui_url is None:
            raise StageError(
                "opening the Temporal UI: unset TEMPORAL_ADDRESS, so that a server with a known UI is started"
            )
        page = await browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SHARPNESS, bypass_csp=True
        )
        client = await Client.connect(temporal.address, namespace=temporal.namespace, data_converter=DATA_CONVERTER)
        IMAGES.mkdir(parents=True, exist_ok=True)
        await Photographer(running, TemporalUi(page, temporal.ui_url, temporal.namespace), client).take_all()


def main() -> None:
    """Take the pictures, or print why that failed."""
    code = 0
    try:
        asyncio.run(take())
    except (ChromiumError, NoTemporalError, StageError) as error:
        print(error, file=sys.stderr)
        code = 1
    end(code)


if __name__ == "__main__":
    main()
