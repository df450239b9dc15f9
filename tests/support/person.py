"""A person at EMQX's console and in Temporal's UI, who reads what a saga asks for, and does it."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from privatelink.model.progress import Ask, Phase, Progress
from privatelink.model.updates import UpdateResult
from tests.support.world import World
from workflows.platform_side import CONFIRM_RUNNING
from workflows.saga.controls import APPROVAL

DEPLOYMENT = "w41b11c0"
CONSOLE = {"mode": "console", "az_ids": ["use1-az1", "use1-az2"], "principal_arn": "arn:aws:iam::111122223333:root"}
"""Values that the console's dialog shows for the seeded deployment."""


PATIENCE_LOOKS = 900
"""Maximum number of polls, which take about a minute."""


class Person:
    """Uses the console's two buttons and what it shows (the sandbox's platform), and the saga's Updates and query."""

    def __init__(self, world: World, link: str) -> None:
        """`link` is the one whose saga this is about."""
        self._sandbox = world.sandbox
        self._handle = world.handle(link)

    async def create(self, service_name: str) -> str:
        """Click "Create PrivateLink", and return its ID."""
        return str((await self._console("POST", "", {"serviceName": service_name, "description": ""}))["privatelinkID"])

    async def delete(self) -> None:
        """Click "Delete" beside every PrivateLink."""
        for one in await self._console("GET", ""):
            await self._console("DELETE", f"/{one['privatelinkID']}")

    async def address(self) -> str:
        """Wait until the console shows a PrivateLink as running, and return its Address."""
        async with asyncio.timeout(60):
            while True:
                for one in await self._console("GET", ""):
                    if one["status"] == "running" and one["address"]:
                        return str(one["address"])
                await asyncio.sleep(0.05)

    async def progress(self) -> Progress:
        """Return the answer of the query."""
        progress: Progress = await self._handle.query("progress", result_type=Progress)
        return progress

    async def sees(self, shows: Callable[[Progress], object]) -> Progress:
        """Poll until `shows` holds for the progress; if that takes too long, fail with the last progress."""
        progress = await self.progress()
        for _ in range(PATIENCE_LOOKS):
            if shows(progress):
                return progress
            await asyncio.sleep(0.05)
            progress = await self.progress()
        raise AssertionError(f"the saga never showed it; its last progress: {progress}")

    async def asked(self, step: str) -> Ask:
        """Wait until the saga asks for this."""
        progress = await self.sees(lambda seen: any(ask.step == step for ask in seen.asks))
        return next(ask for ask in progress.asks if ask.step == step)

    async def approves(self, vpc_endpoint_id: str = "", **argument: object) -> str:
        """Read what the saga asks to approve, approve this endpoint, or the only one, and return its ID."""
        ask = await self.asked(APPROVAL)
        offered = [command.split()[-1] for command in ask.commands]
        chosen = vpc_endpoint_id or offered[0]
        assert chosen in offered
        assert vpc_endpoint_id or len(offered) == 1
        await self.says("approve", vpc_endpoint_id=chosen, **({"by": "ana"} | argument))
        return chosen

    async def reaches(self, phase: Phase) -> Progress:
        """Wait until the saga is in the phase."""
        return await self.sees(lambda seen: seen.phase is phase)

    async def says(self, update: str, **argument: object) -> UpdateResult:
        """Send an Update as the UI does, as one JSON object.

        If the saga asks for `confirm-running`, first wait until the console shows it: nobody confirms what is not so.
        """
        if (update, argument.get("step")) == ("confirm", CONFIRM_RUNNING) and await self._is_asked(CONFIRM_RUNNING):
            await self.address()
        steered: UpdateResult = await self._handle.execute_update(update, argument, result_type=UpdateResult)
        return steered

    async def _is_asked(self, step: str) -> bool:
        return any(ask.step == step for ask in (await self.progress()).asks)

    async def _console(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of many shapes
        env = self._sandbox.env
        auth = (env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"])
        url = f"{env['EMQXCLOUD_PLATFORM_ENDPOINT']}/deployments/{DEPLOYMENT}/privatelinks{path}"
        async with httpx.AsyncClient(auth=auth) as console:
            answer = await console.request(method, url, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None
