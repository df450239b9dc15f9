"""Progress: the state of a saga, as the query `progress` returns it and the UI's details show it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from privatelink.errors import ErrorDetails

Operation = Literal["create", "delete"]


TRIED_AGAIN = "~"
"""Separator in an activity ID. The number after it is how often `retry_now` has restarted the step."""


class _OpenWords(StrEnum):
    """Words to which later versions may add. A word that is unknown here is kept and shown as it is."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


class Phase(_OpenWords):
    """What the whole saga is doing, also the search attribute `PrivateLinkPhase`.

    `waiting-for-person`, `held` and `paused` need a person; those from `running` on end the saga. `rolled-back`:
    nothing of the link is left. `unchanged`: what the saga had made is removed again, and the link that an earlier
    create completed is as before. `terminated`: somebody ended the run at Temporal, and nothing was rolled back. No
    saga reports this phase; readers derive it from Temporal's status of the run.
    """

    CHECKING = "checking"
    CREATING = "creating"
    WAITING_FOR_PERSON = "waiting-for-person"
    HELD = "held"
    PAUSED = "paused"
    ROLLING_BACK = "rolling-back"
    DELETING = "deleting"
    RUNNING = "running"
    DELETED = "deleted"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"
    UNCHANGED = "unchanged"
    INCOMPLETE = "incomplete"
    TERMINATED = "terminated"

    @property
    def needs_person(self) -> bool:
        """Whether the saga continues only when somebody acts."""
        return self in {Phase.WAITING_FOR_PERSON, Phase.HELD, Phase.PAUSED}

    @property
    def ends(self) -> bool:
        """Whether the saga is over."""
        return self in _ENDINGS


_ENDINGS = frozenset(
    {
        Phase.RUNNING,
        Phase.DELETED,
        Phase.REFUSED,
        Phase.ROLLED_BACK,
        Phase.UNCHANGED,
        Phase.INCOMPLETE,
        Phase.TERMINATED,
    }
)


class StepState(_OpenWords):
    """What one step is doing. `held`: failed, and a person decides. `stopped`: cut short by an event elsewhere."""

    TO_COME = "to come"
    RUNNING = "running"
    HELD = "held"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


# Not a pydantic model, which takes six times the memory: a worker keeps about sixteen of these for each of its sagas.
@dataclass(slots=True, kw_only=True)
class StepProgress:
    """One step. `id` is also Temporal's activity id, so that operators can name it (`temporal activity reset`)."""

    id: str
    title: str
    state: StepState = StepState.TO_COME
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline: datetime | None = None


class Ask(BaseModel):
    """What a saga needs from a person: the `page`, the `clicks` in order, and the values to `paste` by field.

    `commands` are what the person then runs, if anything; each works in a shell as it is. At `deadline` the saga stops
    asking and rolls back (a paused saga continues). `reminders` counts how often it has asked again.
    """

    model_config = ConfigDict(extra="ignore")

    step: str
    message: str
    page: str = ""
    clicks: tuple[str, ...] = ()
    paste: dict[str, str] = {}
    commands: tuple[str, ...] = ()
    since: datetime
    deadline: datetime | None = None
    reminders: int = 0


class Intervention(BaseModel):
    """One Update with which somebody steered the saga. `by` is as the caller gave it.

    `resource` is what the Update was about, if that has an id, such as the VPC endpoint that somebody approved.
    """

    model_config = ConfigDict(extra="ignore")

    at: datetime
    action: str
    by: str
    why: str = ""
    resource: str = ""


class Progress(BaseModel):
    """The state of a saga. `ids` maps a word ("load balancer") to the id of what exists so far.

    `operation` is create or delete; a later version may have others. `asks` is what the saga needs from people right
    now, and `interventions` what they have done. `error` is the first cause.
    """

    model_config = ConfigDict(extra="ignore")

    link: str
    operation: str
    saga_id: str
    phase: Phase
    steps: list[StepProgress] = []
    ids: dict[str, str] = {}
    asks: list[Ask] = []
    interventions: list[Intervention] = []
    error: ErrorDetails | None = None
