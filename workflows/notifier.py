"""The notifier: the webhook is told when a saga needs a person, and when it ends."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.notifications import Notifications
    from activities.specs import NotificationSpec
    from privatelink.errors import CloudRefused, from_failure
    from privatelink.progress import Progress
    from workflows import options
    from workflows.story_board import StoryBoard


class Notifier:
    """Sends them one after another, beside the story: a webhook that is down holds up nothing but the saga's end."""

    def __init__(self, board: StoryBoard) -> None:
        """Listen to the board's phases."""
        self._board = board
        self._told = 0
        self._nobody_listens = False
        self._last: asyncio.Task[None] | None = None
        board.on_phase = self._phase_changed

    async def flush(self) -> None:
        """Wait for what is on its way, since a workflow's end cuts it off."""
        if self._last:
            await self._last

    def _phase_changed(self, progress: Progress) -> None:
        if self._nobody_listens or not (progress.phase.needs_person or progress.phase.ends):
            return
        self._told += 1
        spec = NotificationSpec(
            link=self._board.request.link,
            operation=progress.operation,
            saga_id=progress.saga_id,
            number=self._told,
            phase=progress.phase,
            at=workflow.now(),
            asks=tuple(ask.model_copy() for ask in progress.asks),
            error=progress.error,
            address=progress.ids.get("address"),
        )
        self._last = asyncio.create_task(self._send(spec, self._last))

    async def _send(self, spec: NotificationSpec, before: asyncio.Task[None] | None) -> None:
        if before:
            await before
        if self._nobody_listens:
            return
        try:
            # First in the workflow's own task: where no webhook is set, that is all it costs.
            sent = await workflow.execute_local_activity_method(
                Notifications.notify, spec, activity_id=f"notify-{spec.number}-once", **options.notification_once()
            )
        except FailureError as error:
            sent = True
            if isinstance(from_failure(error), CloudRefused):
                _undelivered(spec, error)
            else:
                await self._send_patiently(spec)
        self._nobody_listens = not sent

    async def _send_patiently(self, spec: NotificationSpec) -> None:
        try:
            await workflow.execute_activity_method(
                Notifications.notify,
                spec,
                activity_id=f"notify-{spec.number}",
                summary=str(spec.phase),
                **options.notification(),
            )
        except FailureError as error:
            _undelivered(spec, error)


def _undelivered(spec: NotificationSpec, error: FailureError) -> None:
    """The saga is what matters: nobody's webhook may change how it ends."""
    why = from_failure(error) or error
    workflow.logger.warning("notification %s of %s was not delivered: %s", spec.number, spec.link, why)
