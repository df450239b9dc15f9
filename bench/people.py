"""What a person still does in console mode, and how soon the saga continues afterwards."""

import asyncio
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import httpx
from temporalio.client import Client, WorkflowHandle

from bench.measure import Measure
from privatelink import PrivateLinkRequest, PrivateLinks
from privatelink.model.progress import Ask, Progress
from privatelink.temporal.payloads import DATA_CONVERTER
from scripts.stage import Stage, stage

SPEED = 10.0

ROUND_TRIPS = 40

NAME = "bench-by-hand"
DEPLOYMENT = "w41b11c0"
CONSOLE = {"mode": "console", "az_ids": ["use1-az1", "use1-az2"], "principal_arn": "arn:aws:iam::111122223333:root"}


async def measure_people() -> list[Measure]:
    """Create one link in console mode, with a simulated person that does exactly what the saga asks for."""
    async with stage(SPEED) as running:
        client = await Client.connect(
            running.temporal.address, namespace=running.temporal.namespace, data_converter=DATA_CONVERTER
        )
        person = _Person(running, client)
        saga = await PrivateLinks(client).start_create(person.request)
        creating = await person.asked("wait-for-creation-by-hand")
        await person.click_create(creating.paste["Endpoint service name"])
        seen = await person.connection_stands()
        approving = await person.asked("wait-for-approval")
        shown = time.monotonic()
        await saga.handle.execute_update(
            "approve", {"by": "bench", "vpc_endpoint_id": approving.commands[0].split()[-1]}
        )
        confirming = await person.asked("confirm-running")
        updates, queries = await person.round_trips()
        sent = time.monotonic()
        await saga.handle.execute_update("confirm", {"step": "confirm-running"})
        went_on = await person.begins("mark-complete")
        await saga.result()
    copies = sum(click.startswith("copy") for click in confirming.clicks)
    return [
        Measure("console_clicks_per_create", len(creating.clicks), 2, "clicks that the saga asks for"),
        Measure("console_pastes_per_create", len(creating.paste), 1, "pastes"),
        Measure("console_copies_per_create", copies, 1, "copies, none where the proposed address is confirmed"),
        Measure("click_to_next_step", (shown - seen) * SPEED, None, "s of the cloud's clock from AWS's first sight"),
        Measure("confirm_to_next_step_ms", (went_on - sent) * 1000, None, "ms"),
        Measure("update_round_trip_over_query", updates / queries, None, f"ratio of medians of {ROUND_TRIPS}"),
        Measure("update_round_trip_ms", updates * 1000, None, "ms"),
    ]


class _Person:
    def __init__(self, running: Stage, client: Client) -> None:
        env, subnets = running.sandbox["env"], running.sandbox["seed"]["subnets"]
        self._sandbox = httpx.AsyncClient(base_url=f"{running.sandbox['endpoint']}/sandbox")
        self._console = httpx.AsyncClient(
            base_url=f"{env['EMQXCLOUD_PLATFORM_ENDPOINT']}/deployments/{DEPLOYMENT}",
            auth=(env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"]),
        )
        self.request = PrivateLinkRequest.model_validate(
            {
                "name": NAME,
                "deployment": DEPLOYMENT,
                "platform": CONSOLE,
                "aws": {"region": "us-east-1"},
                "subnets": [subnets["use1-az1"], subnets["use1-az2"]],
                "listeners": [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}],
            }
        )
        self._handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(self.request.link.workflow_id)

    async def asked(self, step: str) -> Ask:
        """Wait until the saga asks for this."""
        progress = await self._sees(lambda seen: any(ask.step == step for ask in seen.asks))
        return next(ask for ask in progress.asks if ask.step == step)

    async def begins(self, step: str) -> float:
        """Wait until the step has begun, and return when that was seen."""
        await self._sees(lambda seen: any(one.id == step and one.started_at for one in seen.steps))
        return time.monotonic()

    async def click_create(self, service_name: str) -> None:
        """Click "Create PrivateLink" in the console."""
        body = {"serviceName": service_name, "description": ""}
        (await self._console.post("/privatelinks", json=body)).raise_for_status()

    async def connection_stands(self) -> float:
        """Wait until AWS has the endpoint connection, and return when that was seen."""
        while True:
            aws = (await self._sandbox.get("/books")).json()["aws"]
            if any(page["endpoint_connections"] for regions in aws.values() for page in regions.values()):
                return time.monotonic()
            await asyncio.sleep(0.02)

    async def round_trips(self) -> tuple[float, float]:
        """Median seconds of an Update and of a query, sent alternately."""
        updates, queries = [], []
        for number in range(ROUND_TRIPS):
            update, argument = ("resume", {}) if number % 2 else ("pause", {"reason": "bench"})
            began = time.monotonic()
            await self._handle.execute_update(update, argument)
            updates.append(time.monotonic() - began)
            began = time.monotonic()
            await self._handle.query("progress")
            queries.append(time.monotonic() - began)
        return median(updates), median(queries)

    async def _sees(self, shows: Callable[[Progress], bool]) -> Progress:
        while True:
            progress: Progress = await self._handle.query("progress", result_type=Progress)
            if shows(progress):
                return progress
            await asyncio.sleep(0.02)
