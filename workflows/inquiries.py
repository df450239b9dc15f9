"""The inquiries: workflows of one read-only step, by which callers without credentials ask a worker that has them."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.inquiries import Inquiries
    from activities.scopes import RemovalScope
    from privatelink.model.request import DeleteRequest
    from privatelink.model.result import InspectionResult, SetUpResult
    from workflows.saga import options
    from workflows.saga.progress import step_id


R = TypeVar("R")


@workflow.defn
class InspectPrivateLink:
    """What exists of a link in both clouds."""

    @workflow.run
    async def run(self, request: DeleteRequest) -> InspectionResult:
        """Look once. A cloud that does not answer is asked again until the check's deadline."""
        return await _look(Inquiries.inspect_link, request)


@workflow.defn
class CheckSetUp:
    """Whether the worker's keys work for the deployment, account and region of a request."""

    @workflow.run
    async def run(self, request: DeleteRequest) -> SetUpResult:
        """Try each key with one read."""
        return await _look(Inquiries.check_keys, request)


async def _look(activity: Callable[[Inquiries, RemovalScope], Awaitable[R]], request: DeleteRequest) -> R:
    spec = RemovalScope(link=request.link, aws=request.aws, platform=request.platform)
    id_ = step_id(activity.__name__)
    return await workflow.execute_activity_method(
        activity, spec, activity_id=id_, summary=str(request.link), **options.inquiry()
    )
