"""Our create and the runbook that it replaces, by the AWS CLI and by boto3: same cloud, same durations, same link.

All run on one stage, one create after another, each on empty books. The waits of boto3's runbook are scaled to the
stage's speed as ours are: its own sleeps, and the delays that botocore gives its waiters. The AWS CLI's waiters sleep
in their own process, and each command takes most of a second to start. So its runbook alone runs with the clouds' clock
at speed 1, and nothing in it is scaled. The time that we and boto3 spend on work, not on waiting, counts ten times.
That is to our disadvantage, because we do more work.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config
from temporalio.client import Client

from bench.links import link_request
from bench.measure import Measure
from bench.runbooks import Aws, Runbook
from privatelink import PrivateLinks
from privatelink.temporal.payloads import DATA_CONVERTER
from scripts.aws_cli import AwsCli
from scripts.stage import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEED = 10.0

STRETCHES = (0.9, 1.0, 1.1)
"""Factors by which the sandbox's durations are multiplied, in turn. At 1.0, the long waits are multiples of the
waiters' 15 s, so a waiter would see each of them end at once. The durations of real clouds are not such multiples."""

GOAL = 0.75


async def measure_rivals() -> list[Measure]:
    """Create by the product and by boto3 in turn, then once by the AWS CLI, which takes ten minutes."""
    async with stage(SPEED) as running:
        env = running.sandbox["env"]
        # Before anything runs for minutes: this fails if the AWS CLI is not installed.
        cli, sdk = ByCli(env), ByBoto3(env, SPEED)
        bench = await _Rivals.on(running)
        # Not counted: boto3's clients exist before its create begins, so let the worker make its own too.
        await bench.ours()
        ours, by_boto3 = {}, {}
        for stretch in STRETCHES:
            await bench.stretch(stretch)
            ours[stretch] = await bench.ours()
            by_boto3[stretch] = await bench.runbook(sdk, SPEED)
        await bench.stretch(1.0)
        by_cli = await bench.runbook(cli, 1)
    ratios = {stretch: ours[stretch] / by_boto3[stretch].wall for stretch in STRETCHES}
    each = ", ".join(f"{ratio:.3f} at {stretch:g}" for stretch, ratio in ratios.items())
    clock = "s of the cloud's clock"
    return [
        Measure("create_wall_over_cli_runbook", ours[1.0] / by_cli.wall, GOAL, "ratio"),
        Measure(
            "create_wall_over_boto3_runbook", median(ratios.values()), GOAL, f"ratio, median over durations: {each}"
        ),
        Measure("create_wall", ours[1.0], None, clock),
        Measure("cli_runbook_wall", by_cli.wall, None, clock),
        *(Measure(f"cli_runbook {what}", seconds, None, clock) for what, seconds in by_cli.waited.items()),
        Measure("boto3_runbook_wall", by_boto3[1.0].wall, None, clock),
        *(Measure(f"boto3_runbook {what}", seconds, None, clock) for what, seconds in by_boto3[1.0].waited.items()),
    ]


@dataclass(frozen=True)
class Run:
    """A runbook's create, in seconds of the cloud's clock: from start to end, and each wait."""

    wall: float
    waited: dict[str, float]


class ByCli:
    """Runs a process for each command. Its waiters sleep at full length, so the sandbox's clock must run at speed 1."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises AwsCliError when the CLI is not installed."""
        self._aws = AwsCli(environment)

    def call(self, service: str, operation: str, **parameters: Any) -> Any:  # noqa: ANN401
        """`aws SERVICE OPERATION`."""
        return self._aws(service, operation.replace("_", "-"), "--cli-input-json", json.dumps(parameters))

    def wait(self, service: str, waiter: str, **parameters: Any) -> None:  # noqa: ANN401
        """`aws SERVICE wait WAITER`."""
        self._aws(service, "wait", waiter.replace("_", "-"), "--cli-input-json", json.dumps(parameters))


class ByBoto3:
    """Uses clients that exist before the create begins. Their waiters have botocore's delays, divided by `speed`."""

    def __init__(self, environment: Mapping[str, str], speed: float) -> None:
        """`speed` is that of the sandbox's clock."""
        self._speed = speed
        self._clients: dict[str, Any] = {
            service: boto3.client(
                service,
                region_name=environment["AWS_REGION"],
                endpoint_url=environment["AWS_ENDPOINT_URL"],
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                config=Config(proxies={}),
            )
            for service in ("ec2", "elbv2")
        }

    def call(self, service: str, operation: str, **parameters: Any) -> Any:  # noqa: ANN401
        """`client.OPERATION()`."""
        return getattr(self._clients[service], operation)(**parameters)

    def wait(self, service: str, waiter: str, **parameters: Any) -> None:  # noqa: ANN401
        """`client.get_waiter(WAITER).wait()`."""
        waits = self._clients[service].get_waiter(waiter)
        waits.wait(**parameters, WaiterConfig={"Delay": waits.config.delay / self._speed})


class _Rivals:
    def __init__(
        self, running: Stage, links: PrivateLinks, sandbox: httpx.AsyncClient, durations: dict[str, float]
    ) -> None:
        self._running = running
        self._links = links
        self._sandbox = sandbox
        self._durations = durations
        self._request = link_request(running.sandbox["seed"], "bench")

    @classmethod
    async def on(cls, running: Stage) -> _Rivals:
        client = await Client.connect(
            running.temporal.address, namespace=running.temporal.namespace, data_converter=DATA_CONVERTER
        )
        sandbox = httpx.AsyncClient(base_url=f"{running.sandbox['endpoint']}/sandbox", trust_env=False)
        return cls(running, PrivateLinks(client), sandbox, (await sandbox.get("/durations")).json())

    async def stretch(self, factor: float) -> None:
        """Make everything take `factor` times its documented duration from now on."""
        stretched = {name: factor * seconds for name, seconds in self._durations.items()}
        (await self._sandbox.put("/durations", json=stretched)).raise_for_status()

    async def ours(self) -> float:
        """Create and delete the link by the product, and return the create's wall time on the cloud's clock."""
        await self._books_are_empty()
        began = time.monotonic()
        saga = await self._links.start_create(self._request)
        await saga.result()
        wall = (time.monotonic() - began) * SPEED
        await self._links.delete(self._request)
        return wall

    async def runbook(self, aws: Aws, speed: float) -> Run:
        """Create and delete the link by the runbook, with the clouds' clock at `speed`."""
        await self._books_are_empty()
        (await self._sandbox.put("/clock", json={"speed": speed})).raise_for_status()
        runbook = Runbook(aws, self._running.sandbox, self._request, speed)
        began = time.monotonic()
        await asyncio.to_thread(runbook.create)
        run = Run((time.monotonic() - began) * speed, dict(runbook.waited))
        await asyncio.to_thread(runbook.remove)
        return run

    async def _books_are_empty(self) -> None:
        books = (await self._sandbox.get("/books")).json()
        if any(books.values()):
            raise RuntimeError(f"the create before left something behind: {books}")
