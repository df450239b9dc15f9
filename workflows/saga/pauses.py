"""The pauses of a saga: how long it was paused, which no deadline counts."""

from datetime import datetime, timedelta

from temporalio import workflow


class Pauses:
    """When the saga was paused, and until when."""

    def __init__(self) -> None:
        """Not paused yet."""
        self._over: list[tuple[datetime, datetime]] = []
        self._since: datetime | None = None

    def begin(self) -> None:
        """Begin a pause, unless one has begun."""
        self._since = self._since or workflow.now()

    def end(self) -> None:
        """End the pause, if there is one."""
        if self._since:
            self._over.append((self._since, workflow.now()))
            self._since = None

    def after(self, moment: datetime) -> timedelta:
        """How long it has been paused since then."""
        now = workflow.now()
        paused = [*self._over, *([(self._since, now)] if self._since else [])]
        return sum((max(end - max(begin, moment), timedelta(0)) for begin, end in paused), timedelta(0))
