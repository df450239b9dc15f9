"""The progress tracker: how far a saga is, for the query `progress`, the UI's details and the search attributes."""

import asyncio
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.errors import PrivateLinkError
    from privatelink.model.deadlines import Deadline
    from privatelink.model.progress import Ask, Intervention, Operation, Phase, Progress, StepProgress, StepState
    from privatelink.model.request import DeleteRequest, PrivateLinkRequest
    from privatelink.temporal.search_attributes import ACCOUNT, DEPLOYMENT, PHASE, REGION
    from workflows.saga.details import details, title
    from workflows.saga.runs import saga_id
    from workflows.saga.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

# A phase that needs a person hides what the saga does by itself. Of several, the one that blocks most is shown.
_BY_URGENCY = (Phase.PAUSED, Phase.HELD, Phase.WAITING_FOR_PERSON)


_RESET = "Temporal terminated the previous run; the saga goes on in a new one"


@lru_cache(maxsize=1000)  # so that all sagas share the strings
def step_id(activity: str, key: object = "") -> str:
    """Temporal's activity id of a step, as in `create-target-group-3306`: fixed, so that a runbook can name it."""
    return "-".join(part for part in (activity.replace("_", "-"), str(key)) if part)


class ProgressTracker:
    """Keeps the progress of one saga, and shows it whenever it changes."""

    def __init__(
        self, operation: Operation, request: PrivateLinkRequest | DeleteRequest, to_come: list[str], subject: Subject
    ) -> None:
        """`to_come` are the step ids of the whole saga, in the order in which a person expects them."""
        self.request = request
        self.subject = subject
        self.on_phase: Callable[[Progress], None] = _unheard
        self._phase = Phase.CHECKING
        self._account: str | None = None
        self._asking: dict[tuple[Phase, str], Ask] = {}
        self._is_to_be_told = False
        self._was_reset = False
        self.progress = Progress(
            link=str(request.link),
            operation=operation,
            saga_id=saga_id(),
            phase=self._phase,
            steps=[StepProgress(id=name, title=title(name)) for name in to_come],
        )

    def enter(self, phase: Phase, *, account: str | None = None) -> None:
        """Move the saga to this phase, by which operators find sagas."""
        self._phase = phase
        self._account = account or self._account
        self._show()

    def begin(self, activity: str, key: object = "", deadline: Deadline | None = None) -> str:
        """Mark a step as begun; returns its id."""
        name = step_id(activity, key)
        step = self._step(name)
        step.state = StepState.RUNNING
        step.started_at = workflow.now()
        step.ended_at = None
        step.deadline = deadline.until if deadline else None
        self._show()
        return name

    def prolong(self, name: str, deadline: Deadline | None) -> None:
        """Show the later deadline of a step that is tried again."""
        if deadline:
            self._step(name).deadline = deadline.until
            self._show()

    def end(self, name: str, state: StepState) -> None:
        """Mark a step as ended, or as held."""
        step = self._step(name)
        step.state = state
        step.ended_at = workflow.now()
        self._show()

    def made(self, **ids: str) -> None:
        """Remember ids for people: `made(load_balancer=arn)` shows as `load balancer` in the progress."""
        self.progress.ids.update({name.replace("_", " "): value for name, value in ids.items()})
        self._show()

    def ask(self, phase: Phase, ask: Ask) -> None:
        """Show what a person must do, and stay in `phase` until it is `answered`."""
        self._asking[phase, ask.step] = ask
        self._show()

    def remind(self, phase: Phase, step: str) -> None:
        """Ask once more."""
        self._asking[phase, step].reminders += 1
        self._show()
        self.on_phase(self.progress)

    def answered(self, phase: Phase, step: str) -> None:
        """Withdraw an ask: nobody needs to act on it any more."""
        if self._asking.pop((phase, step), None):
            self._show()

    def record(self, action: str, by: str | None, why: str | None, resource: str = "") -> None:
        """Remember who steered the saga, when, and why."""
        self.progress.interventions.append(
            Intervention(at=workflow.now(), action=action, by=by or "somebody", why=why or "", resource=resource)
        )
        self._show()

    def was_reset(self) -> None:
        """Note that somebody reset the saga at Temporal; the progress shows it as soon as the saga goes on."""
        self._was_reset = True

    def failed(self, error: PrivateLinkError) -> PrivateLinkError:
        """Record the first cause, and return it."""
        self.progress.error = error.details_model
        self._show()
        return error

    def _step(self, name: str) -> StepProgress:
        for step in self.progress.steps:
            if step.id == name:
                return step
        step = StepProgress(id=name, title=title(name))
        self.progress.steps.append(step)
        return step

    def _show(self) -> None:
        if not workflow.in_workflow():
            return  # evicted from a worker's cache: the coroutines end here, not the saga
        progress = self.progress
        if self._was_reset:
            self._was_reset = False
            progress.interventions.append(Intervention(at=workflow.now(), action="reset", by="somebody", why=_RESET))
        progress.asks = list(self._asking.values())
        asking = {phase for phase, _ in self._asking}
        phase = next((one for one in _BY_URGENCY if one in asking), self._phase)
        if phase is not progress.phase:
            progress.phase = phase
            self._tell_temporal(phase)
            self.on_phase(progress)
        if not self._is_to_be_told:
            # Once for everything that happens in one moment: writing the details is the most expensive part of a saga.
            self._is_to_be_told = True
            asyncio.get_running_loop().call_soon(self._tell_details)

    def _tell_details(self) -> None:
        self._is_to_be_told = False
        if workflow.in_workflow():
            workflow.set_current_details(details(self.progress, partial(self.subject.url, self.request.aws.region)))

    def _tell_temporal(self, phase: Phase) -> None:
        attributes = [
            PHASE.value_set(phase),
            DEPLOYMENT.value_set(self.request.deployment),
            REGION.value_set(self.request.aws.region),
        ]
        if self._account:
            attributes.append(ACCOUNT.value_set(self._account))
        workflow.upsert_search_attributes(attributes)


def _unheard(_: Progress) -> None:
    """Do nothing: nobody listens."""
