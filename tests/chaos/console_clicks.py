"""The clicks in EMQX's console for one link, by a person who does what the saga asks for."""

import asyncio
from contextlib import suppress
from typing import Any

from temporalio.exceptions import TemporalError

from privatelink.model.names import Link
from tests.chaos.harness import MatrixHarness
from tests.support.laws import of_link
from workflows.platform_side import CONFIRM_RUNNING

LOOKS = 600
"""Maximum number of polls: half a minute, longer than a PrivateLink takes to run."""


class ConsoleClicks:
    """What a person does outside the product. The PrivateLink's description is for the books, not for the product."""

    def __init__(self, harness: MatrixHarness, link: Link) -> None:
        """Nothing is clicked yet."""
        self._harness = harness
        self._link = link
        self._later: list[asyncio.Task[None]] = []

    async def create(self) -> None:
        """Click "Create PrivateLink", and approve its endpoint in the background as soon as the saga asks."""
        [service] = of_link(await self._harness.books(), str(self._link))["endpoint_services"]
        await asyncio.to_thread(
            self._harness.foreign_things.private_link, service["name"], f"link={self._link} by hand"
        )
        self._later.append(asyncio.create_task(self._approve()))

    async def delete(self) -> None:
        """Click "Delete" if there is a PrivateLink."""
        ids = await self._harness.ids(self._link)
        if ids.private_link_id:
            await asyncio.to_thread(self._harness.clients.delete_private_link, ids)

    async def confirm_later(self) -> None:
        """Confirm the address in the background, as soon as the console shows it."""
        self._later.append(asyncio.create_task(self._confirm()))

    async def leave(self) -> None:
        """Stop what is still running in the background."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    async def _approve(self) -> None:
        """Approve the endpoint that the PrivateLink has in the console, and no other."""
        handle = self._harness.world.handle(str(self._link))
        for _ in range(LOOKS):
            for vpc_endpoint_id in [
                one for row in self._rows(await self._harness.books()) if (one := row["vpcEndpointID"])
            ]:
                # Not asked yet; or the answer took too long, for which the SDK raises an error that is no RPCError.
                with suppress(TemporalError):
                    await handle.execute_update("approve", {"by": "chaos", "vpc_endpoint_id": vpc_endpoint_id})
                    return
            await asyncio.sleep(0.1)

    def _rows(self, books: dict[str, Any]) -> list[dict[str, Any]]:
        return of_link(books, str(self._link)).get("private_links", [])

    async def _confirm(self) -> None:
        handle = self._harness.world.handle(str(self._link))
        for _ in range(LOOKS):
            if any(row["status"] == "running" for row in self._rows(await self._harness.books())):
                try:
                    await handle.execute_update("confirm", {"step": CONFIRM_RUNNING, "by": "chaos"})
                except TemporalError:
                    # Not asked yet, or not any more; or the answer took too long.
                    await asyncio.sleep(0.2)
                else:
                    return
            await asyncio.sleep(0.1)
