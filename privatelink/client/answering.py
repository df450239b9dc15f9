"""Answering: how long a caller waits for a worker's first word, and which error stands for its silence."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError

from privatelink.errors import NoWorker, from_failure

ANSWER_SECONDS = 30.0
"""Far above a worker's usual few milliseconds."""

T = TypeVar("T")


async def answered(update: Awaitable[T], *, otherwise: NoWorker) -> T:
    """The answer to an Update.

    Raises the error that refused it, `WorkflowUpdateFailedError` where that is none of ours, and `otherwise` when no
    worker has answered within ANSWER_SECONDS.
    """
    answering = asyncio.ensure_future(update)
    try:
        # Watched from outside: while no worker answers the SDK asks again for ever, each time with a new time-out,
        # and it turns a cancel of its caller into an error of its own.
        await asyncio.wait({answering}, timeout=ANSWER_SECONDS)
        if not answering.done():
            raise otherwise
        return answering.result()
    except WorkflowUpdateFailedError as failure:
        ours = from_failure(failure.cause)
        if ours is None:
            raise
        raise ours from failure
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise otherwise from error
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
