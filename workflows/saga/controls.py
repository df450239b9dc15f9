"""Operator controls: what people say to a running saga, and what it waits for them to say."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.scopes import Choice
    from privatelink.errors import DeadlinePassed, GivenUp, PrivateLinkError
    from privatelink.model.deadlines import Deadline
    from privatelink.model.names import Link
    from privatelink.model.progress import Phase, StepState
    from privatelink.model.updates import Confirm
    from workflows.saga.asks import Asks, Question, Task
    from workflows.saga.deadlines import deadlines
    from workflows.saga.options import deadline_in
    from workflows.saga.pauses import Pauses
    from workflows.saga.progress import ProgressTracker

S = TypeVar("S")

APPROVAL = "wait-for-approval"


class OperatorControl:
    """What people have said, and what the saga still needs from them. The tracker shows all of it."""

    def __init__(self, tracker: ProgressTracker, link: Link, pauses: Pauses) -> None:
        """Nobody has said anything yet."""
        self._tracker = tracker
        self._link = link
        self._asks = Asks(tracker, link, pauses)
        self._under_way: dict[str, workflow.ActivityHandle[Any]] = {}
        self._again: set[str] = set()
        self._held: dict[str, PrivateLinkError] = {}
        self._questions: dict[str, Question] = {}
        self._answers: dict[str, Confirm] = {}
        self._chosen: dict[str, str] = {}
        self._approving: tuple[str, tuple[str, ...]] | None = None
        self.shown: set[str] = set()
        """Every VPC endpoint that a person was asked to approve."""
        self.approved = ""
        """The VPC endpoint whose connection a person has approved."""
        self.given_up: PrivateLinkError | None = None

    @property
    def waits(self) -> tuple[str, ...]:
        """The steps that a retry would affect: those held, and those under way."""
        return (*self._held, *self._under_way)

    @property
    def questions(self) -> dict[str, Question]:
        """The steps that still wait for `confirm`."""
        return {step: question for step, question in self._questions.items() if step not in self._answers}

    @property
    def approvable(self) -> tuple[str, ...]:
        """The VPC endpoints of which a person may approve one right now."""
        return self._approving[1] if self._approving else ()

    # For the Updates; nothing here waits.

    def retry(self) -> tuple[str, ...]:
        """Let held steps go on, and restart those under way; returns their ids."""
        steps = self.waits
        self._held.clear()
        self._again.update(self._under_way)
        for handle in self._under_way.values():
            handle.cancel()
        return steps

    def answer(self, confirm: Confirm) -> None:
        """Give a step what it waits for. A step that is polling meanwhile is restarted with the answer."""
        self._answers[confirm.step] = confirm
        if confirm.vpc_endpoint_id in self.approvable:
            self.approved = confirm.vpc_endpoint_id or ""
        if handle := self._under_way.get(confirm.step):
            self._again.add(confirm.step)
            handle.cancel()

    def approve(self, vpc_endpoint_id: str) -> None:
        """Let this endpoint's connection be accepted. A step that is polling meanwhile is restarted with the answer."""
        self.approved = vpc_endpoint_id
        if self._approving and (step := self._approving[0]):
            self.answer(Confirm(step=step, vpc_endpoint_id=vpc_endpoint_id))

    def give_up(self, by: str, reason: str) -> None:
        """Set the first cause of the rollback that follows: a held step's failure, or else the person's request."""
        words = f"{by} rolled it back: {reason}"
        for error in self._held.values():
            details = error.details_model
            self.given_up = type(error).of(details.model_copy(update={"message": f"{details.message} ({words})"}))
            return
        self.given_up = GivenUp(f"creating {self._link}: {words}", resource=str(self._link))

    # For the steps that run.

    @contextmanager
    def under_way(self, step: str, handle: workflow.ActivityHandle[Any]) -> Iterator[None]:
        """Let `retry` and answers cut this step's activity short."""
        self._under_way[step] = handle
        try:
            yield
        finally:
            del self._under_way[step]
            self._again.discard(step)

    def wants_again(self, step: str) -> bool:
        """Whether `retry` or an answer cut this step short, so that it must be tried again."""
        return step in self._again

    def with_choice(self, step: str, spec: S) -> S:
        """The spec of a step, with the VPC endpoint that a person has chosen for it."""
        answer = self._answers.pop(step, None)
        if not isinstance(spec, Choice):
            return spec
        if answer and answer.vpc_endpoint_id:
            self._chosen[step] = answer.vpc_endpoint_id
        # AWS may hide the endpoint for a moment, and the step then polls again: the choice must outlast that.
        return spec.model_copy(update={"chosen": self._chosen.get(step, spec.chosen)})

    # What the saga waits for.

    async def hold(self, step: str, error: PrivateLinkError) -> None:
        """Hold a failed step until somebody sends `retry_now`; raises its error if nobody does in time."""
        self._held[step] = error
        details = error.details_model
        task = Task(f"{step}: {details.message}", "", (details.next_step,) if details.next_step else ())
        commands = (f"privatelink retry-now {self._link}", f"privatelink roll-back {self._link} --reason WHY")
        try:
            await self._asks.ask(
                Phase.HELD, step, task, commands, deadline_in(deadlines().hold), until=lambda: step not in self._held
            )
        except DeadlinePassed:
            raise error from None
        finally:
            self._held.pop(step, None)

    async def approval(self, own: str, task: Task) -> None:
        """Wait until the connection of this VPC endpoint is approved. Raises `DeadlinePassed`."""
        deadline = deadline_in(deadlines().person)
        with self._to_approve("", (own,)):
            await self._asks.ask(
                Phase.WAITING_FOR_PERSON,
                APPROVAL,
                task,
                self._approve_commands(),
                deadline,
                until=lambda: self.approved == own,
            )

    @asynccontextmanager
    async def approval_among(
        self, step: str, ids: tuple[str, ...], task: Task, deadline: Deadline
    ) -> AsyncIterator[None]:
        """Ask a person to approve the connection of one of these VPC endpoints, while the step watches them."""
        self._tracker.begin(APPROVAL)
        self._questions[step] = Question(ids)
        try:
            with self._to_approve(step, ids):
                async with self._asks.asking(
                    Phase.WAITING_FOR_PERSON, APPROVAL, task, self._approve_commands(), deadline
                ):
                    yield
        finally:
            self._questions.pop(step, None)
            self._tracker.end(APPROVAL, StepState.DONE if self.approved in ids else StepState.STOPPED)

    @contextmanager
    def _to_approve(self, step: str, ids: tuple[str, ...]) -> Iterator[None]:
        self._approving = (step, ids)
        self.shown.update(ids)
        try:
            yield
        finally:
            self._approving = None

    def _approve_commands(self) -> tuple[str, ...]:
        return tuple(f"privatelink approve {self._link} --vpc-endpoint-id {one}" for one in self.approvable)

    async def confirmation(self, step: str, task: Task, question: Question) -> str:
        """Wait for `confirm` of the step; returns the given address, or the proposed one. Raises `DeadlinePassed`."""
        self._questions[step] = question
        commands = (f"privatelink confirm {self._link}",)
        deadline = deadline_in(deadlines().person)
        try:
            await self._asks.ask(
                Phase.WAITING_FOR_PERSON, step, task, commands, deadline, until=lambda: step in self._answers
            )
        finally:
            del self._questions[step]
        return self._answers.pop(step).address or question.proposal

    @asynccontextmanager
    async def by_hand(
        self, step: str, task: Task, deadline: Deadline, choices: tuple[str, ...] = ()
    ) -> AsyncIterator[None]:
        """Ask a person to do something elsewhere, or to pick one of the `choices`, while the saga watches for it."""
        commands = tuple(f"privatelink confirm {self._link} --vpc-endpoint-id {one}" for one in choices)
        if choices:
            self._questions[step] = Question(choices)
        try:
            async with self._asks.asking(Phase.WAITING_FOR_PERSON, step, task, commands, deadline):
                yield
        finally:
            self._questions.pop(step, None)
