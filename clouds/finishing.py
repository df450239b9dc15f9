"""Letting a write finish: a cancelled activity waits for its call, so that no compensation races it."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def let_end(call: "asyncio.Future[T]") -> T:
    """The result of the call. If we are cancelled meanwhile, that is raised only once the call is over."""
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        while not call.done():
            try:
                await asyncio.wait({call})
            except asyncio.CancelledError:
                continue
        if not call.cancelled():
            call.exception()  # nobody else reads the error, and asyncio would complain about it
        raise
