"""The runner: how a worker runs sagas, in the SDK's sandbox but entering it only for a saga's own code."""

from typing import Any

from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

RESTRICTIONS = SandboxRestrictions.default.with_passthrough_modules("workflows")
"""Sandbox restrictions that pass our workflows through: otherwise each saga would import its code again and keep it
(5 ms, 40 KB). The tests' replays still run it in the sandbox."""


class SagaRunner(SandboxedWorkflowRunner):
    """The SDK's sandbox, without a part that costs a quarter of a busy worker's time.

    For each value that a saga sends or receives, the SDK enters the sandbox a few more times to ask in which context
    the value is converted. No converter or codec of ours takes a context (`WithSerializationContext`); a test checks
    that.
    """

    def __init__(self) -> None:
        """With our restrictions."""
        super().__init__(RESTRICTIONS)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Make the instance that runs one saga."""
        return _Instance(super().create_instance(det))


class _Instance(WorkflowInstance):
    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def get_serialization_context(self, command_info: object) -> None:
        """Return no context."""

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002 - the SDK's
        return StorageDriverStoreContext()

    def activate(self, act: Any) -> Any:  # noqa: ANN401 - messages of the SDK's own
        return self._sandboxed.activate(act)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()
