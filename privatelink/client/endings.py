"""How a saga ended, for a caller that waits for it: its result, or one of our errors, whatever closed the saga."""

from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError, TerminatedError

from privatelink.client.remembering import Run
from privatelink.errors import Cancelled, Outcome, PrivateLinkError, RollbackIncomplete, from_failure
from privatelink.model.names import Link, link_of_workflow_id
from privatelink.model.result import DeleteResult, PrivateLinkResult
from privatelink.temporal.connection import reaching_temporal

RESULT_TYPES: dict[str, type[PrivateLinkResult | DeleteResult]] = {
    "create": PrivateLinkResult,
    "delete": DeleteResult,
}

RunHandle = WorkflowHandle[Any, PrivateLinkResult | DeleteResult]


def run_handle(client: Client, link: Link, run: Run) -> RunHandle:
    """The handle of this run of the link, which reads the result by the type of its operation."""
    result_type = RESULT_TYPES.get(run.operation)
    handle: RunHandle = client.get_workflow_handle(link.workflow_id, run_id=run.run_id, result_type=result_type)
    return handle


def failure_of(failure: WorkflowFailureError, link: str) -> PrivateLinkError:
    """Our error for a saga of the link that did not complete, whatever closed the saga."""
    cause = failure.cause
    if isinstance(cause, CancelledError):
        return Cancelled(
            "the saga was cancelled, and nothing is left of what it made or had to remove",
            outcome=Outcome.ROLLED_BACK,
        )
    ours = from_failure(cause)
    if ours:
        return ours
    why = "terminated, which runs no rollback" if isinstance(cause, TerminatedError) else str(cause)
    return RollbackIncomplete(
        f"the saga ended without cleaning up: {why}",
        resource=link,
        # A PrivateLink that was cut off before it was `running` is refused by a delete without this option.
        next_step=f"run `privatelink delete {link} --allow-failed`, to remove what the saga left, or repeat the call",
        outcome=Outcome.INCOMPLETE,
    )


async def saga_result(handle: RunHandle) -> PrivateLinkResult | DeleteResult:
    """Wait until the saga ends. Raises our error if it does not complete."""
    try:
        with reaching_temporal("waiting for the end of a saga", handle.id):
            return await handle.result()
    except WorkflowFailureError as failure:
        if isinstance(failure.cause, CancelledError) and await _removed_nothing(handle):
            raise Cancelled("the delete was cancelled before it removed anything", outcome=Outcome.REFUSED) from failure
        raise failure_of(failure, str(link_of_workflow_id(handle.id) or handle.id)) from failure


async def _removed_nothing(handle: RunHandle) -> bool:
    """Whether a delete that has ended is known to have removed nothing."""
    with reaching_temporal("looking for a saga", handle.id):
        run = Run.of(await handle.describe())
    return run.operation == "delete" and not run.has_changed
