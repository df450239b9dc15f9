"""The fleet: applies one part of many links, a few at a time, each by an ordinary saga. It makes nothing itself.

The sagas are not child workflows: others may start a link's saga too, and a fleet that ends lets its sagas go on. So
one step starts or joins a saga, as every caller does, and another waits for its end; either may be repeated.
"""

import asyncio
from collections import deque
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.fleets import POLL_SECONDS, Fleets
    from privatelink.errors import Outcome
    from privatelink.model.deadlines import SLACK_SECONDS
    from privatelink.model.fleet import Change, FleetPart, FleetProgress, FleetResult, LinkOutcome
    from privatelink.model.step_clock import far_net
    from workflows.saga.failures import named


@workflow.defn
class ApplyFleet:
    """Ends when every link of its part has ended, well or not; no link's failure stops another."""

    @workflow.init
    def __init__(self, part: FleetPart) -> None:
        """Take over what an earlier run of this part has left to do."""
        self._part = part
        self._to_do = deque(part.changes)
        self._under_way: list[Change] = []
        self._outcomes = list(part.outcomes)

    @workflow.run
    async def run(self, part: FleetPart) -> FleetResult:
        """Run the lanes. When the history grows long, go on in a new run with the sagas that are under way."""
        await asyncio.gather(*(self._lane() for _ in range(part.at_once)))
        if self._under_way or self._to_do:
            changes = (*self._under_way, *self._to_do)
            workflow.continue_as_new(
                part.model_copy(update={"changes": changes, "outcomes": tuple(self._outcomes)}),
            )
        return FleetResult(links=tuple(self._outcomes))

    @workflow.query
    def progress(self) -> FleetProgress:
        """How far it is."""
        return FleetProgress.of(self._outcomes, self._under_way, len(self._to_do))

    async def _lane(self) -> None:
        """One link after the other."""
        while self._to_do and not _history_is_long():
            change = self._to_do.popleft()
            self._under_way.append(change)
            outcome = await self._apply(change)
            if outcome:
                self._outcomes.append(outcome)
                self._under_way = [other for other in self._under_way if other.link != change.link]

    async def _apply(self, change: Change) -> LinkOutcome | None:
        """Begin the link's saga and wait for its end; None when the next run has to wait for it."""
        try:
            if change.saga_id is None:
                begun = await self._begin(change)
                if isinstance(begun, LinkOutcome):
                    return begun
                self._under_way = [begun if other.link == begun.link else other for other in self._under_way]
                change = begun
            return await self._end_of(change)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return change.failed(named(error).details_model, Outcome.INCOMPLETE)

    async def _begin(self, change: Change) -> Change | LinkOutcome:
        return await workflow.execute_activity_method(
            Fleets.begin_change,
            change,
            activity_id=f"begin {change.link}",
            summary=f"{change.operation} {change.link}",
            start_to_close_timeout=timedelta(minutes=1),
            schedule_to_close_timeout=far_net(timedelta(hours=1)),
        )

    async def _end_of(self, change: Change) -> LinkOutcome | None:
        waiting = workflow.start_activity_method(
            Fleets.wait_for_change,
            change,
            activity_id=f"wait {change.link}",
            summary=f"{change.operation} {change.link}",
            # No deadline of its own: the saga's deadlines end it, and those for a person last days.
            start_to_close_timeout=timedelta(seconds=POLL_SECONDS + SLACK_SECONDS),
            retry_policy=RetryPolicy(backoff_coefficient=1),
        )
        await workflow.wait_condition(lambda: waiting.done() or _history_is_long())
        if waiting.done():
            outcome: LinkOutcome = await waiting
            return outcome
        waiting.cancel()
        return None


def _history_is_long() -> bool:
    # Temporal suggests it at 4,096 events or 4 MB. Its limits are 51,200 and 50 MB: room for the polls under way.
    return workflow.info().is_continue_as_new_suggested()
