"""The client: what a backend service calls. Async; every call is safe to repeat."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Self, cast

from pydantic import ValidationError
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from privatelink.client.answering import ANSWER_SECONDS, answered
from privatelink.client.applying import FleetRun, plan_fleet, start_fleet
from privatelink.client.endings import RESULT_TYPES, RunHandle
from privatelink.client.following import followed_result
from privatelink.client.inquiries import inspect
from privatelink.client.remembering import WORKFLOW_TYPES, remembered_request, standing_elsewhere
from privatelink.client.silence import why_silent
from privatelink.client.status import LinkSummary, list_links
from privatelink.client.steering import Steering
from privatelink.errors import AlreadyJoined, NoWorker, RequestRefused, invalid_request
from privatelink.model.fleet import Action, FleetPlan, FleetResult, check_links_differ
from privatelink.model.names import Link
from privatelink.model.progress import Operation, Phase
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.result import DeleteResult, InspectionResult, PrivateLinkResult
from privatelink.model.updates import JoinCreate, JoinDelete, Joined
from privatelink.temporal.connection import connect_to_temporal, reaching_temporal
from privatelink.temporal.queues import task_queue
from privatelink.temporal.search_attributes import at_start


class SagaHandle:
    """One started (or joined) create or delete."""

    def __init__(self, client: Client, link: Link, operation: Operation, saga_id: str) -> None:
        """`saga_id` is the id of the saga's first run at Temporal."""
        self._client = client
        self._operation = operation
        self._saga_id = saga_id
        self.link = link

    @property
    def saga_id(self) -> str:
        """Temporal's id of the saga's first run, which stays the same when an operator resets the saga."""
        return self._saga_id

    @property
    def handle(self) -> RunHandle:
        """Temporal's handle of the saga, whichever of its runs is live."""
        handle: RunHandle = self._client.get_workflow_handle(
            self.link.workflow_id, first_execution_run_id=self._saga_id, result_type=RESULT_TYPES[self._operation]
        )
        return handle

    async def result(self) -> PrivateLinkResult | DeleteResult:
        """Wait until the saga ends; after a reset, until its new run ends.

        Raises a `PrivateLinkError` whose `details_model.outcome` says what was left behind.
        """
        return await followed_result(self._client, self.link, self._operation, self._saga_id)

    async def cancel(self, reason: str = "") -> None:
        """Ask for a full rollback and return at once. When everything is removed, `result` raises `Cancelled`."""
        await self.handle.cancel(reason=reason)


class PrivateLinks(Steering):
    """The links of all deployments in one Temporal namespace. `Steering` has the calls that act on a running saga."""

    @classmethod
    async def connect(cls, address: str | None = None, namespace: str | None = None) -> Self:
        """Connect by Temporal's own settings (`TEMPORAL_ADDRESS`, ...), or to the given address and namespace.

        Raises `TemporalUnreachable`.
        """
        return cls(await connect_to_temporal(address, namespace))

    async def create(self, request: PrivateLinkRequest | Mapping[str, object]) -> PrivateLinkResult:
        """Create the link and wait for its working address. A repeated call joins the create or finds the link.

        Raises `InvalidRequest`, `RequestRefused` and other refusals (nothing was made), or after a rollback the first
        cause of the failure. `details_model.outcome` says which.
        """
        saga = await self.start_create(request)
        return cast("PrivateLinkResult", await saga.result())

    async def start_create(self, request: PrivateLinkRequest | Mapping[str, object]) -> SagaHandle:
        """Start the create, or join a running one with the same request. Return as soon as a worker has it.

        Raises `RequestDiffers` or `OtherOperationRunning` if another request or a delete of the link is running, and
        `NoWorker` if no worker answers (the saga is started anyway, and repeating the call is safe).
        """
        if not isinstance(request, PrivateLinkRequest):
            try:
                request = PrivateLinkRequest.model_validate(request)
            except ValidationError as error:
                raise invalid_request(error) from None
        return await self._join(JoinCreate(request=request))

    async def delete(
        self,
        target: str | Link | PrivateLinkRequest | DeleteRequest,
        *,
        allow_failed: bool = False,
        ignore_deployment: bool = False,
    ) -> DeleteResult:
        """Delete the link and wait until nothing of it is left.

        Raises `RemovalRefused` with the list of what is in the way.
        """
        saga = await self.start_delete(target, allow_failed=allow_failed, ignore_deployment=ignore_deployment)
        return cast("DeleteResult", await saga.result())

    async def start_delete(
        self,
        target: str | Link | PrivateLinkRequest | DeleteRequest,
        *,
        allow_failed: bool = False,
        ignore_deployment: bool = False,
    ) -> SagaHandle:
        """Start the delete, or join the running one.

        A link alone (`deployment/name`) is enough while Temporal remembers a saga of it; after that, `LinkUnknown` is
        raised.
        """
        if isinstance(target, str):
            target = Link.parse(target)
        if isinstance(target, Link):
            target = await remembered_request(self._client, target)
        if isinstance(target, PrivateLinkRequest):
            target = DeleteRequest.of(target)
        choices = {
            "allow_failed": target.allow_failed or allow_failed,
            "ignore_deployment": target.ignore_deployment or ignore_deployment,
        }
        return await self._join(JoinDelete(request=target.model_copy(update=choices)))

    async def inspect(self, request: PrivateLinkRequest | DeleteRequest) -> InspectionResult:
        """What exists of the link in AWS and at the platform, even if Temporal has forgotten it. Only reads.

        Raises the clouds' refusals, and `NoWorker`.
        """
        return await inspect(self._client, request if isinstance(request, DeleteRequest) else DeleteRequest.of(request))

    async def check_place(self, request: PrivateLinkRequest | DeleteRequest) -> None:
        """Compare the link's place, as Temporal remembers it, with the place in the request. Only reads.

        Raises `RequestRefused` with what differs: the account, the region or the platform mode.
        """
        asked = request if isinstance(request, DeleteRequest) else DeleteRequest.of(request)
        if findings := await standing_elsewhere(self._client, asked):
            raise RequestRefused.of_findings(findings)

    async def list(
        self, *, phase: Phase | None = None, deployment: str | None = None, account: str | None = None
    ) -> list[LinkSummary]:
        """The links that Temporal remembers, newest saga first. `account` is the AWS account, 12 digits.

        Each link is shown by its running saga, or by the last one that made or removed something.
        """
        ids = "privatelink:" if deployment is None else f"privatelink:{deployment}:"
        quoted = ids.replace("'", "''")
        with reaching_temporal("listing the links", self._client.namespace):
            links = await list_links(self._client, f"WorkflowId STARTS_WITH '{quoted}'")
        # Filtered here: Temporal would leave out a later saga of the link that is in another phase, or whose account is
        # not known yet.
        return [link for link in links if phase in {None, link.phase} and account in {None, link.account}]

    async def plan_fleet(self, requests: Sequence[PrivateLinkRequest], *, prune: bool = False) -> FleetPlan:
        """What applying these requests would do with each link, by what Temporal remembers. Reads only; asks no cloud.

        `prune`: delete the running links of the same deployments that are in no request.
        """
        return await plan_fleet(self._client, requests, await self.list(phase=Phase.RUNNING), prune=prune)

    async def start_apply(self, requests: Sequence[PrivateLinkRequest], *, delete: Iterable[str] = ()) -> FleetRun:
        """Start to create all links and to delete those in `delete` (deployment/name), or join what is running.

        Raises `InvalidRequest` if a link is given twice, and `NoWorker`.
        """
        check_links_differ(requests)
        return await start_fleet(self._client, requests, [Link.parse(link) for link in delete])

    async def apply(self, requests: Sequence[PrivateLinkRequest], *, prune: bool = False) -> FleetResult:
        """Plan, then create what is new and, with `prune`, delete what is in no request. Wait for every link to finish.

        A link that fails, is refused or would have to change raises nothing; its outcome says so.
        """
        pruned = (await self.plan_fleet(requests, prune=True)).of(Action.DELETE) if prune else []
        return await (await self.start_apply(requests, delete=[one.link for one in pruned])).result()

    async def _join(self, join: JoinCreate | JoinDelete) -> SagaHandle:
        """Start or join with one update-with-start call, in which a running saga refuses a different request.

        The SDK draws a new Update id for each call. The server would answer a known id from a closed run without
        starting another, so a create whose id was derived from its request could get an old result.
        """
        request, link = join.request, join.request.link
        workflow_type = {operation: name for name, operation in WORKFLOW_TYPES.items()}[join.operation]
        start: WithStartWorkflowOperation[Any, PrivateLinkResult | DeleteResult] = WithStartWorkflowOperation(
            workflow_type,
            request,
            id=link.workflow_id,
            task_queue=task_queue(request.aws),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            result_type=RESULT_TYPES[join.operation],
            search_attributes=at_start(request),
            static_summary=f"{join.operation} {link} in {request.aws.region}",
            static_details=(
                "Cancel rolls everything back. **Terminate does not**: it runs no code, and leaves what is there. "
                f"To remove that, run `privatelink delete {link} --allow-failed`."
            ),
        )
        joining = self._client.execute_update_with_start_workflow(
            "join", join, start_workflow_operation=start, result_type=Joined
        )
        # The SDK also keeps the handle, or the error, in a future of its own. If the error is not taken from there,
        # asyncio prints that an exception was never retrieved, with its traceback, beside our own error.
        started = asyncio.ensure_future(start.workflow_handle())
        try:
            with reaching_temporal(f"starting the {join.operation}", str(link)):
                saga_id = (await self._answered(joining, link)).saga_id
        except AlreadyJoined as error:
            if error.details_model.running is None:
                raise
            saga_id = error.details_model.running.saga_id
        finally:
            started.cancel()
            await asyncio.gather(started, return_exceptions=True)
        return SagaHandle(self._client, link, join.operation, saga_id)

    async def _answered(self, joining: Awaitable[Joined], link: Link) -> Joined:
        nobody = _no_worker(link)
        try:
            return await answered(joining, otherwise=nobody)
        except NoWorker as error:
            raise await why_silent(self._client, link.workflow_id, nobody) from error
        except RPCError as error:
            if error.status == RPCStatusCode.FAILED_PRECONDITION:  # the workflow task of the running saga has failed
                raise await why_silent(self._client, link.workflow_id, nobody) from error
            raise


def _no_worker(link: Link) -> NoWorker:
    return NoWorker(
        f"starting the saga of {link}: Temporal has it, but no worker answered within {ANSWER_SECONDS:.0f} s",
        resource=str(link),
        next_step="start a worker (`python worker.py`), then repeat the call: it joins what was started",
    )
