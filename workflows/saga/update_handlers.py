"""The Updates and the query that both sagas answer, whichever of the two runs under the link's one workflow id.

A validator refuses what does not fit the saga's state, with a message and without an event in history.
"""

import functools
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.errors import (
        AlreadyJoined,
        Finding,
        FindingType,
        InvalidRequest,
        OtherOperationRunning,
        RemovalRefused,
        RequestDiffers,
        RequestRefused,
        RunningSaga,
        UpdateRefused,
    )
    from privatelink.model.differences import differences, without_external_id
    from privatelink.model.progress import Operation, Progress, StepState
    from privatelink.model.request import DeleteRequest, PrivateLinkRequest
    from privatelink.model.updates import (
        Approve,
        Argument,
        Confirm,
        Join,
        Joined,
        Pause,
        Resume,
        RetryNow,
        RollBack,
        UpdateResult,
    )
    from workflows.saga.runs import saga_id
    from workflows.saga.saga import Saga

R = TypeVar("R")


MOST_JOINS = 1000
"""Maximum joins that a saga records. Further ones are refused as already joined, which leaves no event behind."""

MOST_OF_EACH = 150
"""Maximum times that a saga takes each other Update, so that a loop of one of them cannot shut out the others.

With the joins, that stays below the 2,000 Updates that Temporal allows in a run's history (docs.temporal.io,
"Self-hosted Temporal Service defaults"). An Update that a validator refuses is not in the history and does not count.
"""

Check = Callable[..., None]


def _of(argument: type[Join | Argument], *, may_be_left_out: bool = False) -> Callable[[Check], Check]:
    """Make a validator refuse, by name and with an example, anything but one such argument.

    The SDK passes on whatever was sent: nothing, several values, or a value that is not JSON.
    """

    def checked(check: Check) -> Check:
        @functools.wraps(check)
        def validator(saga: "UpdateHandlers", *given: object) -> None:
            is_left_out = may_be_left_out and given in ((), (None,))
            if not is_left_out and (len(given) != 1 or not isinstance(given[0], argument)):
                raise saga.refuse_argument(argument, len(given))
            check(saga, *given)

        return validator

    return checked


class UpdateHandlers:
    """What callers and operators say to a running `CreatePrivateLink` or `DeletePrivateLink`."""

    def __init__(self, operation: Operation, saga: Saga) -> None:
        """Called by the workflow's init, before any handler can run."""
        self._operation = operation
        self.saga = saga
        self._taken: Counter[str] = Counter()

    async def run_saga(self, story: Callable[[], Awaitable[R]], clean_up: Callable[[], Awaitable[object]]) -> R:
        """Run the saga, but only under the link's own workflow id, so that no two sagas of a link run at once."""

        async def under_its_id() -> R:
            self._check_workflow_id()
            return await story()

        return await self.saga.run(under_its_id, clean_up)

    def _check_workflow_id(self) -> None:
        link, runs_as = self.saga.tracker.request.link, workflow.info().workflow_id
        if runs_as == link.workflow_id:
            return
        refused = RemovalRefused if self._operation == "delete" else RequestRefused
        raise refused.of_findings(
            [
                Finding(
                    type=FindingType.WORKFLOW_ID_DIFFERS,
                    resource=runs_as,
                    message=f"this workflow does not have the id of {link}, by which its sagas exclude each other",
                    next_step=f"start it with the workflow id {link.workflow_id}, as the SDK and the CLI do",
                )
            ]
        )

    @workflow.query
    def progress(self) -> Progress:
        """How far the saga is: phase, steps, ids so far, what it needs from whom, first cause."""
        return self.saga.tracker.progress

    @workflow.update(description=f"Join this saga with the same request, or learn why not. Example: {Join.example}")
    async def join(self, join: Join) -> Joined:
        """Join the running saga: a repeated call joins it instead of starting another."""
        self._taken["join"] += 1
        return Joined(link=str(join.root.request.link), operation=self._operation, saga_id=saga_id())

    @join.validator
    @_of(Join)
    def _same_operation_and_request(self, join: Join) -> None:
        running = RunningSaga(
            operation=self._operation,
            saga_id=saga_id(),
            request=without_external_id(_dump(self.saga.tracker.request)),
        )
        link = str(self.saga.tracker.request.link)
        if join.root.operation != self._operation:
            raise OtherOperationRunning(
                f"joining the {join.root.operation} of {link}: a {self._operation} of it is running",
                resource=link,
                next_step="wait until it has ended (`privatelink status`), or cancel it",
                running=running,
            )
        found = differences(_dump(self.saga.tracker.request), _dump(join.root.request))
        if found:
            raise RequestDiffers(
                f"joining the {join.root.operation} of {link}: it is running with another request: "
                + "; ".join(f"{one.resource}: {one.message}" for one in found),
                resource=link,
                next_step="repeat with the running request, or wait until it has ended",
                findings=found,
                running=running,
            )
        if self._taken["join"] >= MOST_JOINS:
            raise AlreadyJoined(
                f"joining the {self._operation} of {link}: it is running with this same request, but "
                "records no more joins",
                resource=link,
                next_step="wait for its end, as after joining it",
                running=running,
            )

    @workflow.update(
        description=f"Say what EMQX's console shows, for the step that waits for it. Example: {Confirm.example}; "
        "without address, the proposed one is taken. To say which of several endpoints it is: "
        '{"step": "wait-for-creation-by-hand", "vpc_endpoint_id": "vpce-0a1b"}'
    )
    async def confirm(self, confirm: Confirm) -> UpdateResult:
        """Give a step the answer that it waits for."""
        self.saga.controls.answer(confirm)
        said = confirm.vpc_endpoint_id or confirm.address or "as proposed"
        return self._record("confirm", confirm.by, said, f"{confirm.step} is confirmed: {said}", confirm.step)

    @confirm.validator
    @_of(Confirm)
    def _is_waited_for(self, confirm: Confirm) -> None:
        self._not_too_often("confirm", "confirming")
        questions = self.saga.controls.questions
        if confirm.step not in questions:
            waited_for = ", ".join(questions) or "nothing"
            raise self._refused(f"confirming {confirm.step}", f"the saga waits for {waited_for}")
        doing, question = f"confirming {confirm.step}", questions[confirm.step]
        if question.choices:
            if confirm.vpc_endpoint_id not in question.choices:
                raise self._refused(doing, f"vpc_endpoint_id must be one of {', '.join(question.choices)}")
            return
        if confirm.vpc_endpoint_id:
            raise self._refused(doing, "no vpc_endpoint_id is asked for")
        if not (confirm.address or question.proposal):
            raise self._refused(doing, "AWS proposes no address, so one must be given")
        if confirm.address and not question.takes(confirm.address):
            endpoint = question.subject or "the endpoint"
            shows = ", ".join(question.names) or "none yet"
            raise self._refused(doing, f"{confirm.address} is not an address of {endpoint}; AWS shows {shows}")

    @workflow.update(
        description="Let the endpoint connection of a VPC endpoint be accepted, once the saga asks for that. "
        f"Example: {Approve.example}; without vpc_endpoint_id, the only one there is"
    )
    async def approve(self, approve: Approve) -> UpdateResult:
        """Give the approval that the request asks for."""
        controls = self.saga.controls
        approved = approve.vpc_endpoint_id or controls.approvable[0]
        controls.approve(approved)
        message = f"{approved} is approved by {approve.by}"
        return self._record("approve", approve.by, approve.note, message, resource=approved)

    @approve.validator
    @_of(Approve)
    def _asks_for_approval(self, approve: Approve) -> None:
        self._not_too_often("approve", "approving")
        request, controls = self.saga.tracker.request, self.saga.controls
        asks, chosen = controls.approvable, approve.vpc_endpoint_id
        if not asks and not (isinstance(request, PrivateLinkRequest) and request.asks_for_approval):
            raise self._refused("approving", "its request asks for no approval")
        self._not_ending("approving")
        if controls.approved and (controls.approved in asks or not asks):
            raise self._refused("approving", f"{controls.approved} is approved already")
        if not asks:
            running = [one.title for one in self.saga.tracker.progress.steps if one.state is StepState.RUNNING]
            raise self._refused(
                "approving", f"there is no endpoint to approve yet; the saga is at: {', '.join(running)}"
            )
        if chosen and chosen not in asks:
            raise self._refused("approving", f"vpc_endpoint_id must be one of {', '.join(asks)}")
        if not chosen and len(controls.shown) > 1:
            shown = ", ".join(sorted(controls.shown))
            raise self._refused("approving", f"several endpoints were shown ({shown}): vpc_endpoint_id must name one")

    @workflow.update(
        description="Stop before the next effect, never in the middle of one. "
        f"Example: {Pause.example}; without until, until resume"
    )
    async def pause(self, pause: Pause) -> UpdateResult:
        """Stop the saga before the next step that changes something; waits that only poll go on."""
        self.saga.pauses.begin(pause)
        return self._record("pause", pause.by, pause.reason, f"paused: {pause.reason}")

    @pause.validator
    @_of(Pause)
    def _can_pause(self, pause: Pause) -> None:
        self._not_too_often("pause", "pausing")
        self._not_ending("pausing")
        if self.saga.pauses.current:
            raise self._refused("pausing", f"it is paused already: {self.saga.pauses.current.reason}")
        if pause.until and pause.until.astimezone(UTC) <= workflow.now():
            raise self._refused("pausing", f"until {pause.until:%Y-%m-%d %H:%M:%S %Z} is over")

    @workflow.update(description=f"Go on after a pause. Example: {Resume.example}")
    async def resume(self, resume: Resume | None = None) -> UpdateResult:
        """End the pause."""
        self.saga.pauses.end()
        return self._record("resume", resume.by if resume else None, None, "goes on")

    @resume.validator
    @_of(Resume, may_be_left_out=True)
    def _is_paused(self, resume: Resume | None = None) -> None:  # noqa: ARG002 - the Update's
        if not self.saga.pauses.current:
            raise self._refused("resuming", "it is not paused")

    @workflow.update(
        description="Go on from a held step, or start the next attempt of every waiting step now. "
        f"Example: {RetryNow.example}"
    )
    async def retry_now(self, retry: RetryNow | None = None) -> UpdateResult:
        """Cut short every wait that the saga is in."""
        steps = self.saga.controls.retry()
        listed = ", ".join(steps)
        return self._record("retry_now", retry.by if retry else None, listed, f"trying now: {listed}", *steps)

    @retry_now.validator
    @_of(RetryNow, may_be_left_out=True)
    def _waits(self, retry: RetryNow | None = None) -> None:  # noqa: ARG002 - the Update's
        self._not_too_often("retry_now", "retrying")
        if not self.saga.controls.waits:
            raise self._refused("retrying", "no step is held or waiting")

    @workflow.update(description=f"Give this create up and remove what it has made. Example: {RollBack.example}")
    async def roll_back(self, roll_back: RollBack) -> UpdateResult:
        """End the create by a full rollback."""
        by = roll_back.by or "somebody"
        answer = self._record("roll_back", roll_back.by, roll_back.reason, f"rolling back: {roll_back.reason}")
        self.saga.give_up(by, roll_back.reason)
        return answer

    @roll_back.validator
    @_of(RollBack)
    def _can_roll_back(self, roll_back: RollBack) -> None:  # noqa: ARG002 - the Update's
        if self._operation == "delete":
            raise self._refused("rolling back", "a delete cannot be rolled back; a cancel stops it where it is")
        self._not_ending("rolling back")

    def refuse_argument(self, argument: type[Join | Argument], given: int) -> InvalidRequest:
        """The error for an Update that came without its argument, or with something else."""
        link = str(self.saga.tracker.request.link)
        what = "without its argument" if not given else "with something other than its one argument"
        return InvalidRequest(
            f"reading the Update {argument.__name__} ({link}): it came {what}",
            resource=link,
            next_step=f"send one JSON object, as in {argument.example}",
        )

    def _not_too_often(self, update: str, doing: str) -> None:
        if self._taken[update] >= MOST_OF_EACH:
            raise self._refused(doing, f"it has accepted this {MOST_OF_EACH} times, and accepts no more")

    def _not_ending(self, doing: str) -> None:
        if self.saga.is_ending:
            raise self._refused(doing, f"it is {self.saga.tracker.progress.phase}, and goes on to its end")

    def _refused(self, doing: str, why: str) -> UpdateRefused:
        link = str(self.saga.tracker.request.link)
        return UpdateRefused(
            f"{doing} ({link}): {why}",
            resource=link,
            next_step=f"see what it waits for: `privatelink status {link}`",
        )

    def _record(
        self, action: str, by: str | None, why: str | None, message: str, *steps: str, resource: str = ""
    ) -> UpdateResult:
        self._taken[action] += 1
        self.saga.tracker.record(action, by, why, resource)
        return UpdateResult(link=str(self.saga.tracker.request.link), message=message, steps=steps, at=workflow.now())


def _dump(request: PrivateLinkRequest | DeleteRequest) -> dict[str, Any]:
    return request.model_dump(mode="json")
