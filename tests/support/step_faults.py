"""Faults at steps: a worker's interceptor runs hooks before or after one activity of one saga."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

Moment = Literal["before", "after"]
Hook = Callable[[], Awaitable[None]]


def once(hook: Hook) -> Hook:
    """A hook that runs only the first time, not in a step's next attempt or a later saga of the link."""
    done = False

    async def first_time() -> None:
        nonlocal done
        if not done:
            done = True
            await hook()

    return first_time


class StepFaults(Interceptor):
    """Runs hooks at (workflow ID, step ID, moment); a hook may raise. `seen` are the steps in order, once each.

    `runs` are the (workflow ID, run ID) of every saga that reached a step; `busy` counts a workflow's running steps.
    """

    def __init__(self) -> None:
        """Start without hooks."""
        self._hooks: dict[tuple[str, str, Moment], Hook] = {}
        self.seen: dict[str, list[str]] = defaultdict(list)
        self.runs: set[tuple[str, str]] = set()
        self.busy: Counter[str] = Counter()

    def at(self, workflow_id: str, step: str, moment: Moment, hook: Hook) -> None:
        """Run `hook` each time that the step reaches the moment."""
        self._hooks[workflow_id, step, moment] = hook

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's
        """The SDK's hook."""
        return _Inbound(next, self)

    async def reach(self, workflow_id: str, step: str, moment: Moment) -> None:
        """Run the hook of this moment, if there is one."""
        if step not in self.seen[workflow_id]:
            self.seen[workflow_id].append(step)
        hook = self._hooks.get((workflow_id, step, moment))
        if hook:
            await hook()


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, faults: StepFaults) -> None:
        super().__init__(following)
        self._faults = faults

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        info = activity.info()
        if info.is_local:
            # A notification is not a step of the saga.
            return await super().execute_activity(input)
        self._faults.runs.add((info.workflow_id or "", info.workflow_run_id or ""))
        workflow_id = info.workflow_id or ""
        self._faults.busy[workflow_id] += 1
        try:
            await self._faults.reach(workflow_id, info.activity_id, "before")
            result = await super().execute_activity(input)
            await self._faults.reach(workflow_id, info.activity_id, "after")
        finally:
            self._faults.busy[workflow_id] -= 1
        return result
