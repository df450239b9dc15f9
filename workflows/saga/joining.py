"""Joining: which call may join a running saga, and what a call that may not is given instead."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.errors import AlreadyJoined, OtherOperationRunning, RequestDiffers, RunningSaga
    from privatelink.model.differences import differences, without_external_id
    from privatelink.model.progress import Operation
    from privatelink.model.request import DeleteRequest, PrivateLinkRequest
    from privatelink.model.updates import Join
    from workflows.saga.runs import saga_id


def refuse_other(operation: Operation, request: PrivateLinkRequest | DeleteRequest, join: Join) -> None:
    """Refuse a call for the other operation, or with a request that differs from the running one."""
    running, link = _running(operation, request), str(request.link)
    if join.root.operation != operation:
        raise OtherOperationRunning(
            f"joining the {join.root.operation} of {link}: a {operation} of it is running",
            resource=link,
            next_step="wait until it has ended (`privatelink status`), or cancel it",
            running=running,
        )
    found = differences(request.model_dump(mode="json"), join.root.request.model_dump(mode="json"))
    if found:
        raise RequestDiffers(
            f"joining the {join.root.operation} of {link}: it is running with another request: "
            + "; ".join(f"{one.resource}: {one.message}" for one in found),
            resource=link,
            next_step="repeat with the running request, or wait until it has ended",
            findings=found,
            running=running,
        )


def already_joined(operation: Operation, request: PrivateLinkRequest | DeleteRequest) -> AlreadyJoined:
    """The error of a call that would have joined, but of which the saga records no more."""
    link = str(request.link)
    return AlreadyJoined(
        f"joining the {operation} of {link}: it is running with this same request, but records no more joins",
        resource=link,
        next_step="wait for its end, as after joining it",
        running=_running(operation, request),
    )


def _running(operation: Operation, request: PrivateLinkRequest | DeleteRequest) -> RunningSaga:
    """What a caller may know of the running saga. Its external id is a secret of whoever started it."""
    return RunningSaga(
        operation=operation, saga_id=saga_id(), request=without_external_id(request.model_dump(mode="json"))
    )
