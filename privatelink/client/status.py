"""A link as Temporal knows it: its saga's progress, what it is waiting for, how it ended, and what came after."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.converter import DataConverter
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from privatelink.client.endings import RESULT_TYPES, RunHandle, run_handle, saga_result
from privatelink.client.remembering import Memory, Run, memory_behind, unknown_link
from privatelink.client.silence import why_silent
from privatelink.errors import ErrorDetails, NoWorker, PrivateLinkError, TemporalUnreachable
from privatelink.model.names import Link, link_of_workflow_id
from privatelink.model.progress import TRIED_AGAIN, Phase, Progress, StepState
from privatelink.model.result import DeleteResult, PrivateLinkResult
from privatelink.temporal.connection import reaching_temporal
from privatelink.temporal.troubles import is_unknown_workflow

_READ_AT_ONCE = 20
"""Maximum number of last attempts that a list reads at once, of links whose last attempt changed nothing."""

START_WORKER = "start one: python worker.py"

QUERY_TIMEOUT = timedelta(seconds=5)


class Waiting(BaseModel):
    """The last message of one running step. `attempt` is Temporal's number, 1 during the first poll."""

    model_config = ConfigDict(frozen=True)

    step: str
    attempt: int
    last_message: str
    next_attempt_at: datetime | None = None


class LastAttempt(BaseModel):
    """How a later saga of the link ended, which changed nothing. `error` is None if it could not be read."""

    model_config = ConfigDict(frozen=True)

    operation: str
    saga_id: str
    phase: Phase | None
    started_at: datetime
    closed_at: datetime | None
    error: ErrorDetails | None = None


class LinkStatus(BaseModel):
    """The running saga of a link, or the one that explains its present state. `last_attempt` is a later one.

    `progress` is None if no worker answers, and `unanswered` says why. `closed_at` is set when the saga has ended.
    """

    model_config = ConfigDict(frozen=True)

    link: str
    operation: str
    saga_id: str
    started_at: datetime
    closed_at: datetime | None = None
    phase: Phase | None = None
    progress: Progress | None = None
    unanswered: ErrorDetails | None = None
    waiting: tuple[Waiting, ...] = ()
    result: PrivateLinkResult | DeleteResult | None = None
    error: ErrorDetails | None = None
    last_attempt: LastAttempt | None = None


class LinkSummary(BaseModel):
    """One row of `list`: a link, and its running saga or the one that explains its present state (see `LinkStatus`)."""

    model_config = ConfigDict(frozen=True)

    link: str
    operation: str
    phase: Phase | None
    saga_id: str
    account: str | None
    region: str | None
    started_at: datetime
    closed_at: datetime | None
    last_attempt: LastAttempt | None = None


async def waiting_steps(description: WorkflowExecutionDescription) -> tuple[Waiting, ...]:
    """The last messages of the pending activities, from Temporal's description of the run (no worker needed)."""
    return tuple(
        [
            Waiting(
                step=pending.activity_id.partition(TRIED_AGAIN)[0],
                attempt=pending.attempt,
                last_message=await _said(pending, description.data_converter),
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


async def link_status(client: Client, link: Link, *, latest_only: bool = False) -> LinkStatus:
    """The status of `link`, from its running saga or else from what Temporal remembers. Raises `LinkUnknown`.

    `latest_only`: show the latest saga, even if it has changed nothing.
    """
    with reaching_temporal("looking for a saga", str(link)):
        try:
            description = await client.get_workflow_handle(link.workflow_id).describe()
        except RPCError as error:
            if is_unknown_workflow(error):
                raise unknown_link(link) from error
            raise
        latest = Run.of(description)
        # A running saga is always the one to show. It is polled often, so nothing else is read for it.
        looks_back = not (latest_only or latest.is_running)
        memory = await memory_behind(client, link, latest) if looks_back else Memory(latest, latest)
        waiting = await waiting_steps(description) if latest.is_running else ()
    run, handle = memory.shown, run_handle(client, link, memory.shown)
    result, error_details = await _ending(handle, run)
    progress, unanswered = await _progress(client, handle)
    return LinkStatus(
        link=str(link),
        operation=run.operation,
        saga_id=run.saga_id,
        started_at=run.started_at,
        closed_at=run.closed_at,
        phase=run.phase,
        progress=_as_it_ended(progress, run),
        unanswered=unanswered,
        waiting=waiting,
        result=result,
        error=error_details,
        last_attempt=await _last_attempt(client, link, memory),
    )


async def _ending(handle: RunHandle, run: Run) -> tuple[PrivateLinkResult | DeleteResult | None, ErrorDetails | None]:
    """What a finished saga returned or raised; of an unknown operation, only what it raised."""
    if run.is_running:
        return None, None
    try:
        result = await saga_result(handle)
    except TemporalUnreachable:
        raise
    except PrivateLinkError as error:
        return None, error.details_model
    return (result if run.operation in RESULT_TYPES else None), None


async def _last_attempt(client: Client, link: Link, memory: Memory) -> LastAttempt | None:
    run = memory.last_attempt
    if run is None:
        return None
    try:
        _, error = await _ending(run_handle(client, link, run), run)
    except TemporalUnreachable:
        # It is only shown beside the status, and must not hide it.
        error = None
    return LastAttempt(
        operation=run.operation,
        saga_id=run.saga_id,
        phase=run.phase,
        started_at=run.started_at,
        closed_at=run.closed_at,
        error=error,
    )


def _as_it_ended(progress: Progress | None, run: Run) -> Progress | None:
    """Correct the progress of a run that Temporal ended: nobody continues its running steps and open asks."""
    if progress is None or run.phase is not Phase.TERMINATED:
        return progress
    steps = [
        replace(step, state=StepState.STOPPED, ended_at=run.closed_at)
        if step.state in {StepState.RUNNING, StepState.HELD}
        else step
        for step in progress.steps
    ]
    return progress.model_copy(update={"phase": run.phase, "steps": steps, "asks": []})


async def _progress(client: Client, handle: RunHandle) -> tuple[Progress | None, ErrorDetails | None]:
    """The progress, or why there is none: the query needs a worker, and the rest of the status does not."""
    doing = "asking for the steps"
    with reaching_temporal(doing, handle.id):
        try:
            progress: Progress = await handle.query("progress", result_type=Progress, rpc_timeout=QUERY_TIMEOUT)
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError, RPCError) as error:
            link = str(link_of_workflow_id(handle.id) or handle.id)
            nobody = NoWorker(f"{doing}: no worker answers", resource=link, next_step=START_WORKER)
            return None, (await why_silent(client, handle.id, nobody, error)).details_model
        return progress, None


async def list_links(client: Client, query: str) -> list[LinkSummary]:
    """One row per link, newest first, from the runs that Temporal's list filter `query` selects."""
    runs: dict[Link, list[Run]] = {}
    async for execution in client.list_workflows(query):
        if link := link_of_workflow_id(execution.id):
            runs.setdefault(link, []).append(Run.of(execution))
    turns = asyncio.Semaphore(_READ_AT_ONCE)

    async def in_turn(link: Link, memory: Memory) -> LinkSummary:
        async with turns:
            return await _summary(client, link, memory)

    summaries = await asyncio.gather(*(in_turn(link, Memory.of(of_link)) for link, of_link in runs.items()))
    return sorted(summaries, key=lambda summary: summary.started_at, reverse=True)


async def _summary(client: Client, link: Link, memory: Memory) -> LinkSummary:
    run = memory.shown
    return LinkSummary(
        link=str(link),
        operation=run.operation,
        phase=run.phase,
        saga_id=run.saga_id,
        account=memory.account,
        region=run.region,
        started_at=run.started_at,
        closed_at=run.closed_at,
        last_attempt=await _last_attempt(client, link, memory),
    )
