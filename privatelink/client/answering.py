"""Answering: how long a caller waits for a worker's first answer, and which error it gets if none comes."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError

from privatelink.errors import NoWorker, from_failure

ANSWER_SECONDS = 30.0
"""Seconds to wait for a worker's answer: far more than the few milliseconds that it usually takes."""

T = TypeVar("T")


async def answered(update: Awaitable[T], *, otherwise: NoWorker) -> T:
    """The answer to an Update.

    Raises the error that refused the Update (`WorkflowUpdateFailedError` if it is not one of ours), or `otherwise` if
    no worker answers within ANSWER_SECONDS.
    """
    answering = asyncio.ensure_future(update)
    try:
        # Timed from outside: while no worker answers, the SDK asks again forever, each time with a new time-out. It
        # also turns a cancel of its caller into an error of its own.
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
