"""Cancellation: how a saga is stopped, and from when on nothing stops it.

Temporal delivers a cancel once, to the main task, and a step that does not notice it swallows it. So the main task only
listens, the steps run in a task of their own, and a flag is checked before and after each step. Once the rollback has
begun, nothing stops it.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from temporalio.exceptions import FailureError

R = TypeVar("R")


class Cancellation:
    """Whether somebody has asked the saga to stop. `is_ending`: it rolls back or has ended, so nothing stops it."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._task: asyncio.Task[Any] | None = None
        self._requested = False
        self.is_ending = False

    async def listen(self, saga: Coroutine[Any, Any, R]) -> R:
        """Run the saga in a task of its own, and stop it when Temporal delivers a cancel."""
        self._task = task = asyncio.create_task(saga)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.request()
            return await task

    def request(self) -> None:
        """Stop the saga, unless it is ending."""
        self._requested = True
        if self._task and not (self._task.done() or self.is_ending):
            self._task.cancel()

    def check(self) -> None:
        """Stop here if somebody has asked for it."""
        if self._requested:
            raise asyncio.CancelledError

    async def each(self, *steps: Awaitable[R]) -> list[R]:
        """Run all at once, scheduled in this order. When one fails, the saga ends with its failure.

        The failure is raised once the other steps are stopped and have ended.
        """
        tasks = [asyncio.ensure_future(step) for step in steps]
        try:
            return list(await asyncio.gather(*tasks))
        except (asyncio.CancelledError, FailureError):
            # A cancel that comes now must not interrupt the wait for the stopped steps.
            self.is_ending = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
