"""The saga: runs a story step by step, and undoes what it did when a step fails or somebody cancels.

Temporal delivers a cancel once, to the main task, and a step that does not notice it swallows it. So the main task only
listens; the story runs in a task of its own; a flag is looked at before and after each step; and once the rollback has
begun nothing stops it. An undo is noted before its step runs, because a step that failed may have had its effect.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.removal import Removals
    from activities.specs import RemovalSpec, Removed
    from clouds.waiting import Wait
    from privatelink.errors import (
        Leftover,
        Outcome,
        PrivateLinkError,
        RequestRefused,
        from_failure,
    )
    from privatelink.progress import Phase, StepState
    from workflows import options
    from workflows.endings import incomplete, named, told_why, unseen
    from workflows.story_board import StoryBoard


class _Waits(Protocol):
    @property
    def wait(self) -> Wait: ...


S = TypeVar("S")
W = TypeVar("W", bound=_Waits)
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")

Undo = Callable[[Any, RemovalSpec], Awaitable[Removed]]
"""A removal activity. It finds by identity what it removes, so it needs no id and accepts 'never existed'."""


class Saga:
    """One run of one story. `board` is where everybody reads how far it is."""

    def __init__(self, board: StoryBoard, spec: RemovalSpec, *, undone: Phase) -> None:
        """`spec` is what this saga's removals may touch; `undone` the phase when they have left nothing."""
        self.board = board
        self.spec = spec
        self._undone = undone
        self._undos: set[Undo] = set()
        self._unsettled = False
        self._blocked = False
        self._failed_undos: list[PrivateLinkError] = []
        self._leftovers: list[Leftover] = []
        self._cancelled = False
        self._rolling_back = False

    async def run(self, story: Callable[[], Awaitable[R]], clean_up: Callable[[], Awaitable[object]]) -> R:
        """Run `story`; when it does not end well, `clean_up`. Raises the first cause, told with what was left behind.

        A cancelled run of which nothing is left ends as Temporal's Cancelled.
        """
        saga = asyncio.create_task(self._run(story, clean_up))
        try:
            return await asyncio.shield(saga)
        except asyncio.CancelledError:
            self._cancelled = True
            if not (saga.done() or self._rolling_back):
                saga.cancel()
            return await saga

    async def _run(self, story: Callable[[], Awaitable[R]], clean_up: Callable[[], Awaitable[object]]) -> R:
        try:
            result = await story()
            self._stop_if_cancelled()
        except (asyncio.CancelledError, FailureError) as error:
            self._rolling_back = True
            cause = None if is_cancelled_exception(error) else self.board.failed(named(error))
            if self._undos:
                if self._unsettled:
                    self.spec = self.spec.model_copy(update={"settled_at": workflow.now() + options.SETTLE})
                await clean_up()
            raise self._ending(cause) from error
        return result

    def _ending(self, cause: PrivateLinkError | None) -> BaseException:
        """What a saga that did not end well raises: something is left; cancelled; or the first cause."""
        if self._leftovers:
            self.board.enter(Phase.INCOMPLETE)
            return incomplete(cause, self._leftovers, str(self.spec.link))
        outcome = Outcome.ROLLED_BACK if self._undos else Outcome.REFUSED
        self.board.enter(self._undone if self._undos else Phase.REFUSED)
        if cause is None:
            return asyncio.CancelledError()
        return type(cause).of(cause.details_model.model_copy(update={"outcome": outcome}))

    async def check(self, activity: Callable[[Any, S], Awaitable[R]], spec: S, *, about: object) -> R:
        """A step that only reads and decides. `about` is the thing that it concerns, for the UI."""
        return await self._step(activity, spec, options.check(), about)

    async def write(
        self,
        activity: Callable[[Any, S], Awaitable[R]],
        spec: S,
        *,
        about: object,
        undo: Undo | None = None,
        key: object = "",
        deadline: float | None = None,
    ) -> R:
        """A step with an effect, and its undo. `key` tells steps of one activity apart."""
        how = options.write(deadline or options.DEADLINES.write)
        return await self._step(activity, spec, how, about, undo=undo, key=key)

    async def wait(
        self,
        activity: Callable[[Any, W], Awaitable[R]],
        spec: W,
        *,
        about: object,
        undo: Undo | None = None,
        key: object = "",
    ) -> R:
        """A step that looks until its deadline. Its undo removes what it waits for, which somebody else makes."""
        return await self._step(activity, spec, options.wait(spec.wait), about, undo=undo, key=key, until=spec.wait)

    async def _step(
        self,
        activity: Callable[[Any, S], Awaitable[R]],
        spec: S,
        how: options.Options,
        about: object,
        *,
        undo: Undo | None = None,
        key: object = "",
        until: Wait | None = None,
    ) -> R:
        self._stop_if_cancelled()
        if undo:
            self._undos.add(undo)
        step_id = self.board.begin(activity.__name__, key, until)
        try:
            result = await workflow.execute_activity_method(
                activity, spec, activity_id=step_id, summary=str(about), **how
            )
        except FailureError as error:
            self._unsettled |= undo is not None
            self.board.end(step_id, StepState.STOPPED if is_cancelled_exception(error) else StepState.FAILED)
            raise
        self.board.end(step_id, StepState.DONE)
        self._stop_if_cancelled()
        return result

    def undo_everything(self, *activities: Undo) -> None:
        """Note these undos as if their steps had run: a delete removes whatever there is."""
        self._undos.update(activities)

    async def undo(self, *activities: Undo, gate: bool = False) -> tuple[str, ...]:
        """Run these removals side by side, those whose step had begun; give the ids that they removed.

        One that fails for good does not stop what comes after it, unless it is a `gate`: then going on would break
        what is still there.
        """
        wanted = [activity for activity in activities if activity in self._undos and not self._blocked]
        failed_before = len(self._failed_undos)
        removed = await self.each(*(self._undo(activity) for activity in wanted))
        self._blocked |= gate and len(self._failed_undos) > failed_before
        return tuple(removed_id for ids in removed for removed_id in ids)

    async def _undo(self, activity: Undo) -> tuple[str, ...]:
        step_id = self.board.begin(activity.__name__)
        try:
            removed = await workflow.execute_activity_method(
                activity, self.spec, activity_id=step_id, summary=str(self.spec.link), **options.removal()
            )
        except FailureError as error:
            self.board.end(step_id, StepState.FAILED)
            if is_cancelled_exception(error):
                raise
            self._failed_undos.append(named(error))
            return ()
        self.board.end(step_id, StepState.DONE)
        return removed.ids

    async def look_for_leftovers(self) -> None:
        """List what is still there, when a removal failed or was interrupted; asked of the clouds, not remembered."""
        if self._leftovers:
            return
        failures = self._failed_undos
        step_id = self.board.begin(Removals.find_leftovers.__name__)
        try:
            self._leftovers = await workflow.execute_activity_method(
                Removals.find_leftovers, self.spec, activity_id=step_id, summary=str(self.spec.link), **options.check()
            )
        except FailureError as error:
            self.board.end(step_id, StepState.FAILED)
            self._leftovers = unseen([*failures, named(error)], str(self.spec.link))
        else:
            self.board.end(step_id, StepState.DONE)
            self._leftovers = [told_why(left, self._leftovers, failures) for left in self._leftovers]

    async def finish_removal(self) -> None:
        """End a removal: when one of its steps failed, list what is left; a delete then fails with it."""
        if self._failed_undos:
            await self.look_for_leftovers()
        if self._leftovers and not self._rolling_back:
            raise self._failed_undos[0]

    async def parallel(self, first: Awaitable[A], second: Awaitable[B]) -> tuple[A, B]:
        """Both at once; when one fails the other is stopped and awaited, and the first failure raised."""
        both: list[Any] = await self.each(first, second)
        return both[0], both[1]

    async def each(self, *steps: Awaitable[R]) -> list[R]:
        """All at once, in this order at Temporal; a failure stops the others, which are awaited, and is raised."""
        tasks = [asyncio.ensure_future(step) for step in steps]
        try:
            return list(await asyncio.gather(*tasks))
        except (asyncio.CancelledError, FailureError):
            # From here on the story ends; a cancel that comes now must not cut the waiting for what is being stopped.
            self._rolling_back = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def checks(self, first: Awaitable[A], second: Awaitable[B]) -> tuple[A, B]:
        """Both checks at once, both to their end: everything that they refuse is told in one error."""
        one, two = await asyncio.gather(first, second, return_exceptions=True)
        self._stop_if_cancelled()
        failures = [outcome for outcome in (one, two) if isinstance(outcome, BaseException)]
        for failure in failures:
            if not isinstance(from_failure(failure), RequestRefused):
                raise failure
        if failures:
            raise RequestRefused.of_findings(
                [found for failure in failures for found in named(failure).details_model.findings]
            )
        return cast("A", one), cast("B", two)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled:
            raise asyncio.CancelledError
