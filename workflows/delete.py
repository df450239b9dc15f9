"""The delete: refuse while something still uses the link, then remove it from both clouds."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.removal import Removals
    from activities.scopes import RemovalScope
    from privatelink.model.progress import Phase
    from privatelink.model.request import DeleteRequest
    from privatelink.model.result import DeleteResult
    from workflows.removal import everything, remove
    from workflows.saga.progress import ProgressTracker, step_id
    from workflows.saga.saga import Saga
    from workflows.saga.update_handlers import UpdateHandlers
    from workflows.subject import LINK


@workflow.defn
class DeletePrivateLink(UpdateHandlers):
    """Ends with nothing left of the link, or is refused with a reason, or lists what is left."""

    @workflow.init
    def __init__(self, request: DeleteRequest) -> None:
        """Set up the tracker, so that a query or an Update finds it before the first step."""
        spec = RemovalScope(
            link=request.link,
            aws=request.aws,
            platform=request.platform,
            allow_failed=request.allow_failed,
            ignore_deployment=request.ignore_deployment,
        )
        to_come = [step_id(activity.__name__) for activity in (Removals.check_removal, *everything(request.platform))]
        tracker = ProgressTracker("delete", request, to_come, LINK)
        super().__init__("delete", Saga(tracker, spec, undone=Phase.DELETED))

    @workflow.run
    async def run(self, request: DeleteRequest) -> DeleteResult:
        """Run the delete. A cancel stops it where it is and lists what is left; a later delete finishes it."""
        return await self.run_saga(lambda: self._story(request), clean_up=self.saga.compensation.look_for_leftovers)

    async def _story(self, request: DeleteRequest) -> DeleteResult:
        saga, link = self.saga, request.link
        found = await saga.look_until_no_reset(
            lambda: saga.check(Removals.check_removal, saga.compensation.spec, about=link)
        )
        account = found.place.account if found.place else None
        result = DeleteResult(
            link=str(link),
            status="absent",
            account=account,
            region=request.aws.region,
            not_looked_at=found.not_looked_at,
        )
        if not found.ids:
            saga.tracker.enter(Phase.DELETED, account=account)
            return result
        saga.tracker.enter(Phase.DELETING, account=account)
        saga.compensation.stands_at(found.place)
        saga.compensation.record(*found.ids)
        saga.compensation.note(*everything(request.platform))
        removed = await remove(saga)
        saga.tracker.enter(Phase.DELETED)
        return result.model_copy(update={"status": "deleted", "removed": removed})
