"""Silence: why a saga does not answer. There is no worker, or it has another version, or it fails."""

import re

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from privatelink.errors import NoWorker, WorkerCannotGoOn
from privatelink.temporal.polling import SEEN_WITHIN, workers_seen

_LAST_EVENTS = 20
"""Events to read: after a failed workflow task only Updates and results that wait for the next task follow."""

_ANOTHER_VERSION = re.compile(
    r"TMPRL1100|[Nn]ondeterminism"  # its replay differs from the history
    r"|is not registered on this worker|[Hh]andler for .* not found"  # it lacks the workflow, the Update or the query
)

_NO_FAULT = frozenset(
    {
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE,
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FAILOVER_CLOSE_COMMAND,
        WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
    }
)
"""Causes for which Temporal itself ends a workflow task; the worker has no part in them."""


async def why_silent(
    client: Client, workflow_id: str, otherwise: NoWorker, said: Exception | None = None
) -> NoWorker | WorkerCannotGoOn:
    """Why the workflow does not answer: `otherwise`, unless its worker is there and cannot continue the workflow.

    `said` is what the unanswered call raised. Only Temporal is asked; if it does not answer either, the result is
    `otherwise`.
    """
    if isinstance(said, WorkflowQueryFailedError):
        return _cannot_go_on(otherwise, str(said))
    try:
        why = await last_failure(client, workflow_id)
        if why is None or not await _has_workers(client, workflow_id):
            return otherwise
    except RPCError:
        return otherwise
    return _cannot_go_on(otherwise, why)


async def last_failure(client: Client, workflow_id: str, run_id: str = "") -> str | None:
    """The failure of the worker's last attempt to continue the workflow; None if it succeeded. Raises `RPCError`."""
    answer = await client.workflow_service.get_workflow_execution_history_reverse(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
            maximum_page_size=_LAST_EVENTS,
        )
    )
    for event in answer.history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return None
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            if failed.cause not in _NO_FAULT:
                return failed.failure.message or WorkflowTaskFailedCause.Name(failed.cause)
    return None


async def _has_workers(client: Client, workflow_id: str) -> bool:
    """Whether a worker has polled lately: the last failure of a worker that has gone says nothing about the next."""
    description = await client.get_workflow_handle(workflow_id).describe()
    return any(ago <= SEEN_WITHIN for ago in (await workers_seen(client, description.task_queue)).values())


def of_another_version(why: str) -> bool:
    """Whether a worker of another version fails in this way."""
    return bool(_ANOTHER_VERSION.search(why))


def _cannot_go_on(otherwise: NoWorker, why: str) -> WorkerCannotGoOn:
    doing, resource = otherwise.details_model.message.partition(":")[0], otherwise.details_model.resource
    if of_another_version(why):
        return WorkerCannotGoOn(
            f"{doing}: a worker of another version answers, and cannot continue the saga: {why}",
            resource=resource,
            next_step="start a worker of the version that began the saga, so that it continues; then repeat the call",
        )
    return WorkerCannotGoOn(
        f"{doing}: the worker fails each time it tries: {why}",
        resource=resource,
        next_step="fix what it names (see the worker's log): Temporal tries again by itself; then repeat the call",
    )
