"""The inquiries: workflows of one read-only step, by which callers without credentials ask a worker that has them."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.inquiries import Inquiries
    from activities.specs import RemovalSpec
    from privatelink.request import DeleteRequest
    from privatelink.result import InspectionResult, SetUpResult
    from workflows import options
    from workflows.story_board import step_id


@workflow.defn
class InspectPrivateLink:
    """What stands of a link in both clouds."""

    @workflow.run
    async def run(self, request: DeleteRequest) -> InspectionResult:
        """Look once; a cloud that does not answer is asked again until the check's deadline."""
        return await workflow.execute_activity_method(
            Inquiries.inspect_link,
            _spec(request),
            activity_id=step_id(Inquiries.inspect_link.__name__),
            summary=str(request.link),
            **options.check(),
        )


@workflow.defn
class CheckSetUp:
    """Whether the worker's keys work for the deployment, account and region of a request."""

    @workflow.run
    async def run(self, request: DeleteRequest) -> SetUpResult:
        """Try each key by one read."""
        return await workflow.execute_activity_method(
            Inquiries.check_keys,
            _spec(request),
            activity_id=step_id(Inquiries.check_keys.__name__),
            summary=str(request.link),
            **options.check(),
        )


def _spec(request: DeleteRequest) -> RemovalSpec:
    return RemovalSpec(link=request.link, aws=request.aws, platform=request.platform)
