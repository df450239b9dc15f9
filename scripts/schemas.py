"""The JSON Schemas of everything that the product receives or sends, for backends in other languages.

`python -m scripts.schemas` writes schemas/; with `--check` it writes nothing, names what is not current, and exits 1.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from clouds.webhook import CloudEvent
from privatelink.cli.printer import FailedAnswer, ListAnswer
from privatelink.client.status import LinkStatus
from privatelink.errors import ErrorDetails
from privatelink.model.fleet import FleetPlan, FleetResult, FleetStarted
from privatelink.model.progress import Progress
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.result import DeleteResult, InspectionResult, PrivateLinkResult, SetUpResult
from privatelink.model.updates import Approve, Confirm, Join, Joined, Pause, Resume, RetryNow, RollBack, UpdateResult

FOLDER = Path(__file__).parents[1] / "schemas"

SENT: dict[str, Any] = {
    "approve": Approve,
    "confirm": Confirm,
    "create-request": PrivateLinkRequest,
    "delete-request": DeleteRequest,
    "join": Join,
    "pause": Pause,
    "resume": Resume,
    "retry-now": RetryNow,
    "roll-back": RollBack,
}
"""Models that callers write: fields with a default may be left out."""

RECEIVED: dict[str, Any] = {
    "create-result": PrivateLinkResult,
    "delete-result": DeleteResult,
    "error-details": ErrorDetails,
    "failed-answer": FailedAnswer,
    "fleet-plan": FleetPlan,
    "fleet-result": FleetResult,
    "fleet-started": FleetStarted,
    "inspection-result": InspectionResult,
    "joined": Joined,
    "list-answer": ListAnswer,
    "notification": CloudEvent,
    "progress": Progress,
    "set-up-result": SetUpResult,
    "status": LinkStatus,
    "steered": UpdateResult,
}
"""Models that callers read; a later version may add fields."""


def schemas() -> dict[str, str]:
    """The text of each file in schemas/, by its name."""
    modes: tuple[tuple[dict[str, Any], Literal["validation", "serialization"]], ...] = (
        (SENT, "validation"),
        (RECEIVED, "serialization"),
    )
    return {f"{name}.json": _text(model, mode) for models, mode in modes for name, model in models.items()}


def stale(folder: Path = FOLDER) -> list[str]:
    """The files in the folder that differ from the models, are missing, or belong to no model."""
    wanted = schemas()
    present = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def write(folder: Path = FOLDER) -> None:
    """Make the folder hold exactly the schemas of the models."""
    folder.mkdir(exist_ok=True)
    wanted = schemas()
    for file in folder.glob("*.json"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write or check, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not current")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    names = stale()
    if names:
        print(f"schemas/ is not current: {', '.join(names)}; run: make schemas", file=sys.stderr)
    return 1 if names else 0


def _text(model: Any, mode: Literal["validation", "serialization"]) -> str:  # noqa: ANN401 - a model or a union of them
    schema = {"$schema": GenerateJsonSchema.schema_dialect, **TypeAdapter(model).json_schema(mode=mode)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
