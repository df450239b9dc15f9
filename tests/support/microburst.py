"""microburst, a third-party proxy in front of the sandbox that breaks calls in AWS's own wire format.

Its faults do not depend on our code: it takes statuses and shapes from botocore's service models. It is installed into
a folder of its own (Makefile). Source: microburst on PyPI, its README.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx

from scripts.held import held

MICROBURST = Path(__file__).parents[2] / ".cache" / "microburst" / "bin" / "microburst"
START_SECONDS = 60


class Microburst:
    """A running proxy; `endpoint` takes the place of AWS."""

    def __init__(self, endpoint: str, control: httpx.AsyncClient) -> None:
        """`control` is a client of its control path."""
        self.endpoint = endpoint
        self._control = control

    async def break_calls(self, rules: Sequence[dict[str, Any]]) -> None:
        """Replace all rules with these."""
        (await self._control.post("/rules", json=list(rules))).raise_for_status()

    async def fired(self) -> list[dict[str, Any]]:
        """Return every fault so far: `service`, `operation` and `action`."""
        fired: list[dict[str, Any]] = (await self._control.get("/fired", params={"limit": 100_000})).json()
        return fired

    async def ready(self) -> bool:
        """Whether it answers."""
        try:
            return (await self._control.get("/health")).is_success
        except httpx.TransportError:
            return False


@asynccontextmanager
async def running_microburst(upstream: str, environment: dict[str, str], log: Path) -> AsyncIterator[Microburst]:
    """Run it in front of `upstream` until the block ends; it signs calls again with the keys in `environment`.

    It must sign them again, because its Host header differs from the one that the caller signed.
    """
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = (str(MICROBURST), "--upstream", upstream, "--port", str(port), "--resign")
    async with httpx.AsyncClient(base_url=f"{endpoint}/_microburst", trust_env=False, timeout=30) as control:
        with log.open("ab") as words:
            async with held(command, grace_seconds=1, log=words, environment=environment):
                proxy = Microburst(endpoint, control)
                async with asyncio.timeout(START_SECONDS):
                    while not await proxy.ready():  # noqa: ASYNC110 - of another process
                        await asyncio.sleep(0.1)
                yield proxy
