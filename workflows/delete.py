"""The delete story: refuse while something still uses the link, then remove it from both clouds."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.removal import Removals
    from activities.specs import RemovalSpec
    from privatelink.names import Link
    from privatelink.progress import Phase
    from privatelink.request import DeleteRequest
    from privatelink.result import DeleteResult
    from workflows.joining import JoinableSaga
    from workflows.removal import EVERYTHING, remove
    from workflows.saga import Saga
    from workflows.story_board import StoryBoard, step_id


@workflow.defn
class DeletePrivateLink(JoinableSaga):
    """Ends with nothing left of the link, or is refused with a reason, or lists what is left."""

    @workflow.init
    def __init__(self, request: DeleteRequest) -> None:
        """Set the board, so that a query or an Update finds it before the first step."""
        spec = RemovalSpec(link=request.link, aws=request.aws, allow_failed=request.allow_failed)
        to_come = [step_id(activity.__name__) for activity in (Removals.check_removal, *EVERYTHING)]
        super().__init__("delete", Saga(StoryBoard("delete", request, to_come), spec, undone=Phase.DELETED))

    @workflow.run
    async def run(self, request: DeleteRequest) -> DeleteResult:
        """Run the story. A cancel stops it where it is and lists what is left; a later delete finishes it."""
        return await self.saga.run(lambda: self._story(request.link), clean_up=self.saga.look_for_leftovers)

    async def _story(self, link: Link) -> DeleteResult:
        saga = self.saga
        found = await saga.check(Removals.check_removal, saga.spec, about=link)
        if not found.ids:
            saga.board.enter(Phase.DELETED)
            return DeleteResult(link=str(link), status="absent")
        saga.board.enter(Phase.DELETING)
        saga.undo_everything(*EVERYTHING)
        removed = await remove(saga)
        saga.board.enter(Phase.DELETED)
        return DeleteResult(link=str(link), status="deleted", removed=removed)
