"""Joining: what both sagas answer to callers, whichever of the two runs under the link's one workflow id."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.differences import differences
    from privatelink.errors import OtherOperationRunning, RequestDiffers, RunningSaga
    from privatelink.progress import Operation, Progress
    from privatelink.request import DeleteRequest, PrivateLinkRequest
    from privatelink.updates import Join, Joined
    from workflows.saga import Saga


class JoinableSaga:
    """The Update `join` and the query `progress`, alike in `CreatePrivateLink` and `DeletePrivateLink`."""

    def __init__(self, operation: Operation, saga: Saga) -> None:
        """Called by the workflow's init, before any handler can run."""
        self._operation = operation
        self.saga = saga

    @workflow.query
    def progress(self) -> Progress:
        """How far the saga is: phase, steps, ids so far, first cause."""
        return self.saga.board.progress

    @workflow.update(
        description="Join this saga with the same request, or learn why not. "
        'Example: {"operation": "create", "request": {"name": "orders-db", "deployment": "w41b11c0", ...}}'
    )
    async def join(self, join: Join) -> Joined:
        """Be part of the running saga: a repeated call joins it instead of starting another."""
        return Joined(link=str(join.root.request.link), operation=self._operation, saga_id=workflow.info().run_id)

    @join.validator
    def _same_operation_and_request(self, join: Join) -> None:
        running = RunningSaga(
            operation=self._operation,
            saga_id=workflow.info().run_id,
            request=self.saga.board.request.model_dump(mode="json"),
        )
        link = str(self.saga.board.request.link)
        if join.root.operation != self._operation:
            raise OtherOperationRunning(
                f"joining the {join.root.operation} of {link}: a {self._operation} of it runs",
                concerns=link,
                next_step="wait until it has ended (`privatelink status`), or cancel it",
                running=running,
            )
        found = differences(_dump(self.saga.board.request), _dump(join.root.request))
        if found:
            raise RequestDiffers(
                f"joining the {join.root.operation} of {link}: it runs with another request: "
                + "; ".join(f"{one.concerns}: {one.sentence}" for one in found),
                concerns=link,
                next_step="repeat with the running request, or wait until it has ended",
                findings=found,
                running=running,
            )


def _dump(request: PrivateLinkRequest | DeleteRequest) -> dict[str, Any]:
    return request.model_dump(mode="json")
