"""The pauses of a saga: how people begin and end one, and how long it was paused, which no deadline counts."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.model.names import Link
    from privatelink.model.progress import Ask, Phase
    from privatelink.model.updates import Pause
    from workflows.saga.progress import ProgressTracker

PAUSE = "pause"


class Pauses:
    """When the saga was paused, and until when. `current` is the pause that it is in."""

    def __init__(self, tracker: ProgressTracker, link: Link) -> None:
        """Not paused yet."""
        self._tracker = tracker
        self._link = link
        self.current: Pause | None = None
        self._over: list[tuple[datetime, datetime]] = []
        self._since: datetime | None = None

    def begin(self, pause: Pause) -> None:
        """Stop before the next effect."""
        self.current = pause
        self._since = self._since or workflow.now()
        ask = Ask(
            step=PAUSE,
            message=f"paused by {pause.by or 'somebody'}: {pause.reason}",
            commands=(f"privatelink resume {self._link}",),
            since=workflow.now(),
            deadline=pause.until,
        )
        self._tracker.ask(Phase.PAUSED, ask)
        if pause.until:
            self._resuming = asyncio.create_task(self._end_at(pause, pause.until))

    def end(self) -> None:
        """Go on, if the saga is paused."""
        self.current = None
        if self._since:
            self._over.append((self._since, workflow.now()))
            self._since = None
        self._tracker.answered(Phase.PAUSED, PAUSE)

    async def _end_at(self, pause: Pause, until: datetime) -> None:
        await workflow.sleep(until - workflow.now(), summary="end of the pause")
        if self.current is pause:
            self.end()

    async def before_effect(self) -> None:
        """Wait here while the saga is paused."""
        if self.current:
            await workflow.wait_condition(lambda: self.current is None)

    def after(self, moment: datetime) -> timedelta:
        """How long it has been paused since then."""
        now = workflow.now()
        paused = [*self._over, *([(self._since, now)] if self._since else [])]
        return sum((max(end - max(begin, moment), timedelta(0)) for begin, end in paused), timedelta(0))
