"""Suggestions: known links that somebody may have meant by an unknown one."""

import difflib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from privatelink.client.links import PrivateLinks
from privatelink.errors import LinkUnknown, TemporalUnreachable
from privatelink.model.names import Link

_AT_MOST = 3


@asynccontextmanager
async def suggesting(links: PrivateLinks, link: Link) -> AsyncIterator[None]:
    """Put the links that look like `link` into the next step of a `LinkUnknown`."""
    try:
        yield
    except LinkUnknown as error:
        near = difflib.get_close_matches(str(link), await _known(links), n=_AT_MOST)
        if not near:
            raise
        details = error.details_model
        next_step = f"did you mean {' or '.join(near)}? Otherwise {details.next_step}"
        raise LinkUnknown.of(details.model_copy(update={"next_step": next_step})) from None


async def _known(links: PrivateLinks) -> list[str]:
    try:
        return [summary.link for summary in await links.list()]
    except TemporalUnreachable:
        # A suggestion is a courtesy: the command already has its answer.
        return []
