"""A person at EMQX's console, and at the command line: does whatever the sagas of the history ask for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from privatelink.errors import PrivateLinkError
from tests.support.belongings import everything_of
from workflows.consumer import BY_HAND, CONFIRM_RUNNING
from workflows.steering import APPROVAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from privatelink import PrivateLinks
    from scripts.breakable import BreakableStage
    from tests.support.belongings import Known

LOOK_SECONDS = 0.5
DELETION = "wait-for-deletion-by-hand"
SERVICE_FIELD = "Endpoint service name"


class Clerk:
    """Clicks, approves and confirms for some links, until it is cancelled."""

    def __init__(self, stage: BreakableStage, links: PrivateLinks, known: Iterable[Known]) -> None:
        """The clerk has the console's login, which the sandbox gives as the platform's key."""
        self._stage = stage
        self._links = links
        self._known = tuple(known)

    async def serve(self) -> None:
        """Look again and again what each link's saga asks for, and do it."""
        env = self._stage.ready["env"]
        auth = (env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"])
        address = env["EMQXCLOUD_PLATFORM_ENDPOINT"]
        async with httpx.AsyncClient(base_url=address, auth=auth, trust_env=False, timeout=30) as console:
            while True:
                for known in self._known:
                    with suppress(PrivateLinkError, httpx.HTTPError):
                        await self._serve(console, known)
                await asyncio.sleep(LOOK_SECONDS)

    async def _serve(self, console: httpx.AsyncClient, known: Known) -> None:
        status = await self._links.status(known.link)
        asks = status.progress.asks if status.progress and status.closed_at is None else []
        if not asks:
            return
        everything_of(await self._stage.control("GET", "/books"), known)
        page = f"/deployments/{known.link.deployment}/privatelinks"
        rows = [row for row in (await console.get(page)).json() if row["serviceName"] in known.services]
        for ask in asks:
            if ask.step == BY_HAND and not rows and (name := ask.paste.get(SERVICE_FIELD)):
                known.services.add(name)
                await console.post(page, json={"serviceName": name, "description": ""})
            elif ask.step == DELETION:
                for row in rows:
                    await console.delete(f"{page}/{row['privatelinkID']}")
            elif ask.step == CONFIRM_RUNNING:
                for address in [row["address"] for row in rows if row["status"] == "running" and row["address"]]:
                    await self._links.confirm(known.link, step=ask.step, address=address, by="clerk")
            elif ask.step == APPROVAL:
                await self._links.approve(known.link, by="clerk")
