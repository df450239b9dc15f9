"""Following: a caller that waits for a saga gets the end of its live run, even after a reset.

A reset in Temporal terminates the run and continues in a new one under the same workflow id. Both belong to one chain,
and the id of the chain's first run stays the same (`first_run_id` of `WorkflowExecutionInfo` in Temporal's API). This
is what `saga_id` means here.
"""

from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import TerminatedError

from privatelink.client.endings import RESULT_TYPES, RunHandle, saga_result
from privatelink.client.remembering import Run
from privatelink.errors import PrivateLinkError
from privatelink.model.names import Link
from privatelink.model.progress import Operation
from privatelink.model.result import DeleteResult, PrivateLinkResult
from privatelink.temporal.connection import reaching_temporal


async def followed_result(
    client: Client, link: Link, operation: Operation, saga_id: str
) -> PrivateLinkResult | DeleteResult:
    """Wait until the saga ends, in whichever of its runs. Raises our error if it does not complete."""
    run_id = await _latest_run(client, link, saga_id)
    while True:
        handle: RunHandle = client.get_workflow_handle(
            link.workflow_id, run_id=run_id, result_type=RESULT_TYPES[operation]
        )
        try:
            return await saga_result(handle)
        except PrivateLinkError as error:
            if not _was_terminated(error):
                raise
            ended, run_id = run_id, await _latest_run(client, link, saga_id)
            if run_id == ended:
                raise


def _was_terminated(error: PrivateLinkError) -> bool:
    failure = error.__cause__
    return isinstance(failure, WorkflowFailureError) and isinstance(failure.cause, TerminatedError)


async def _latest_run(client: Client, link: Link, saga_id: str) -> str:
    """The saga's latest run: usually the link's latest. If the link's next saga has begun, it is found in the list."""
    with reaching_temporal("looking for the latest run of a saga", str(link)):
        latest = Run.of(await client.get_workflow_handle(link.workflow_id).describe())
        if latest.saga_id == saga_id:
            return latest.run_id
        async for execution in client.list_workflows(f"WorkflowId = '{link.workflow_id}'"):
            handle = client.get_workflow_handle(link.workflow_id, run_id=execution.run_id)
            # A row of the list does not have the id of the first run.
            if Run.of(await handle.describe()).saga_id == saga_id:
                return execution.run_id
    return saga_id
