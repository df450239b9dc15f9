"""The activity of a step: started here, and started again when a person asks for that or a pause took its time."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.scopes import Scope
    from privatelink.model.progress import TRIED_AGAIN
    from workflows.saga.controls import OperatorControl
    from workflows.saga.failures import is_late
    from workflows.saga.options import Options, prolonged, within
    from workflows.saga.pauses import Pauses
    from workflows.saga.progress import ProgressTracker

S = TypeVar("S")
R = TypeVar("R")


class StepRunner:
    """Runs the activities of one saga's steps. `controls` say which step a person wants to be tried again."""

    def __init__(self, tracker: ProgressTracker, controls: OperatorControl, pauses: Pauses) -> None:
        """No step was tried yet."""
        self._tracker = tracker
        self._controls = controls
        self._pauses = pauses
        self._tried: set[str] = set()
        self.looks_first = False
        """Set after a reset: each step first looks for what it would make, as if the link were not new."""

    async def run(
        self,
        activity: Callable[[Any, S], Awaitable[R]],
        spec: S,
        step: str,
        about: object,
        how: Options,
    ) -> R:
        """Run the step's activity, and restart it whenever `retry` or an answer asks for that.

        Each restart uses a new activity id: a cancelled activity that has not noticed yet still owns the old one. The
        step gets its whole time again, because the worker's record of uncounted time belongs to the old id. A step
        whose deadline passed continues for as long as the saga was paused meanwhile.
        """
        number = 0
        while True:
            number += 1
            spec = self._looking(step, self._controls.with_choice(step, spec))
            self._tried.add(step)
            id_ = step if number == 1 else f"{step}{TRIED_AGAIN}{number}"
            begun, paused = workflow.now(), timedelta(0)
            handle = workflow.start_activity_method(activity, spec, activity_id=id_, summary=str(about), **how)
            with self._controls.under_way(step, handle):
                try:
                    return await handle
                except FailureError as error:
                    again = is_cancelled_exception(error) and self._controls.wants_again(step)
                    paused = self._pauses.after(begun) if is_late(error) else paused
                    if not (again or paused):
                        raise
            if paused:
                await self._pauses.before_effect()
                how = within(how, paused)
            spec = prolonged(spec, paused or None)
            self._tracker.prolong(step, getattr(spec, "deadline", None))

    def _looking(self, step: str, spec: S) -> S:
        """The spec of a step that must first look for what it would make: an earlier try may have made it."""
        scope = getattr(spec, "scope", None)
        if not (isinstance(spec, BaseModel) and isinstance(scope, Scope)):
            return spec
        if not scope.is_new or not (self.looks_first or step in self._tried):
            return spec
        return spec.model_copy(update={"scope": scope.model_copy(update={"is_new": False})})
