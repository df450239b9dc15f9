"""Compensation: the removals of a rollback or a delete, and what they could not remove."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.scopes import RemovalScope
    from privatelink.errors import Leftover, PrivateLinkError
    from privatelink.model.names import Place
    from privatelink.model.progress import StepState
    from workflows.saga import options
    from workflows.saga.cancellation import Cancellation
    from workflows.saga.failures import named, still_standing, told_why, unseen
    from workflows.saga.pauses import Pauses
    from workflows.saga.progress import ProgressTracker
    from workflows.saga.steps import StepRunner
    from workflows.saga.subject import Undo


class Stage(NamedTuple):
    """Removals that run side by side.

    `settle`: how long a cloud may not show what a call with an unknown outcome has made. When one of a `gate` fails for
    good, no later stage runs: that would break what still exists.
    """

    removals: tuple[Undo, ...]
    settle: timedelta
    gate: bool = False


class Compensation:
    """What a saga has begun and may have to undo. `spec` is what its removals may touch."""

    def __init__(
        self,
        tracker: ProgressTracker,
        steps: StepRunner,
        pauses: Pauses,
        cancellation: Cancellation,
        spec: RemovalScope,
    ) -> None:
        """Nothing has begun yet."""
        self.spec = spec
        self.leftovers: list[Leftover] = []
        self._tracker = tracker
        self._steps = steps
        self._pauses = pauses
        self._cancellation = cancellation
        self._noted: set[Undo] = set()
        self._unsettled: set[Undo] = set()
        self._settling: dict[Undo, datetime] = {}
        self._blocked = False
        self._failures: list[PrivateLinkError] = []
        self._left_unseen: list[Leftover] = []
        self._recorded: dict[str, None] = {}
        self._removed: dict[str, None] = {}
        self.to_look_at = ""

    @property
    def has_begun(self) -> bool:
        """Whether there may be something to undo."""
        return bool(self._noted)

    def stands_at(self, place: Place | None) -> None:
        """Bind the removals to the place that the check found, so that they touch nothing of another place."""
        self.spec = self.spec.model_copy(update={"place": place})

    @property
    def looked_at(self) -> dict[str, str]:
        """The account and region in which nothing is left, by the final inventory; empty if no place was found."""
        place = self.spec.place
        return {"account": place.account, "region": place.region} if place else {}

    def record(self, *ids: str) -> None:
        """Remember ids of the link, so that the final inventory finds them whatever their tags say by then."""
        self._recorded.update(dict.fromkeys(ids))

    def note(self, *undos: Undo) -> None:
        """Remember these undos: their steps begin now, or there may be resources that this run has not made."""
        self._noted.update(undos)

    def outcome_unknown(self, undo: Undo) -> None:
        """Note that the step of this undo may have had its effect although it failed; a cloud may not show it yet."""
        self._unsettled.add(undo)

    def settle(self) -> None:
        """From now on the effect of a lost reply has time to show, before a removal trusts that there is nothing."""
        self._settling = dict.fromkeys(self._unsettled, workflow.now())

    def begin(self) -> None:
        """Begin to undo, and forget earlier failures."""
        self._blocked = False
        self._failures.clear()
        self._left_unseen.clear()

    def spare_complete(self) -> None:
        """Keep what is complete as if another create had made it: an earlier run of this one may have ended well."""
        self.spec = self.spec.model_copy(update={"saga_id": workflow.info().run_id})

    async def undo(self, stage: Stage) -> tuple[str, ...]:
        """Run those removals of a stage whose steps had begun; returns the ids that they removed."""
        wanted = [activity for activity in stage.removals if self.is_due(activity)]
        failed_before = len(self._failures)
        removed = await self._cancellation.each(*(self._undo(activity, stage.settle) for activity in wanted))
        self._blocked |= stage.gate and len(self._failures) > failed_before
        gone = tuple(removed_id for ids in removed for removed_id in ids)
        self._removed.update(dict.fromkeys(gone))
        return gone

    def is_due(self, undo: Undo) -> bool:
        """Whether this undo may have something to remove, and no gate before it has failed."""
        return undo in self._noted and not self._blocked

    def block(self) -> None:
        """Remove nothing that comes after, because it is not known to be safe."""
        self._blocked = True

    def leave(self, leftover: Leftover) -> None:
        """List this as left behind; the final inventory cannot see it."""
        self._left_unseen.append(leftover)

    async def _undo(self, activity: Undo, settle: timedelta) -> tuple[str, ...]:
        await self._pauses.before_effect()
        since = self._settling.get(activity)
        spec = self.spec.model_copy(update={"settled_at": since + settle if since else None})
        removed = await self.run(activity, spec, options.removal())
        return removed.ids if removed else ()

    async def run(self, activity: Callable[..., Awaitable[Any]], spec: object, how: options.Options) -> Any:  # noqa: ANN401
        """The step's result; None when it failed for good. The failure is noted."""
        step = self._tracker.begin(activity.__name__, deadline=getattr(spec, "deadline", None))
        try:
            result = await self._steps.run(activity, spec, step, self.spec.link, how)
        except FailureError as error:
            self._tracker.end(step, StepState.FAILED)
            if is_cancelled_exception(error):
                raise
            self._failures.append(named(error))
            return None
        self._tracker.end(step, StepState.DONE)
        return result

    async def look_for_leftovers(self) -> None:
        """List what still exists after an interrupted removal, by asking the clouds instead of the saga's memory."""
        await self._look("the removal was interrupted")

    async def finish(self) -> None:
        """End a removal with a final inventory of both clouds. Only then does the saga report that nothing is left."""
        await self._look("")

    async def _look(self, otherwise: str) -> None:
        """`otherwise`: why something is left when no step failed."""
        if self.leftovers:
            return
        failures = list(self._failures)
        ids = self._tracker.progress.ids
        recorded = dict.fromkeys((*self._recorded, *ids.values()))
        spec = self._tracker.subject.to_look_at(self.spec, self._noted).model_copy(
            update={
                "recorded": tuple(dict.fromkeys((*recorded, *self._removed))),
                "removed": tuple(self._removed),
            }
        )
        found: list[Leftover] | None = await self.run(self._tracker.subject.find_leftovers, spec, options.inventory())
        if found is None:
            gone = {*self._removed, ids.get("address", "")}
            left = [self._tracker.subject.unchecked(self.spec, one) for one in recorded if one not in gone]
            self.leftovers = unseen(self._failures, self.spec.link, left)
        else:
            self.leftovers = [told_why(left, found, failures, otherwise) for left in found]
        self.leftovers += self._left_unseen

    @property
    def failure(self) -> PrivateLinkError | None:
        """Why a removal left something behind: the first failure of a step, or what the final inventory found."""
        if not self.leftovers:
            return None
        return self._failures[0] if self._failures else still_standing(self.leftovers, str(self.spec.link))
