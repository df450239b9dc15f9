"""Inquiries: workflows that a worker, which holds the credentials, runs for a caller. They only read."""

import asyncio
import uuid
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from privatelink.client.answering import ANSWER_SECONDS
from privatelink.client.silence import last_failure
from privatelink.errors import NoWorker, Outcome, PrivateLinkError, StepFailed, from_failure
from privatelink.model.request import DeleteRequest
from privatelink.model.result import InspectionResult, SetUpResult
from privatelink.temporal.connection import reaching_temporal
from privatelink.temporal.queues import task_queue

INSPECT = "InspectPrivateLink"
CHECK_SET_UP = "CheckSetUp"

_LASTS_AT_MOST = timedelta(minutes=5)
"""Maximum duration of an inquiry: a few reads, and time for a cloud that throttles. Then Temporal ends the workflow."""

_EVENTS_WITHOUT_WORKER = 2
"""Events before a worker acts: started, and first workflow task scheduled. A third event comes from a worker."""

_LOOK_AT_WORKER = "read the worker's log, and check its version: an older worker does not know this inquiry"

R = TypeVar("R", bound=BaseModel)


async def inspect(client: Client, request: DeleteRequest) -> InspectionResult:
    """What exists of a link in AWS and at the platform, whatever Temporal remembers of it."""
    link = request.link
    workflow_id = f"privatelink-inspect:{link.deployment}:{link.name}:{uuid.uuid4()}"
    return await _inquire(client, INSPECT, workflow_id, request, InspectionResult)


async def check_clouds(client: Client, request: DeleteRequest) -> SetUpResult:
    """What the worker finds out about its own keys, for the deployment, account and region of the request."""
    return await _inquire(client, CHECK_SET_UP, f"privatelink-check:{uuid.uuid4()}", request, SetUpResult)


async def _inquire(
    client: Client, workflow_type: str, workflow_id: str, request: DeleteRequest, result_type: type[R]
) -> R:
    """Run the workflow and return its result.

    Raises the workflow's error with the outcome `refused`, because nothing was changed; `NoWorker` if no worker picks
    it up within ANSWER_SECONDS; and `StepFailed` if the worker that did cannot run it.
    """
    with reaching_temporal("looking at a link", str(request.link)):
        handle: WorkflowHandle[object, R] = await client.start_workflow(
            workflow_type,
            request,
            id=workflow_id,
            task_queue=task_queue(request.aws),
            result_type=result_type,
            execution_timeout=_LASTS_AT_MOST,
            static_summary=f"look at {request.link} in {request.aws.region}; reads only",
        )
        ending = asyncio.ensure_future(handle.result())
        try:
            await asyncio.wait({ending}, timeout=ANSWER_SECONDS)
            if not ending.done():
                await _check_that_it_runs(client, handle, request)
            return await ending
        except WorkflowFailureError as failure:
            raise _of_no_effect(failure, request) from failure
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)


async def _check_that_it_runs(client: Client, handle: WorkflowHandle[object, R], request: DeleteRequest) -> None:
    """Terminate it and raise if waiting is pointless: no worker has picked it up, or the one that did cannot run it."""
    description = await handle.describe()
    if description.history_length <= _EVENTS_WITHOUT_WORKER:
        await handle.terminate("no worker picked it up, and the caller has stopped waiting")
        raise NoWorker(
            f"looking at {request.link}: no worker answered within {ANSWER_SECONDS:.0f} s",
            resource=str(request.link),
            next_step="start a worker (`python worker.py`), then repeat the call: it only reads",
        )
    if description.raw_description.pending_workflow_task.attempt > 1:
        why = await last_failure(client, handle.id)
        await handle.terminate("the worker cannot run it, and the caller has stopped waiting")
        raise StepFailed(
            f"looking at {request.link}: the worker cannot run {description.workflow_type}{f': {why}' if why else ''}",
            resource=str(request.link),
            next_step=_LOOK_AT_WORKER,
            outcome=Outcome.REFUSED,
        )


def _of_no_effect(failure: WorkflowFailureError, request: DeleteRequest) -> PrivateLinkError:
    error = from_failure(failure) or StepFailed(
        f"looking at {request.link}: {failure.cause}", resource=str(request.link), next_step=_LOOK_AT_WORKER
    )
    return error.of(error.details_model.model_copy(update={"outcome": Outcome.REFUSED}))
