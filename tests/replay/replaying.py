"""Stored histories: how they are written, read, and replayed against workflows."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from privatelink.temporal.payloads import DATA_CONVERTER

FOLDER = Path(__file__).parent / "histories"

IDENTITY = "recorder"
"""Who Temporal notes down as client and worker, where a process would tell its host."""


class CodeDoesNotMatchError(AssertionError):
    """The workflow's code would not carry on a saga that such a history is of."""


def stored_names() -> list[str]:
    """The names of the histories that are there."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def read_history(name: str) -> WorkflowHistory:
    """A stored history, under the workflow id that it had: a saga refuses to run under another one than its link's."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)


def write_history(name: str, history: WorkflowHistory) -> None:
    """Store a history, one event a line, without stack traces: they tell where the recording machine keeps its code."""
    events = _without_traces(history.to_json_dict()["events"])
    lines = ",\n".join(json.dumps(event, separators=(",", ":")) for event in events)
    (FOLDER / f"{name}.json").write_text(f'{{"events":[\n{lines}\n]}}\n', encoding="utf-8")


def _without_traces(value: Any) -> Any:  # noqa: ANN401 - JSON of many shapes
    if isinstance(value, dict):
        return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
    if isinstance(value, list):
        return [_without_traces(item) for item in value]
    return value


async def replay(name: str, workflows: Sequence[type]) -> None:
    """Replay a stored history in a worker's sandbox. Raises `CodeDoesNotMatchError`, which says what to do."""
    replayer = Replayer(
        workflows=workflows,
        workflow_runner=SandboxedWorkflowRunner(
            # The changed workflows of a test are among the tests, whose own imports no sandbox admits.
            restrictions=SandboxRestrictions.default.with_passthrough_modules("tests")
        ),
        data_converter=DATA_CONVERTER,
        debug_mode=True,  # a task that takes two seconds is no deadlock on a loaded machine
    )
    result = await replayer.replay_workflow(read_history(name), raise_on_replay_failure=False)
    if result.replay_failure:
        said = re.search(r'message: "([^"]*)"', str(result.replay_failure))
        why = said[1] if said else result.replay_failure
        raise CodeDoesNotMatchError(
            f"workflow code no longer matches a saga that was recorded ({name}): {why}\n"
            "Sagas that run now would get stuck on it. Put the change behind workflow.patched(...), or, when no run of "
            "the old code can be alive, record again with `make histories`."
        ) from result.replay_failure
