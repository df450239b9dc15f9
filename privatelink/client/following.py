"""Following: whoever waits for a saga gets the end of the run that lives, also after a reset.

Temporal's reset terminates the run and goes on in a new one under the same workflow id. Both belong to one chain, whose
first run's id stays (`first_run_id` of `WorkflowExecutionInfo`, Temporal's API): that is what `saga_id` means here.
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
    """Wait for the saga's end, whichever of its runs that is. Raises our error when it does not complete."""
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
    """The saga's latest run: as a rule the link's latest. Where the link's next saga has begun since, it is listed."""
    with reaching_temporal("looking for the latest run of a saga", str(link)):
        latest = Run.of(await client.get_workflow_handle(link.workflow_id).describe())
        if latest.saga_id == saga_id:
            return latest.run_id
        async for execution in client.list_workflows(f"WorkflowId = '{link.workflow_id}'"):
            handle = client.get_workflow_handle(link.workflow_id, run_id=execution.run_id)
            # A row of the list does not name the first run.
            if Run.of(await handle.describe()).saga_id == saga_id:
                return execution.run_id
    return saga_id
