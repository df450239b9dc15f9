"""Letting a write end: a cancelled activity waits for its call, so that no undo races it."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def let_end(call: "asyncio.Future[T]") -> T:
    """What the call gives. A cancel meanwhile is raised only when the call is over."""
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        while not call.done():
            try:
                await asyncio.wait({call})
            except asyncio.CancelledError:
                continue
        if not call.cancelled():
            call.exception()  # whoever was cancelled does not hear of it, and asyncio must not complain
        raise
