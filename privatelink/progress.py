"""Progress: where a saga stands, as the query `progress` answers it and the UI's details show it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from privatelink.errors import ErrorDetails

Operation = Literal["create", "delete"]


class Phase(StrEnum):
    """What the whole saga is doing, also the search attribute `PrivateLinkPhase`. The last five end it."""

    CHECKING = "checking"
    CREATING = "creating"
    ROLLING_BACK = "rolling-back"
    DELETING = "deleting"
    RUNNING = "running"
    DELETED = "deleted"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"
    INCOMPLETE = "incomplete"


class StepState(StrEnum):
    """What one step is doing. `stopped`: cut short because the saga failed elsewhere or was cancelled."""

    TO_COME = "to come"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"


class StepProgress(BaseModel):
    """One step: `id` is also Temporal's activity id, so that operators can name it (`temporal activity reset`)."""

    model_config = ConfigDict(extra="ignore")

    id: str
    title: str
    state: StepState = StepState.TO_COME
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None


class Progress(BaseModel):
    """A saga as it stands. `ids` maps a word ("load balancer") to what exists so far; `error` is its first cause."""

    model_config = ConfigDict(extra="ignore")

    link: str
    operation: Operation
    saga_id: str
    phase: Phase
    steps: list[StepProgress] = []
    ids: dict[str, str] = {}
    error: ErrorDetails | None = None
