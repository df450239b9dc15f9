"""A person at EMQX's console and at the command line, who does whatever the history's sagas ask for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

from privatelink.errors import PrivateLinkError
from tests.support.belongings import everything_of
from workflows import platform_side
from workflows.saga import controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from privatelink import PrivateLinks
    from privatelink.model.progress import Ask
    from scripts.breakable import BreakableStage
    from tests.support.belongings import Known

LOOK_SECONDS = 0.5
SERVICE_FIELD = "Endpoint service name"


class ConsoleUser:
    """Clicks, approves and confirms for some links, until it is cancelled."""

    def __init__(self, stage: BreakableStage, links: PrivateLinks, known: Iterable[Known]) -> None:
        """The user logs in to the console with the platform's key of the sandbox."""
        self._stage = stage
        self._links = links
        self._known = tuple(known)

    async def serve(self) -> None:
        """Check repeatedly what each link's saga asks for, and do it."""
        async with self._console() as console:
            while True:
                for known in self._known:
                    with suppress(PrivateLinkError, httpx.HTTPError):
                        await self._serve(console, known)
                await asyncio.sleep(LOOK_SECONDS)

    async def tidy(self) -> None:
        """Delete what the console still shows of its links. Every answer about one says to check the console."""
        async with self._console() as console:
            for known in (one for one in self._known if one.by_console):
                shown = (await console.get(_page(known))).raise_for_status().json()
                await _delete(console, known, [row for row in shown if row["serviceName"] in known.services])

    def _console(self) -> httpx.AsyncClient:
        env = self._stage.ready["env"]
        auth = (env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"])
        address = env["EMQXCLOUD_PLATFORM_ENDPOINT"]
        return httpx.AsyncClient(base_url=address, auth=auth, trust_env=False, timeout=30)

    async def _serve(self, console: httpx.AsyncClient, known: Known) -> None:
        status = await self._links.status(known.link)
        if status.progress is None or status.closed_at is not None or not status.progress.asks:
            return
        everything_of(await self._stage.control("GET", "/books"), known)
        shown = (await console.get(_page(known))).raise_for_status().json()
        rows = [row for row in shown if row["serviceName"] in known.services]
        for ask in status.progress.asks:
            await self._answer(console, known, ask, rows)

    async def _answer(
        self, console: httpx.AsyncClient, known: Known, ask: Ask, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        match ask.step:
            case platform_side.BY_HAND:
                await _create(console, known, ask.paste.get(SERVICE_FIELD), rows)
            case "wait-for-deletion-by-hand":
                await _delete(console, known, rows)
            case platform_side.CONFIRM_RUNNING:
                for address in [row["address"] for row in rows if row["status"] == "running" and row["address"]]:
                    await self._links.confirm(known.link, step=ask.step, address=address, by="console user")
            case controls.APPROVAL:
                await self._links.approve(known.link, by="console user")


def _page(known: Known) -> str:
    return f"/deployments/{known.link.deployment}/privatelinks"


async def _create(
    console: httpx.AsyncClient, known: Known, service: str | None, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Click "Create PrivateLink". Delete a failed one, which never gets an endpoint; the next check makes a new one."""
    await _delete(console, known, [row for row in rows if row["status"] == "failed"])
    if service is not None and not rows:
        known.services.add(service)
        await console.post(_page(known), json={"serviceName": service, "description": ""})


async def _delete(console: httpx.AsyncClient, known: Known, rows: Sequence[Mapping[str, Any]]) -> None:
    """Click "Delete" beside each row."""
    for row in rows:
        await console.delete(f"{_page(known)}/{row['privatelinkID']}")
