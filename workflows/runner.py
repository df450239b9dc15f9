"""The runner: how a worker runs sagas, in the SDK's sandbox but entered for a saga's own code only."""

from datetime import timedelta
from time import monotonic
from typing import Any

from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

RESTRICTIONS = SandboxRestrictions.default.with_passthrough_modules("workflows")
"""Else each saga imports its story anew and keeps it (5 ms, 40 KB). The tests' replays still run it in the sandbox."""


class SagaRunner(SandboxedWorkflowRunner):
    """The SDK's sandbox, less what costs a quarter of a busy worker's time.

    For each value that a saga sends or gets the SDK enters the sandbox some times more, to ask in whose context it is
    converted. No converter or codec of ours takes a context (`WithSerializationContext`): a test holds that.
    """

    def __init__(self) -> None:
        """With our restrictions."""
        super().__init__(RESTRICTIONS)
        self._moved: dict[str, float] = {}

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Make what runs one saga."""
        return _Instance(super().create_instance(det), self._moved)

    def at_rest(self, least: timedelta, most: int) -> list[str]:
        """The run ids of cached sagas that have not moved for so long, the first to rest first, at most so many.

        Each is told once, until it moves again.
        """
        before = monotonic() - least.total_seconds()
        # The threads that run sagas change it meanwhile.
        resting = sorted((moved, run_id) for run_id, moved in tuple(self._moved.items()) if moved <= before)
        found = [run_id for _, run_id in resting[:most]]
        for run_id in found:
            self._moved.pop(run_id, None)
        return found


class _Instance(WorkflowInstance):
    def __init__(self, sandboxed: WorkflowInstance, moved: dict[str, float]) -> None:
        self._sandboxed = sandboxed
        self._moved = moved

    def get_serialization_context(self, command_info: object) -> None:
        """Say that there is none."""

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002 - the SDK's
        return StorageDriverStoreContext()

    def activate(self, act: Any) -> Any:  # noqa: ANN401 - messages of the SDK's own
        if any(job.HasField("remove_from_cache") for job in act.jobs):
            self._moved.pop(act.run_id, None)
        else:
            self._moved[act.run_id] = monotonic()
        return self._sandboxed.activate(act)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()
