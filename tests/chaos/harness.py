"""The harness of the matrix: one world for many cells, its error recorder, and foreign things beside ours."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from privatelink.errors import from_failure
from privatelink.model.names import Link
from privatelink.model.progress import TRIED_AGAIN
from tests.chaos.foreign_clients import ForeignClients, Ids
from tests.chaos.foreign_things import ForeignThings, foreign_in
from tests.support.step_faults import StepFaults
from tests.support.world import World


class ErrorRecorder(StepFaults):
    """Step faults that also remember the errors of every step that has not succeeded since.

    Each is (step, sentence, whether it ends the step).
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        super().__init__()
        self.raised: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's
        """The SDK's hook: outermost, so that it sees the test's own faults as well as a cloud's."""
        return _Recording(super().intercept_activity(next), self)


class _Recording(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, recorder: ErrorRecorder) -> None:
        super().__init__(following)
        self._recorder = recorder

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        info = activity.info()
        # The ID of a step that was restarted after a person's answer ends in a number.
        step = info.activity_id.partition(TRIED_AGAIN)[0]
        raised = self._recorder.raised[info.workflow_id or ""]
        try:
            result = await super().execute_activity(input)
        except ApplicationError as error:
            ours = from_failure(error)
            if ours:
                policy = info.retry_policy
                final_here = (policy and policy.non_retryable_error_types) or ()
                seen = (step, ours.details_model.message, error.non_retryable or error.type in final_here)
                raised.append(seen)
            raise
        raised[:] = [one for one in raised if one[0] != step]
        return result


@dataclass
class MatrixHarness:
    """Where cells run: one world, its error recorder, other people's clients, and foreign things beside ours."""

    world: World
    recorder: ErrorRecorder
    clients: ForeignClients
    foreign_things: ForeignThings
    links: set[str] = field(default_factory=set)
    orphans: int = 0
    """Number of our things that were left where none may be."""
    duplicates: int = 0
    """Number of our things beyond one of each, where there may be one."""
    foreign_before: dict[str, Any] = field(default_factory=dict)

    async def books(self) -> dict[str, Any]:
        """Read the sandbox's books without blocking the worker."""
        return await asyncio.to_thread(self.world.sandbox.books)

    async def ids(self, link: Link) -> Ids:
        """Return the IDs that the books have of one link."""
        return Ids.of(await self.books(), str(link))

    async def touched(self) -> list[str]:
        """Return the foreign things that have changed in any byte."""
        now = foreign_in(await self.books(), self.links)
        return sorted(
            key for key in now.keys() | self.foreign_before.keys() if now.get(key) != self.foreign_before.get(key)
        )


@contextmanager
def with_foreign_things(world: World, recorder: ErrorRecorder) -> Iterator[MatrixHarness]:
    """A harness with foreign things made beside ours."""
    clients = ForeignClients(world.sandbox)
    try:
        foreign_things = ForeignThings(world.sandbox, clients)
        foreign_things.make_one_of_each()
        yield MatrixHarness(world, recorder, clients, foreign_things)
    finally:
        clients.close()
