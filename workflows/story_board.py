"""The story board: how far a saga is, for the query `progress`, the Temporal UI's details and its search attributes."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from clouds.waiting import Wait
    from privatelink.errors import PrivateLinkError
    from privatelink.progress import Operation, Phase, Progress, StepProgress, StepState
    from privatelink.request import DeleteRequest, PrivateLinkRequest
    from privatelink.search_attributes import ACCOUNT, DEPLOYMENT, PHASE, REGION

_ENDED = {Phase.RUNNING, Phase.DELETED, Phase.REFUSED, Phase.ROLLED_BACK, Phase.INCOMPLETE}


def step_id(activity: str, key: object = "") -> str:
    """Temporal's activity id of a step, as in `create-target-group-3306`: fixed, so that a runbook can name it."""
    return "-".join(part for part in (activity.replace("_", "-"), str(key)) if part)


class StoryBoard:
    """Keeps the progress of one saga, and shows it whenever it changes."""

    def __init__(self, operation: Operation, request: PrivateLinkRequest | DeleteRequest, to_come: list[str]) -> None:
        """`to_come` are the step ids of the whole story, in the order in which a person expects them."""
        self.request = request
        self.progress = Progress(
            link=str(request.link),
            operation=operation,
            saga_id=workflow.info().run_id,
            phase=Phase.CHECKING,
            steps=[StepProgress(id=name, title=_title(name)) for name in to_come],
        )

    def enter(self, phase: Phase, *, account: str | None = None) -> None:
        """Move the whole saga on; operators find sagas by this word."""
        self.progress.phase = phase
        attributes = [
            PHASE.value_set(phase),
            DEPLOYMENT.value_set(self.request.deployment),
            REGION.value_set(self.request.aws.region),
        ]
        if account:
            attributes.append(ACCOUNT.value_set(account))
        workflow.upsert_search_attributes(attributes)
        self._show()

    def begin(self, activity: str, key: object = "", wait: Wait | None = None) -> str:
        """A step begins; gives its id."""
        name = step_id(activity, key)
        step = self._step(name)
        step.state = StepState.RUNNING
        step.started_at = workflow.now()
        step.deadline = wait.deadline if wait else None
        self._show()
        return name

    def end(self, name: str, state: StepState) -> None:
        """A step ended."""
        step = self._step(name)
        step.state = state
        step.ended_at = workflow.now()
        self._show()

    def made(self, **ids: str) -> None:
        """Remember ids for people: `made(load_balancer=arn)` reads `load balancer` on the board."""
        self.progress.ids.update({name.replace("_", " "): value for name, value in ids.items()})
        self._show()

    def failed(self, error: PrivateLinkError) -> PrivateLinkError:
        """The first cause; gives it back."""
        self.progress.error = error.details_model
        self._show()
        return error

    def _step(self, name: str) -> StepProgress:
        for step in self.progress.steps:
            if step.id == name:
                return step
        step = StepProgress(id=name, title=_title(name))
        self.progress.steps.append(step)
        return step

    def _show(self) -> None:
        workflow.set_current_details(_details(self.progress))


def _title(name: str) -> str:
    return name.replace("-", " ")


def _details(progress: Progress) -> str:
    """Markdown for the UI's details box: it is low, so what is going on stands first, the whole story below."""
    steps = progress.steps
    done = sum(step.state == StepState.DONE for step in steps)
    running = [step for step in steps if step.state == StepState.RUNNING]
    lines = [f"**{progress.phase}**, step {min(done + 1, len(steps))} of {len(steps)}"]
    if progress.phase in _ENDED:
        lines = [f"**{progress.phase}**, {done} of {len(steps)} steps done"]
    if progress.error:
        lines.append(f"First cause: {progress.error.sentence}. {progress.error.next_step}")
    for step in running:
        since = f" since {step.started_at:%H:%M:%S} UTC" if step.started_at else ""
        until = f", until {step.deadline:%H:%M:%S} UTC at the latest" if step.deadline else ""
        lines.append(f"- {step.title}{since}{until}")
    lines += ["", "| step | state |", "|---|---|"]
    lines += [f"| {step.title} | {_state(step)} |" for step in steps]
    if progress.ids:
        lines += ["", "| made | id |", "|---|---|", *(f"| {word} | {made} |" for word, made in progress.ids.items())]
    return "\n".join(lines)


def _state(step: StepProgress) -> str:
    if step.started_at and step.ended_at:
        return f"{step.state}, {(step.ended_at - step.started_at).total_seconds():.1f} s"
    return str(step.state)
