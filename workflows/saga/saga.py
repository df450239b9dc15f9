"""The saga: runs a create or a delete step by step, and undoes what it did when a step fails or somebody ends it.

An undo is noted before its step runs, because a step that failed may have had its effect. How a saga is stopped is in
cancellation.py, how a step's activity is started and tried again in steps.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.scopes import RemovalScope
    from privatelink.errors import DeadlinePassed, Outcome, PrivateLinkError, RequestRefused, from_failure
    from privatelink.model.deadlines import Deadline
    from privatelink.model.progress import Phase, StepState
    from workflows.saga import options
    from workflows.saga.cancellation import Cancellation
    from workflows.saga.compensation import Compensation
    from workflows.saga.controls import OperatorControl
    from workflows.saga.deadlines import deadlines
    from workflows.saga.failures import incomplete, named
    from workflows.saga.notifier import Notifier
    from workflows.saga.pauses import Pauses
    from workflows.saga.progress import ProgressTracker
    from workflows.saga.runs import when_reset
    from workflows.saga.steps import StepRunner
    from workflows.saga.subject import Undo


class _HasDeadline(Protocol):
    @property
    def deadline(self) -> Deadline: ...


S = TypeVar("S")
W = TypeVar("W", bound=_HasDeadline)
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")


class Saga:
    """One run of a create or a delete. `tracker` holds its progress, `controls` what people have said to it.

    `undone` is the phase in which it ends when its removals have left nothing of what it made. `resets` counts how
    often it was reset.
    """

    def __init__(self, tracker: ProgressTracker, spec: RemovalScope, *, undone: Phase, holds: bool = False) -> None:
        """`spec` is what this saga's removals may touch.

        `holds`: a step that fails after something was made waits for a person.
        """
        self.tracker = tracker
        self._cancellation = Cancellation()
        self.pauses = Pauses(tracker, spec.link)
        self.controls = OperatorControl(tracker, spec.link, self.pauses)
        self._steps = StepRunner(tracker, self.controls, self.pauses)
        self.compensation = Compensation(tracker, self._steps, self.pauses, self._cancellation, spec)
        self._notifier = Notifier(spec.link)
        tracker.on_phase = self._notifier.phase_changed
        self.undone = undone
        self._holds = holds
        self.resets = 0
        when_reset(self._count_reset)

    def _count_reset(self) -> None:
        self.resets += 1
        self.tracker.was_reset()
        self._steps.looks_first = True

    async def run(self, story: Callable[[], Awaitable[R]], clean_up: Callable[[], Awaitable[object]]) -> R:
        """Run `story`, and `clean_up` if it does not end well. Raises the first cause, with what was left behind.

        A cancelled run that leaves nothing behind ends as Temporal's Cancelled.
        """
        return await self._cancellation.listen(self._run(story, clean_up))

    def give_up(self, by: str, reason: str) -> None:
        """Roll back a saga that runs or is held, because a person asked for it."""
        self.controls.give_up(by, reason)
        self._cancellation.request()

    @property
    def is_ending(self) -> bool:
        """Whether it rolls back or has ended. From then on people can hurry it, but not stop or steer it."""
        return self._cancellation.is_ending

    async def _run(self, story: Callable[[], Awaitable[R]], clean_up: Callable[[], Awaitable[object]]) -> R:
        try:
            result = await story()
            self._cancellation.check()
            self._cancellation.is_ending = True
        except (asyncio.CancelledError, FailureError) as error:
            self._cancellation.is_ending = True
            self.pauses.end()
            cause = self._cause(error)
            if self.compensation.has_begun:
                self.compensation.settle()
                await clean_up()
            ending = self._ending(cause)
            await self._notifier.flush()
            raise ending from error
        await self._notifier.flush()
        return result

    def _cause(self, error: BaseException) -> PrivateLinkError | None:
        """The first cause, which the tracker also gets; None when somebody cancelled."""
        if not is_cancelled_exception(error):
            return self.tracker.failed(named(error))
        return self.tracker.failed(self.controls.given_up) if self.controls.given_up else None

    def _ending(self, cause: PrivateLinkError | None) -> BaseException:
        """What a saga that did not end well raises: what is left behind; if nothing, its cancel or first cause."""
        if self.compensation.leftovers:
            error = self.tracker.failed(
                incomplete(cause, self.compensation.leftovers, str(self.compensation.spec.link))
            )
            self.tracker.enter(Phase.INCOMPLETE)
            return error
        undone = self.compensation.has_begun
        self.tracker.enter(self.undone if undone else Phase.REFUSED)
        if cause is None:
            return asyncio.CancelledError()
        outcome = Outcome.ROLLED_BACK if undone else Outcome.REFUSED
        next_step = "; ".join(filter(None, (cause.details_model.next_step, self.compensation.to_look_at)))
        told = {"outcome": outcome, "next_step": next_step, **self.compensation.looked_at}
        return type(cause).of(cause.details_model.model_copy(update=told))

    async def look_until_no_reset(self, look: Callable[[], Awaitable[R]]) -> R:
        """The result of `look`. After a reset it looks again, because what it saw before may no longer be true."""
        while True:
            resets = self.resets
            seen = await look()
            if self.resets == resets:
                return seen

    async def check(self, activity: Callable[[Any, S], Awaitable[R]], spec: S, *, about: object) -> R:
        """A step that only reads and decides. `about` is what it concerns, for the UI."""
        return await self._step(activity, lambda: spec, lambda _: options.check(), about)

    async def write(
        self,
        activity: Callable[[Any, S], Awaitable[R]],
        spec: S,
        *,
        about: object,
        undo: Undo | None = None,
        key: object = "",
        within: float | None = None,
    ) -> R:
        """A step with an effect, and its undo. `key` distinguishes steps of the same activity."""
        how = options.write(within or deadlines().write)
        return await self._step(activity, lambda: spec, lambda _: how, about, undo=undo, key=key, effect=True)

    async def write_and_wait(
        self,
        activity: Callable[[Any, W], Awaitable[R]],
        spec: Callable[[Deadline], W],
        *,
        within: float,
        about: object,
        undo: Undo | None = None,
    ) -> R:
        """A step with an effect that waits until the effect shows, for at most `within` seconds of the cloud's clock.

        `spec` is built when the step begins, because the saga may have been paused for long before that.
        """
        how = options.write(deadlines().write + within)
        return await self._step(
            activity, lambda: spec(options.deadline_in(within)), lambda _: how, about, undo=undo, effect=True
        )

    async def wait(
        self,
        activity: Callable[[Any, W], Awaitable[R]],
        spec: W,
        *,
        about: object,
        undo: Undo | None = None,
        key: object = "",
        by_hand: bool = False,
    ) -> R:
        """A step that polls until its deadline. Its undo removes what it waits for, which somebody else makes.

        `by_hand`: a person makes it. When the deadline passes, the step is not held: a hold would ask a person again.
        """
        return await self._step(
            activity, lambda: spec, lambda spec: options.wait(spec.deadline), about, undo=undo, key=key, by_hand=by_hand
        )

    async def ask(self, step: str, answer: Awaitable[R]) -> R:
        """A step that a person takes. When its deadline passes, the saga rolls back; there is no hold."""
        self.tracker.begin(step)
        try:
            result = await answer
            self._cancellation.check()
        except (asyncio.CancelledError, FailureError) as error:
            self.tracker.end(step, StepState.STOPPED if is_cancelled_exception(error) else StepState.FAILED)
            raise
        self.tracker.end(step, StepState.DONE)
        return result

    async def _step(
        self,
        activity: Callable[[Any, S], Awaitable[R]],
        begun: Callable[[], S],
        how: Callable[[S], options.Options],
        about: object,
        *,
        undo: Undo | None = None,
        key: object = "",
        effect: bool = False,
        by_hand: bool = False,
    ) -> R:
        spec: S | None = None
        while True:
            self._cancellation.check()
            if effect:
                await self.pauses.before_effect()
            spec = begun() if spec is None else options.renewed(spec)
            if undo:
                self.compensation.note(undo)
            step_id = self.tracker.begin(activity.__name__, key, getattr(spec, "deadline", None))
            try:
                result = await self._steps.run(activity, spec, step_id, about, how(spec))
            except (asyncio.CancelledError, FailureError) as error:
                if undo:
                    self.compensation.outcome_unknown(undo)
                if is_cancelled_exception(error):
                    self.tracker.end(step_id, StepState.STOPPED)
                    raise
                cause = named(error)
                too_late = by_hand and isinstance(cause, DeadlinePassed)
                if too_late or self.is_ending or not (self._holds and self.compensation.has_begun):
                    self.tracker.end(step_id, StepState.FAILED)
                    raise
                await self._hold(step_id, cause)
                continue
            self.tracker.end(step_id, StepState.DONE)
            self._cancellation.check()
            return result

    async def _hold(self, step_id: str, error: PrivateLinkError) -> None:
        self.tracker.end(step_id, StepState.HELD)
        try:
            await self.controls.hold(step_id, error)
        except (asyncio.CancelledError, FailureError):
            self.tracker.end(step_id, StepState.FAILED)
            raise

    async def parallel(self, first: Awaitable[A], second: Awaitable[B]) -> tuple[A, B]:
        """Run both at once. When one fails, the other is stopped and awaited, and the first failure is raised."""
        both: list[Any] = await self.each(first, second)
        return both[0], both[1]

    async def each(self, *steps: Awaitable[R]) -> list[R]:
        """Run all at once, scheduled in this order; a failure is raised once the others are stopped and have ended."""
        return await self._cancellation.each(*steps)

    async def checks(self, first: Awaitable[A], second: Awaitable[B]) -> tuple[A, B]:
        """Run both checks at once and to their end, so that one error lists everything that they refuse."""
        one, two = await asyncio.gather(first, second, return_exceptions=True)
        self._cancellation.check()
        failures = [outcome for outcome in (one, two) if isinstance(outcome, BaseException)]
        for failure in failures:
            if not isinstance(from_failure(failure), RequestRefused):
                raise failure
        if failures:
            raise RequestRefused.of_findings(
                [found for failure in failures for found in named(failure).details_model.findings]
            )
        return cast("A", one), cast("B", two)
