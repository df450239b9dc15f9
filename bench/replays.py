"""How long a stored history takes to replay. Replays check every change of a workflow, so they must stay quick."""

import json
from pathlib import Path
from time import monotonic

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from bench.measure import Measure
from privatelink.temporal.payloads import DATA_CONVERTER
from workflows.create import CreatePrivateLink
from workflows.delete import DeletePrivateLink
from workflows.fleet import ApplyFleet

HISTORIES = Path(__file__).parents[1] / "tests" / "replay" / "histories"


async def measure_replays() -> list[Measure]:
    """Replay every stored history, each with its own replayer, as the tests do."""
    files = sorted(HISTORIES.glob("*.json"))
    began = monotonic()
    for file in files:
        replayer = Replayer(workflows=[ApplyFleet, CreatePrivateLink, DeletePrivateLink], data_converter=DATA_CONVERTER)
        await replayer.replay_workflow(_history(file))
    milliseconds = (monotonic() - began) * 1000 / len(files)
    return [
        Measure("replayed_histories", len(files), None, "stored histories, all outcomes"),
        Measure("replay_ms_per_history", milliseconds, None, "ms"),
    ]


def _history(file: Path) -> WorkflowHistory:
    """The history, under the workflow ID that it had: a saga refuses to run under another than its link's."""
    text = file.read_text(encoding="utf-8")
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(started["workflowId"], text)
