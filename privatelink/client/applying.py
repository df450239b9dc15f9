"""Applying a fleet: its plan, from what Temporal remembers of each link, and the workflows that carry it out.

A plan asks no cloud and changes nothing. A worker plans each link in the same way when its turn comes, maybe hours
later.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from privatelink.client.answering import ANSWER_SECONDS
from privatelink.client.remembering import remember, remembered_request, request_of
from privatelink.client.silence import why_silent
from privatelink.client.status import QUERY_TIMEOUT, LinkSummary
from privatelink.errors import LinkUnknown, NoWorker, StepFailed
from privatelink.model.differences import differences, elsewhere
from privatelink.model.fleet import (
    APPLY_FLEET,
    Action,
    FleetPart,
    FleetPlan,
    FleetProgress,
    FleetResult,
    FleetStarted,
    LinkPlan,
    parts,
)
from privatelink.model.names import TASK_QUEUE, Link
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.updates import JoinCreate, JoinDelete
from privatelink.temporal.connection import reaching_temporal

_LOOKS_AT_ONCE = 50
"""Maximum number of links that a plan looks up in Temporal at once: a fraction of a namespace's capacity per second."""

PartHandle = WorkflowHandle[Any, FleetResult]


class FleetRun:
    """The `ApplyFleet` workflows of one fleet, started or joined."""

    def __init__(self, handles: Sequence[PartHandle], order: Sequence[str]) -> None:
        """`order` has the links in the caller's order."""
        self._handles = handles
        self._order = {link: place for place, link in enumerate(order)}

    @property
    def started(self) -> FleetStarted:
        """What to look for in Temporal."""
        return FleetStarted(links=len(self._order), workflow_ids=tuple(handle.id for handle in self._handles))

    async def progress(self) -> FleetProgress | None:
        """How far the fleet is, or None if no worker answers."""
        with reaching_temporal("asking how far a fleet is", f"{len(self._order)} links"):
            try:
                return FleetProgress.together(await asyncio.gather(*map(_progress, self._handles)))
            except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
                return None
            except RPCError as error:
                if error.status == RPCStatusCode.UNAVAILABLE:
                    raise
                return None

    async def result(self) -> FleetResult:
        """Wait until every link is finished. Raises `StepFailed` if somebody ended a part of the fleet before that."""
        with reaching_temporal("waiting for the end of a fleet", f"{len(self._order)} links"):
            results = await asyncio.gather(*map(_result, self._handles))
        outcomes = [one for result in results for one in result.links]
        return FleetResult(links=tuple(sorted(outcomes, key=lambda one: self._order[one.link])))


async def planned(client: Client, request: PrivateLinkRequest) -> LinkPlan:
    """What applying the request would do, judged by the running saga or else by the last one that changed the link."""
    link = request.link
    try:
        memory = await remember(client, link)
        run = memory.there
        if run is None:
            return LinkPlan(link=str(link), action=Action.CREATE)
        remembered = await request_of(client, link, run)
    except LinkUnknown:
        return LinkPlan(link=str(link), action=Action.CREATE)
    apart = elsewhere(remembered, request, run.account)
    if apart:
        return LinkPlan(link=str(link), action=Action.ELSEWHERE, differences=apart)
    if isinstance(remembered, DeleteRequest) or run.left_something:
        return LinkPlan(link=str(link), action=Action.CREATE)
    found = differences(remembered.model_dump(mode="json"), request.model_dump(mode="json"))
    # If a create of an existing link ended halfway, the same create finishes it.
    same = Action.CREATE if run.is_running or memory.latest.left_something else Action.UNCHANGED
    return LinkPlan(
        link=str(link),
        action=Action.CHANGED if found else same,
        differences=found,
        saga_id=run.saga_id,
        started_at=run.started_at,
    )


async def plan_fleet(
    client: Client, requests: Sequence[PrivateLinkRequest], running: Iterable[LinkSummary], *, prune: bool
) -> FleetPlan:
    """The plan for every request, and for each `running` link of the same deployments that no request names."""
    turns = asyncio.Semaphore(_LOOKS_AT_ONCE)

    async def in_turn(request: PrivateLinkRequest) -> LinkPlan:
        async with turns:
            return await planned(client, request)

    wanted = await asyncio.gather(*map(in_turn, requests))
    named = {str(request.link) for request in requests}
    deployments = {request.deployment for request in requests}
    action = Action.DELETE if prune else Action.NOT_IN_FILE
    others = sorted(
        one.link for one in running if one.link not in named and Link.parse(one.link).deployment in deployments
    )
    return FleetPlan(links=(*wanted, *(LinkPlan(link=link, action=action) for link in others)))


async def start_fleet(client: Client, requests: Sequence[PrivateLinkRequest], delete: Iterable[Link]) -> FleetRun:
    """Start the parts, or join those that are running, and make sure that a worker has them.

    Raises `LinkUnknown` before anything is started if Temporal has forgotten a link to delete, and `NoWorker` if no
    worker answers (the parts are started anyway, and repeating the call is safe).
    """
    # Deletes first: they free quota.
    changes: list[JoinCreate | JoinDelete] = [
        JoinDelete(request=await _delete_request(client, link)) for link in delete
    ]
    changes += [JoinCreate(request=request) for request in requests]
    cut = parts(changes)
    what = f"{len(changes)} links"
    with reaching_temporal("starting a fleet", what):
        handles = [await _start(client, part, f"part {number} of {len(cut)}") for number, part in enumerate(cut, 1)]
    order = [str(change.request.link) for change in changes]
    try:
        for handle in handles[:1]:
            await asyncio.wait_for(_progress(handle), ANSWER_SECONDS)
    except (TimeoutError, WorkflowQueryFailedError, RPCError) as error:
        nobody = NoWorker(
            f"starting a fleet ({what}): Temporal has it, but no worker answered within {ANSWER_SECONDS:.0f} s",
            resource=what,
            next_step="start a worker (`python worker.py`), then repeat the call: it joins what was started",
        )
        raise await why_silent(client, handles[0].id, nobody, error) from error
    return FleetRun(handles, order)


async def _delete_request(client: Client, link: Link) -> DeleteRequest:
    request = await remembered_request(client, link)
    return request if isinstance(request, DeleteRequest) else DeleteRequest.of(request)


async def _start(client: Client, part: FleetPart, which: str) -> PartHandle:
    return await client.start_workflow(
        APPLY_FLEET,
        part,
        id=part.workflow_id,
        task_queue=TASK_QUEUE,
        result_type=FleetResult,
        # The id is the digest of the input, so a workflow that runs under this id does exactly the same.
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        # A starved worker that loads ten large parts at once would exceed the default 10 s on each, repeatedly.
        task_timeout=timedelta(minutes=1),
        static_summary=f"apply a fleet, {which}: {len(part.changes)} links, {part.at_once} at once",
        static_details=(
            "Each link has a saga of its own. Cancel or Terminate begins no further ones; those that run go on. "
            "To go on, run `privatelink apply` again."
        ),
    )


async def _progress(handle: PartHandle) -> FleetProgress:
    progress: FleetProgress = await handle.query("progress", result_type=FleetProgress, rpc_timeout=QUERY_TIMEOUT)
    return progress


async def _result(handle: PartHandle) -> FleetResult:
    try:
        return await handle.result()
    except WorkflowFailureError as failure:
        raise StepFailed(
            f"applying a fleet ({handle.id}): somebody ended it before its links had ended: {failure.cause}",
            resource=handle.id,
            next_step="run `privatelink apply` again: it joins the sagas that run, and goes on with the rest",
        ) from failure
