"""The notifier: calls the webhook when a saga needs a person, and when it ends."""

import asyncio
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from activities.notifications import Notifications, NotificationSpec
    from privatelink.errors import CloudRefused, from_failure
    from privatelink.model.names import Link
    from privatelink.model.progress import Progress
    from workflows.saga import options


class Notifier:
    """Sends notifications one after another, while the saga goes on.

    A webhook that is down delays only the saga's end, and by no more than one notification's deadline, however many
    wait: once one could not be delivered at once, a newer state supersedes the older ones.
    """

    def __init__(self, link: Link) -> None:
        """Nothing to tell yet."""
        self._link = link
        self._told = 0
        self._nobody_listens = False
        self._waiting: deque[NotificationSpec] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._ends_at: datetime | None = None

    def phase_changed(self, progress: Progress) -> None:
        """Tell of a phase that needs a person, or is the end."""
        if self._nobody_listens or not (progress.phase.needs_person or progress.phase.ends):
            return
        self._told += 1
        spec = NotificationSpec(
            link=self._link,
            operation=progress.operation,
            saga_id=progress.saga_id,
            number=self._told,
            phase=progress.phase,
            at=workflow.now(),
            asks=tuple(ask.model_copy() for ask in progress.asks),
            error=progress.error,
            address=progress.ids.get("address"),
        )
        self._waiting.append(spec)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def flush(self) -> None:
        """Wait for what is on its way, because the workflow's end would cut it off; no longer than one deadline."""
        self._ends_at = workflow.now() + _deadline()
        if self._sending:
            await self._sending

    async def _send_all(self) -> None:
        while self._waiting:
            spec = self._waiting.popleft()
            try:
                # First within the workflow task: without a webhook, that is all it costs.
                sent = await workflow.execute_local_activity_method(
                    Notifications.notify, spec, activity_id=f"notify-{spec.number}-once", **options.notification_once()
                )
            except FailureError as error:
                if isinstance(from_failure(error), CloudRefused):
                    _undelivered(spec, error)
                else:
                    await self._send_patiently(spec, error)
                continue
            if not sent:
                self._nobody_listens = True
                self._waiting.clear()

    async def _send_patiently(self, spec: NotificationSpec, failed: FailureError) -> None:
        """Try again until it is delivered, its time is over, or there is a newer state to report."""
        if self._waiting:
            self._keep_the_newest(spec, failed)
            return
        how = options.notification()
        # Otherwise an attempt that hangs might reach the receiver after the newer notification.
        how["cancellation_type"] = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
        left = self._left()
        if left <= timedelta(0):
            _undelivered(spec, failed)
            return
        how["schedule_to_close_timeout"] = left
        sending = workflow.start_activity_method(
            Notifications.notify, spec, activity_id=f"notify-{spec.number}", summary=str(spec.phase), **how
        )
        await workflow.wait_condition(lambda: sending.done() or bool(self._waiting))
        if not sending.done():
            sending.cancel()
            with suppress(TimeoutError):
                await workflow.wait_condition(sending.done, timeout=max(self._left(), timedelta(0)))
        if not sending.done():
            self._keep_the_newest(spec, failed)
            _undelivered(self._waiting.pop(), failed)
            return
        try:
            await sending
        except (asyncio.CancelledError, FailureError) as error:
            if self._waiting:
                self._keep_the_newest(spec, failed)
            else:
                _undelivered(spec, error)

    def _keep_the_newest(self, spec: NotificationSpec, failed: FailureError) -> None:
        newest = self._waiting.pop()
        for superseded in (spec, *self._waiting):
            _undelivered(superseded, failed)
        self._waiting.clear()
        self._waiting.append(newest)

    def _left(self) -> timedelta:
        """The time for one notification, or what remains of it once the saga waits to end."""
        return self._ends_at - workflow.now() if self._ends_at else _deadline()


def _deadline() -> timedelta:
    return options.notification()["schedule_to_close_timeout"]


def _undelivered(spec: NotificationSpec, error: BaseException) -> None:
    """Log it only: no webhook may change how a saga ends."""
    why = from_failure(error) or error
    workflow.logger.warning("notification %s of %s was not delivered: %s", spec.number, spec.link, why)
