"""Watching: polls a saga while it runs, and waits for its end."""

import asyncio
from typing import Any

from privatelink.cli.views import View
from privatelink.client.links import PrivateLinks, SagaHandle
from privatelink.client.status import LinkStatus
from privatelink.errors import PrivateLinkError, TemporalUnreachable
from privatelink.model.names import Link
from privatelink.model.result import DeleteResult, PrivateLinkResult


async def follow(
    saga: SagaHandle, links: PrivateLinks, view: View, poll_seconds: float
) -> PrivateLinkResult | DeleteResult:
    """Show the saga until it ends, then return its result. Raises what `saga.result` raises."""
    ending = asyncio.ensure_future(saga.result())
    looking = asyncio.ensure_future(_look_on(saga, links, view, poll_seconds))
    try:
        await asyncio.wait({ending, looking}, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            # `_look_on` never returns: this raises the error that ended it.
            await looking
        await _stopped(looking)
        if not isinstance(ending.exception(), TemporalUnreachable):
            await _look(saga, links, view)
        return ending.result()
    finally:
        await _stopped(ending, looking)


async def watch(link: Link, links: PrivateLinks, view: View, poll_seconds: float) -> LinkStatus:
    """Show the link's latest saga until it has ended, and return its last status. Raises if there is no saga."""
    status = await links.status(link)
    view.show(status)
    while status.closed_at is None:
        await asyncio.sleep(poll_seconds)
        try:
            # A person who watches a saga wants to see its end, even if it changed nothing.
            status = await links.status(link, latest_only=True)
        except TemporalUnreachable as error:
            view.note(error.message)
        else:
            view.show(status)
    return status


async def _look_on(saga: SagaHandle, links: PrivateLinks, view: View, poll_seconds: float) -> None:
    while True:
        await _look(saga, links, view)
        await asyncio.sleep(poll_seconds)


async def _look(saga: SagaHandle, links: PrivateLinks, view: View) -> None:
    """Show the saga once. A saga that can't be seen right now still runs."""
    try:
        status = await links.status(saga.link, latest_only=True)
    except PrivateLinkError as error:
        view.note(error.message)
        return
    # The link's next saga may have begun already. It is not the one to show here.
    if status.saga_id == saga.saga_id:
        view.show(status)


async def _stopped(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
