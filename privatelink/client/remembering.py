"""What Temporal remembers of a link: which of its sagas explains the link's present state.

This is the last one that made or removed something. A saga that was refused, or that restored everything as it had
found it, is an attempt: it is shown beside that saga, never instead of it.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple, Self

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from privatelink.errors import Finding, LinkUnknown
from privatelink.model.differences import elsewhere
from privatelink.model.names import Link
from privatelink.model.progress import Phase
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.temporal.connection import reaching_temporal
from privatelink.temporal.search_attributes import ACCOUNT, PHASE, REGION
from privatelink.temporal.troubles import is_unknown_workflow

WORKFLOW_TYPES = {"CreatePrivateLink": "create", "DeletePrivateLink": "delete"}

_CHANGED_NOTHING = frozenset({None, Phase.CHECKING, Phase.REFUSED, Phase.UNCHANGED})
"""Phases of a saga that has made and removed nothing, both running and ended."""

_LEFT_NOTHING = frozenset({Phase.DELETED, Phase.ROLLED_BACK})
_LEFT_SOMETHING = frozenset({Phase.INCOMPLETE, Phase.TERMINATED})
_CUT_OFF = frozenset({WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT})
_STILL_TO_COME = datetime.max.replace(tzinfo=UTC)

_LIST_FOLLOWS = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between reads of Temporal's list, which lags a moment behind the runs (docs.temporal.io, "Visibility")."""


class Run(NamedTuple):
    """One run of a saga, as Temporal describes and lists it.

    `saga_id` is the id of the saga's first run, which stays the same after a reset. `operation` is the workflow type
    itself if we do not know that type. `reached` is the last phase that the saga reported, or None.
    """

    run_id: str
    saga_id: str
    operation: str
    status: WorkflowExecutionStatus | None
    reached: Phase | None
    account: str | None
    region: str | None
    started_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, execution: WorkflowExecution) -> Self:
        """Read it from a description or a row of a list."""
        attributes = execution.typed_search_attributes
        word = attributes.get(PHASE)
        return cls(
            run_id=execution.run_id,
            saga_id=execution.raw_info.first_run_id or execution.run_id,
            operation=WORKFLOW_TYPES.get(execution.workflow_type, execution.workflow_type),
            status=execution.status,
            reached=Phase(word) if word else None,
            account=attributes.get(ACCOUNT),
            region=attributes.get(REGION),
            started_at=execution.start_time,
            closed_at=execution.close_time,
        )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status == WorkflowExecutionStatus.RUNNING

    @property
    def phase(self) -> Phase | None:
        """What it is doing, or how it ended. If Temporal ended the run, its status says so, not its last phase."""
        if self.is_running or (self.reached and self.reached.ends):
            return self.reached
        if self.status in _CUT_OFF:
            return Phase.TERMINATED
        # A request that no worker could read ends the run before its saga reports anything.
        failed_at_once = self.status == WorkflowExecutionStatus.FAILED and self.reached in _CHANGED_NOTHING
        return Phase.REFUSED if failed_at_once else self.reached

    @property
    def has_changed(self) -> bool:
        """Whether it may have made or removed something that still shows."""
        return self.reached not in _CHANGED_NOTHING

    @property
    def left_nothing(self) -> bool:
        """Whether nothing of the link is left after it."""
        return self.phase in _LEFT_NOTHING

    @property
    def left_something(self) -> bool:
        """Whether it ended halfway, and left something that somebody must look at."""
        return self.has_changed and self.phase in _LEFT_SOMETHING

    def is_elsewhere(self, other: Self) -> bool:
        """Whether its AWS account or region differs from that of `other`, as far as both are known."""
        places = ((self.account, other.account), (self.region, other.region))
        return any(one and another and one != another for one, another in places)


def _stands_beside(before: Run, run: Run) -> bool:
    """Whether the link is still as `before` left it, although `run` made or removed something later."""
    if run.status == WorkflowExecutionStatus.CONTINUED_AS_NEW:
        return True
    if run.is_running or before.left_nothing:
        return False
    if run.left_nothing:
        # It may have looked at another place than the link's.
        return run.is_elsewhere(before)
    # No later create takes away what a create has completed, whatever the later one left beside it.
    return before.phase is Phase.RUNNING and run.operation == "create" and run.left_something


class Memory(NamedTuple):
    """What Temporal knows of a link, as two runs.

    `latest` is the last run. `stands` is the run that explains the link's present state: usually the last one that made
    or removed something, or None if no run has.
    """

    latest: Run
    stands: Run | None

    @classmethod
    def of(cls, runs: Iterable[Run]) -> Self:
        """From all runs of a link, at least one, in any order. Runs never overlap, so their ends order them."""
        in_order = sorted(runs, key=lambda run: run.closed_at or _STILL_TO_COME)
        stands: Run | None = None
        for run in in_order:
            if run.has_changed and not (stands and _stands_beside(stands, run)):
                stands = run
        return cls(in_order[-1], stands)

    @property
    def shown(self) -> Run:
        """The run by which the link is shown: a running one, or `stands`, or the last attempt."""
        if self.latest.is_running or self.stands is None or self.stands.left_nothing:
            return self.latest
        return self.stands

    @property
    def there(self) -> Run | None:
        """The run that may have left something: a running one, or `stands`; None if nothing is left."""
        run = self.latest if self.latest.is_running else self.stands
        return None if run is None or run.left_nothing else run

    @property
    def last_attempt(self) -> Run | None:
        """The last run, if it is not the one that is shown."""
        return None if self.shown is self.latest else self.latest

    @property
    def account(self) -> str | None:
        """The AWS account of the shown run, or of `stands`: a delete by the worker's own identity may report none."""
        told_before = self.stands.account if self.stands and not self.shown.is_elsewhere(self.stands) else None
        return self.shown.account or told_before


async def remember(client: Client, link: Link) -> Memory:
    """What Temporal remembers of the link. Raises `LinkUnknown` if it remembers nothing."""
    with reaching_temporal("looking for the sagas", str(link)):
        try:
            latest = Run.of(await client.get_workflow_handle(link.workflow_id).describe())
        except RPCError as error:
            if is_unknown_workflow(error):
                raise unknown_link(link) from error
            raise
        return await memory_behind(client, link, latest)


async def memory_behind(client: Client, link: Link, latest: Run) -> Memory:
    """What Temporal remembers, given the link's last run. Earlier runs are read only if `latest` does not settle it."""
    if latest.has_changed and (latest.is_running or latest.phase is Phase.RUNNING):
        return Memory(latest, latest)
    earlier: list[Run] = []
    for pause in (*_LIST_FOLLOWS, None):
        query = f"WorkflowId = '{link.workflow_id}'"
        listed = [Run.of(execution) async for execution in client.list_workflows(query)]
        earlier = [run for run in listed if run.run_id != latest.run_id]
        is_up_to_date = any(run.run_id == latest.run_id and run.phase == latest.phase for run in listed)
        if is_up_to_date or pause is None:
            break
        await asyncio.sleep(pause)
    return Memory.of([latest, *earlier])


async def stood_before(client: Client, link: Link, saga_id: str) -> Run | None:
    """The saga that explains the link's state when the saga `saga_id` began; None if nothing was left or is known.

    For a saga that asks about its own link, whether or not its own run is already in Temporal's list.
    """
    query = f"WorkflowId = '{link.workflow_id}'"
    with reaching_temporal("looking for the sagas", str(link)):
        runs = [Run.of(execution) async for execution in client.list_workflows(query)]
    earlier = [run for run in runs if saga_id not in {run.run_id, run.saga_id}]
    stands = Memory.of(earlier).stands if earlier else None
    return None if stands is None or stands.left_nothing else stands


async def remembered_request(client: Client, link: Link) -> PrivateLinkRequest | DeleteRequest:
    """The request behind the link's present state. Raises `LinkUnknown`.

    It is the request of a running delete, so that a repeated delete joins it; otherwise of the last saga that made or
    removed something; or, if there is none, of the last attempt.
    """
    memory = await remember(client, link)
    if memory.latest.is_running and memory.latest.operation == "delete":
        return await request_of(client, link, memory.latest)
    return await request_of(client, link, memory.stands or memory.latest)


async def standing_elsewhere(client: Client, request: DeleteRequest) -> tuple[Finding, ...]:
    """The findings if the link is in another place than the request names. Empty also if nothing is known."""
    try:
        run = (await remember(client, request.link)).there
        if run is None:
            return ()
        return elsewhere(await request_of(client, request.link, run), request, run.account)
    except LinkUnknown:
        return ()


async def request_of(client: Client, link: Link, run: Run) -> PrivateLinkRequest | DeleteRequest:
    """The request that started the run, from the first event of its history. Raises `LinkUnknown`."""
    events = client.get_workflow_handle(link.workflow_id, run_id=run.run_id).fetch_history_events(page_size=1)
    with reaching_temporal("reading the request of a saga", str(link)):
        try:
            started = (await anext(events)).workflow_execution_started_event_attributes
        except RPCError as error:
            if is_unknown_workflow(error):
                raise unknown_link(link) from error
            raise
        request_type: type[PrivateLinkRequest | DeleteRequest] = (
            DeleteRequest if run.operation == "delete" else PrivateLinkRequest
        )
        try:
            [request] = await client.data_converter.decode(started.input.payloads, [request_type])
        except ApplicationError as error:
            raise unknown_link(link) from error
    remembered: PrivateLinkRequest | DeleteRequest = request
    return remembered


def unknown_link(link: Link) -> LinkUnknown:
    """The error for a link without a saga."""
    return LinkUnknown(
        f"looking for a saga of {link}: Temporal does not remember one",
        resource=str(link),
        next_step="check the name (`privatelink list`); to delete a link that Temporal has forgotten, give its file: "
        "`privatelink delete -f FILE`",
    )
