"""A link as Temporal knows it: the latest saga's progress, what it waits for right now, and how it ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.converter import DataConverter
from temporalio.exceptions import CancelledError, FailureError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode

from privatelink.connection import reaching_temporal
from privatelink.errors import (
    Cancelled,
    ErrorDetails,
    LinkUnknown,
    Outcome,
    PrivateLinkError,
    RollbackIncomplete,
    from_failure,
)
from privatelink.names import Link, link_of_workflow_id
from privatelink.progress import TRIED_AGAIN, Operation, Phase, Progress
from privatelink.result import DeleteResult, PrivateLinkResult
from privatelink.search_attributes import ACCOUNT, PHASE, REGION

WORKFLOW_TYPES: dict[str, Operation] = {"CreatePrivateLink": "create", "DeletePrivateLink": "delete"}
RESULT_TYPES: dict[Operation, type[PrivateLinkResult | DeleteResult]] = {
    "create": PrivateLinkResult,
    "delete": DeleteResult,
}


QUERY_TIMEOUT = timedelta(seconds=5)

SagaHandle = WorkflowHandle[Any, PrivateLinkResult | DeleteResult]


class Waiting(BaseModel):
    """What one step that runs now has last said. `attempt` is Temporal's, 1 while the first look lasts."""

    model_config = ConfigDict(frozen=True)

    step: str
    attempt: int
    said: str
    next_attempt_at: datetime | None = None


class LinkStatus(BaseModel):
    """The latest saga of a link. `progress` is None when no worker can answer; `closed_at` when the saga has ended."""

    model_config = ConfigDict(frozen=True)

    link: str
    operation: Operation
    saga_id: str
    started_at: datetime
    closed_at: datetime | None = None
    phase: Phase | None = None
    progress: Progress | None = None
    waiting: tuple[Waiting, ...] = ()
    result: PrivateLinkResult | DeleteResult | None = None
    error: ErrorDetails | None = None


class LinkSummary(BaseModel):
    """One row of `list`: a link and its latest saga."""

    model_config = ConfigDict(frozen=True)

    link: str
    operation: Operation
    phase: Phase | None
    saga_id: str
    account: str | None
    region: str | None
    started_at: datetime
    closed_at: datetime | None


async def waiting_steps(description: WorkflowExecutionDescription) -> tuple[Waiting, ...]:
    """What the pending activities have last said, from Temporal's description of the run (no worker needed)."""
    return tuple(
        [
            Waiting(
                step=pending.activity_id.partition(TRIED_AGAIN)[0],
                attempt=pending.attempt,
                said=await _said(pending, description.data_converter),
                next_attempt_at=pending.next_attempt_schedule_time.ToDatetime(tzinfo=UTC)
                if pending.HasField("next_attempt_schedule_time")
                else None,
            )
            for pending in description.raw_description.pending_activities
        ]
    )


async def _said(pending: PendingActivityInfo, converter: DataConverter) -> str:
    if not pending.HasField("last_failure"):
        return ""
    failure = Failure()
    failure.CopyFrom(pending.last_failure)
    error = await converter.decode_failure(failure)
    return error.message if isinstance(error, FailureError) else str(error)


def failure_of(failure: WorkflowFailureError) -> PrivateLinkError:
    """Our error for a saga that did not complete, whatever closed it."""
    cause = failure.cause
    if isinstance(cause, CancelledError):
        return Cancelled(
            "the saga was cancelled, and nothing is left of what it had made, or had to remove",
            outcome=Outcome.ROLLED_BACK,
        )
    ours = from_failure(cause)
    if ours:
        return ours
    why = "terminated, which runs no rollback" if isinstance(cause, TerminatedError) else str(cause)
    return RollbackIncomplete(
        f"the saga ended without cleaning up: {why}",
        next_step="delete the link: that removes what the saga left",
        outcome=Outcome.INCOMPLETE,
    )


async def saga_result(handle: SagaHandle) -> PrivateLinkResult | DeleteResult:
    """Wait for the saga's end. Raises our error when it does not complete."""
    try:
        with reaching_temporal("waiting for the end of a saga", handle.id):
            return await handle.result()
    except WorkflowFailureError as failure:
        raise failure_of(failure) from failure


async def link_status(client: Client, link: Link) -> LinkStatus:
    """The latest saga of `link`. Raises `LinkUnknown` when Temporal does not remember one."""
    with reaching_temporal("looking for a saga", str(link)):
        try:
            description = await client.get_workflow_handle(link.workflow_id).describe()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                raise unknown_link(link) from error
            raise
        waiting = await waiting_steps(description)
    operation = WORKFLOW_TYPES[description.workflow_type]
    handle: SagaHandle = client.get_workflow_handle(
        link.workflow_id, run_id=description.run_id, result_type=RESULT_TYPES[operation]
    )
    result: PrivateLinkResult | DeleteResult | None = None
    error_details: ErrorDetails | None = None
    if description.status != WorkflowExecutionStatus.RUNNING:
        try:
            result = await saga_result(handle)
        except PrivateLinkError as error:
            error_details = error.details_model
    return LinkStatus(
        link=str(link),
        operation=operation,
        saga_id=description.run_id,
        started_at=description.start_time,
        closed_at=description.close_time,
        phase=_phase(description),
        progress=await _progress(handle),
        waiting=waiting,
        result=result,
        error=error_details,
    )


def unknown_link(link: Link) -> LinkUnknown:
    """The error for a link without a saga."""
    return LinkUnknown(
        f"looking for a saga of {link}: Temporal does not remember one",
        concerns=str(link),
        next_step="look at the name (`privatelink list`); to delete a link that Temporal has forgotten, give its file: "
        "`privatelink delete -f FILE`",
    )


def _phase(description: WorkflowExecution) -> Phase | None:
    word = description.typed_search_attributes.get(PHASE)
    return Phase(word) if word in set(Phase) else None


async def _progress(handle: SagaHandle) -> Progress | None:
    """The query needs a worker; without one the rest of the status still stands."""
    with reaching_temporal("asking for a saga's progress", handle.id):
        try:
            progress: Progress | None = await handle.query("progress", result_type=Progress, rpc_timeout=QUERY_TIMEOUT)
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError, RPCError):
            return None
        return progress


async def list_links(client: Client, query: str) -> list[LinkSummary]:
    """One row per link, from its latest saga, newest first."""
    latest: dict[str, LinkSummary] = {}
    async for execution in client.list_workflows(query):
        link = link_of_workflow_id(execution.id)
        if link is None or str(link) in latest:
            continue
        attributes = execution.typed_search_attributes
        latest[str(link)] = LinkSummary(
            link=str(link),
            operation=WORKFLOW_TYPES[execution.workflow_type],
            phase=_phase(execution),
            saga_id=execution.run_id,
            account=attributes.get(ACCOUNT),
            region=attributes.get(REGION),
            started_at=execution.start_time,
            closed_at=execution.close_time,
        )
    return sorted(latest.values(), key=lambda summary: summary.started_at, reverse=True)
