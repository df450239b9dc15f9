"""What can happen, in any order, and the laws that hold when everything has settled.

The invariant is that every answer is true (`tests.support.answers`). The judge compares each one with the books of
every account, region and deployment as soon as it is given, and the last answer of each link again at the end.
"""

import asyncio
import functools
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle

from privatelink import PrivateLinkRequest
from privatelink.errors import LinkUnknown, NoWorker, PrivateLinkError, TemporalUnreachable, UpdateRefused
from privatelink.model.names import Link
from privatelink.model.progress import Operation
from privatelink.model.request import DeleteRequest
from tests.interleavings.cloud_failures import READS, REFUSALS, THING_FAILURES, WRITES
from tests.interleavings.console_user import ConsoleUser
from tests.interleavings.history_judge import HistoryJudge, unless_ended
from tests.interleavings.out_of_band import KINDS, OutOfBandChanges
from tests.interleavings.places import BY_CONSOLE, HOME, OWN_PLACE, PLACES, ROLE, request_for
from tests.interleavings.programs import WORKERS, Programs
from tests.support.belongings import Known, everything_of

if TYPE_CHECKING:
    from tests.support.answers import SagaAnswer

SETTLE_SECONDS = 300
"""Maximum seconds for settling, far above what it takes: only a saga that hangs needs longer."""
FROZEN_SECONDS = 12.0
"""Seconds for which a worker is frozen: longer than the heartbeat timeout of `tests.support.hasty_worker`."""
MANY = 1_000_000

A_LINK = st.sampled_from(tuple(OWN_PLACE))
A_WHILE = st.sampled_from([0.0, 0.2, 0.7, 2.0])
"""Pauses in seconds. An undisturbed create takes about three seconds."""
A_PLACE = st.sampled_from((None, None, None, None, *PLACES))
"""Places, mostly the link's own (None)."""


def event(**drawn: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:  # noqa: ANN401 - strategies
    """A rule of the machine: it is recorded in the history's `steps`, it happens, and `then` seconds pass."""

    def decorate(happens: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(happens)
        def noted(self: "Interleavings", *given: object, then: float = 0.0, **named: object) -> None:
            self.steps.append(f"{happens.__name__}({', '.join(map(repr, (*given, *named.values())))}), {then:g} s")
            with self.bearing():
                happens(self, *given, **named)
            time.sleep(then)

        as_rule: Callable[..., Callable[..., None]] = rule(then=A_WHILE, **drawn)
        return as_rule(noted)

    return decorate


class Interleavings(RuleBasedStateMachine):
    """One history of several links. All histories share `programs`; each has its own link names."""

    programs: ClassVar[Programs]

    def __init__(self) -> None:
        """Start in fresh clouds."""
        super().__init__()
        self.steps: list[str] = []
        self._number = next(self.programs.numbers)
        self.programs.fresh_clouds()
        self._before = self.programs.control("GET", "/books?all=1")
        self._known = {link: self._known_of(link) for link in OWN_PLACE}
        self._judge = HistoryJudge(self.programs.stage, self._known)
        self._out_of_band = OutOfBandChanges(self.programs)
        self._console_user = ConsoleUser(self.programs.stage, self.programs.links, self._known.values())
        self._serving = self.programs.begin(self._console_user.serve())
        self._calls: list[asyncio.Task[SagaAnswer]] = []
        self._thaws: list[asyncio.Task[None]] = []

    def bearing(self) -> AbstractContextManager[None]:
        """Context in which a rule happens. By default, an error in it fails the test."""
        return nullcontext()

    def _known_of(self, link: str) -> Known:
        request = self._request(link, None)
        ports = tuple(one.port for one in request.listeners)
        connector = f"{request.connector.type}:{request.connector.name}" if request.connector else None
        targets = {one.port: one.targets for one in request.listeners}
        return Known(request.link, ports, connector, by_console=OWN_PLACE[link] == BY_CONSOLE, targets=targets)

    def _request(self, link: str, place: str | None) -> PrivateLinkRequest:
        name = f"{link}-{self._number}"
        return request_for(self.programs.stage.ready["seed"], name, place or OWN_PLACE[link])

    def _handle(self, link: str) -> WorkflowHandle[Any, Any]:
        return self.programs.stage.client.get_workflow_handle(self._known[link].link.workflow_id)

    @initialize(links=st.lists(A_LINK, min_size=2, unique=True), then=st.sampled_from([0.2, 1.5, 5.0]))
    def begin(self, links: list[str], then: float) -> None:
        """Request some links, so that no history is empty, and give them time to make progress."""
        for link in links:
            self.create(link, None)
        time.sleep(then)

    @event(link=A_LINK, place=A_PLACE)
    def create(self, link: str, place: str | None) -> None:
        """Somebody requests a link, here or elsewhere, whether it runs, is being created or is being deleted."""
        request = self._request(link, place)
        self._call(link, lambda: self.programs.links.start_create(request), "create")

    @event(link=A_LINK, place=A_PLACE)
    def delete(self, link: str, place: str | None) -> None:
        """Somebody deletes a link by its request, here or elsewhere, whether it is there or not."""
        self._delete(link, DeleteRequest.of(self._request(link, place)))

    @event(link=A_LINK)
    def delete_by_name(self, link: str) -> None:
        """Somebody deletes a link by its name alone, which works while Temporal remembers the link."""
        self._delete(link, self._known[link].link)

    def _delete(self, link: str, target: DeleteRequest | Link) -> None:
        self._judge.may_go(link)
        self._call(link, lambda: self.programs.links.start_delete(target, allow_failed=True), "delete")

    @event(link=A_LINK, times=st.sampled_from([3, 20]))
    def repeat(self, link: str, times: int) -> None:
        """A caller repeats its create and does not wait for answers."""
        for _ in range(times):
            self.create(link, None)

    def _call(self, link: str, start: Any, operation: Operation) -> None:  # noqa: ANN401 - a call of the client
        self._calls.append(self.programs.begin(self._judge.hear(link, start, operation)))

    @event(link=A_LINK, times=st.sampled_from([1, 2]))
    def cancel(self, link: str, times: int) -> None:
        """Somebody cancels a link's running saga, also while it rolls back."""
        for _ in range(times):
            self.programs.run(unless_ended(self._handle(link).cancel(reason="interleaved")))

    @event(link=A_LINK)
    def roll_back(self, link: str) -> None:
        """An operator rolls a create back."""
        self._steer(self.programs.links.roll_back(self._known[link].link, reason="interleaved"))

    @event(link=A_LINK)
    def pause(self, link: str) -> None:
        """An operator pauses a link's running saga, until somebody resumes it or everything settles."""
        self._steer(self.programs.links.pause(self._known[link].link, reason="interleaved"))

    @event(link=A_LINK)
    def resume(self, link: str) -> None:
        """An operator resumes it."""
        self._steer(self.programs.links.resume(self._known[link].link))

    def _steer(self, call: Any) -> None:  # noqa: ANN401 - a call of the client
        with suppress(UpdateRefused, LinkUnknown, NoWorker, TemporalUnreachable):
            self.programs.run(call)

    @event(link=A_LINK, share=st.sampled_from([0.2, 0.5, 0.9]))
    def reset(self, link: str, share: float) -> None:
        """An operator resets a link's running saga to the workflow task at this share of its history."""
        self._judge.may_go(link)
        self.programs.run(unless_ended(self._reset(link, share)))

    async def _reset(self, link: str, share: float) -> None:
        handle = self._handle(link)
        done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
        tasks = [event.event_id async for event in handle.fetch_history_events() if event.event_type == done]
        if not tasks:
            return
        described = await handle.describe()
        client = self.programs.stage.client
        await client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=described.run_id),
                reason="interleaved",
                workflow_task_finish_event_id=tasks[int(share * (len(tasks) - 1))],
                request_id=f"reset-{described.run_id}-{time.monotonic_ns()}",
            )
        )

    @event(link=A_LINK)
    def terminate(self, link: str) -> None:
        """An operator terminates a link's running saga, which rolls nothing back."""
        self._judge.may_go(link)
        self.programs.run(unless_ended(self._handle(link).terminate("interleaved")))

    @event(worker=st.sampled_from(WORKERS))
    def kill_worker(self, worker: str) -> None:
        """`kill -9` a worker, and start another."""
        self.programs.run(self.programs.replace_worker(worker))

    @event(seconds=st.sampled_from([0.5, 4]))
    def outage(self, seconds: float) -> None:
        """Every worker is gone for a while."""
        self.programs.run(self.programs.outage(seconds))

    @event(worker=st.sampled_from(WORKERS))
    def freeze_worker(self, worker: str) -> None:
        """A worker's machine is suspended in the middle of its work, and continues when others have taken it over."""
        self._thaws.append(self.programs.begin(self.programs.frozen(worker, FROZEN_SECONDS)))

    @event()
    def restart_temporal(self) -> None:
        """`kill -9` the server, and start it on the same database."""
        self.programs.run(self.programs.stage.restart_temporal())

    @event(
        action=st.sampled_from(WRITES),
        kind=st.sampled_from(["lost_reply", "throttle", "server_error", "slow", "access_denied"]),
        times=st.sampled_from([1, 3, None]),
    )
    def break_call(self, action: str, kind: str, times: int | None) -> None:
        """A call goes wrong, a few times or until everything settles."""
        # A reply lost forever would be an endless effect: every retry makes or removes the thing again.
        self._fault(action=action, kind=kind, times=times if kind != "lost_reply" else 1)

    @event(action=st.sampled_from(READS), refusal=st.sampled_from(REFUSALS), times=st.sampled_from([1, 2]))
    def refuse_reading(self, action: str, refusal: tuple[str, str], times: int) -> None:
        """A read that was allowed is refused for a moment."""
        code, message = refusal
        self._fault(action=action, kind="refusal", code=code, message=message, status=401, times=times)

    @event(verb=st.sampled_from(["expire", "revoke"]))
    def lose_sessions(self, verb: str) -> None:
        """Every session of a role ends before its time, or is denied everything until everything settles."""
        self.programs.control("POST", f"/credentials/{verb}", {})

    @event(failure=st.sampled_from(THING_FAILURES))
    def break_thing(self, failure: tuple[str, str]) -> None:
        """The next thing of a kind fails by itself."""
        self._fault(action=failure[0], kind=failure[1], times=1)

    def _fault(self, **fault: object) -> None:
        self.programs.control("POST", "/faults", fault)

    @event(writes=st.sampled_from([0, 1, 2]))
    def use_up_budgets(self, writes: int) -> None:
        """The platform accepts only this many writes an hour, from now until everything settles."""
        self.programs.control("PUT", "/quirks", {"writes_per_hour": writes})

    @event(link=A_LINK, kind=st.sampled_from(KINDS))
    def strip_tags(self, link: str, kind: str) -> None:
        """A clean-up job removes tags."""
        self._stir(self._out_of_band.strip_tags, link, kind)

    @event(link=A_LINK, kind=st.sampled_from(["PrivateLink", "connector"]))
    def edit_description(self, link: str, kind: str) -> None:
        """Somebody edits a description in EMQX's dashboard."""
        self._stir(self._out_of_band.edit_description, link, kind)

    @event(link=A_LINK)
    def protect(self, link: str) -> None:
        """A policy switches on deletion protection."""
        self._stir(self._out_of_band.protect, link)

    @event(link=A_LINK)
    def connect_foreign_account(self, link: str) -> None:
        """Another account connects to the endpoint service."""
        self._stir(self._out_of_band.connect, link)

    @event(link=A_LINK, where=st.sampled_from(["connector", "authenticator"]))
    def use_address(self, link: str, where: str) -> None:
        """Somebody else in the deployment uses the link's address."""
        self._stir(self._out_of_band.use_address, link, where)

    def _stir(self, act: Any, link: str, *more: str) -> None:  # noqa: ANN401 - one of the out-of-band changes
        self._judge.stirred += 1
        act(self._known[link], *more)
        self._judge.stirred += 1

    @event(seconds=st.sampled_from([20, 120, 600]))
    def skip_time(self, seconds: int) -> None:
        """The clouds' clock jumps ahead."""
        self.programs.control("PUT", "/clock", {"advance": seconds})

    def teardown(self) -> None:
        """Let everything settle. Then the last answer about each link is still true, and each link can be deleted."""
        try:
            self._settle()
            self.programs.run(self._judge.judge_again())
            self.programs.run(self._judge.judge_lists(self.programs.links))
            self._delete_all()
            self.programs.run(self._judge.judge_again())
        finally:
            self._serving.get_loop().call_soon_threadsafe(self._serving.cancel)
            self.programs.tell(self._judge)
        assert not self._judge.false_endings, "\n".join(self._judge.false_endings)
        if not self._out_of_band.done:
            self.programs.run(self._console_user.tidy())
            self.programs.control("PUT", "/clock", {"advance": 3600})
            left = self.programs.control("GET", "/books?all=1")
            assert self._before == left, f"there was {self._before} before, and there is {left}"

    def _settle(self) -> None:
        """Remove what keeps sagas from ending, and wait for all of them."""
        self.programs.control("DELETE", "/faults")
        self.programs.control("POST", "/credentials/restore", {})
        self.programs.control("PUT", "/quirks", {"writes_per_hour": MANY})
        self.programs.control("PUT", "/clock", {"advance": 3600})
        self._judge.stirred += 1
        self._out_of_band.undo()
        self._judge.stirred += 1
        self.programs.run(self._wait_for(self._calls))

    async def _wait_for(self, calls: "list[asyncio.Task[SagaAnswer]]") -> None:
        await asyncio.gather(*self._thaws)
        if self._serving.done():
            self._serving.result()
        ends = asyncio.get_running_loop().time() + SETTLE_SECONDS
        while True:
            # A reset may have gone back to a point before a resume.
            for known in self._known.values():
                with suppress(PrivateLinkError):
                    await self.programs.links.resume(known.link)
            running = await self._running()
            if all(task.done() for task in calls) and not running:
                break
            assert asyncio.get_running_loop().time() < ends, f"not settled: {running}"
            await asyncio.wait([*calls, asyncio.create_task(asyncio.sleep(0.5))], timeout=1)
        for task in calls:
            task.result()

    async def _running(self) -> str:
        """What the running sagas wait for, for a person to read; "" when none runs."""
        words = []
        for known in self._known.values():
            with suppress(LinkUnknown, TemporalUnreachable):
                status = await self.programs.links.status(known.link)
                if status.closed_at is None:
                    words.append(f"{status.link}: {status.operation} {status.phase}, waiting: {status.waiting}")
        return "\n".join(words)

    def _delete_all(self) -> None:
        """Delete each link where it is. Only a link that has lost its marks may leave something."""
        before = len(self._calls)
        for link in OWN_PLACE:
            self._delete(link, DeleteRequest.of(self._request(link, self._place_of(link))))
        calls = self._calls[before:]
        self.programs.run(self._wait_for(calls))
        for link, task in zip(OWN_PLACE, calls, strict=True):
            answer = task.result()
            if isinstance(answer, PrivateLinkError) and self._known[link].link.name not in self._out_of_band.edited:
                raise AssertionError(f"deleting {link} at the end: {answer}")

    def _place_of(self, link: str) -> str | None:
        """The place in which the link's things are, however they got there; None for the link's own."""
        books = self.programs.control("GET", "/books")
        account = next((one.where.split()[0] for one in everything_of(books, self._known[link]).values()), None)
        here = OWN_PLACE[link]
        if account in {None, "w41b11c0"} or (account == "310987654321") == (here == ROLE):
            return None
        return ROLE if account == "310987654321" else HOME
