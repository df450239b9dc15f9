"""Temporal's lists, which lag behind the runs: on a cluster by a second or so (docs.temporal.io, "Visibility")."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 15.0


async def listed(look: Callable[[], Awaitable[T]], wanted: object) -> T:
    """Poll with `look` until it returns `wanted`, and return its last result."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_SECONDS
    while (seen := await look()) != wanted and loop.time() < end:  # noqa: ASYNC110 - nothing signals when a list is current
        await asyncio.sleep(0.1)
    return seen
