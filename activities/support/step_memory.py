"""What the attempts of a step pass on to each other, besides the step's own heartbeat details.

Temporal gives the details of the last heartbeat to the next attempt. The worker puts its own memory in front of them
and takes it off again, so a step sees only its own details.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

_KEY = "privatelink"
"""Key in the first detail, if that is the memory."""


class StepMemory(BaseModel):
    """What a step's next attempt must know about the earlier ones.

    `uncounted`: real seconds that do not count toward the deadline. `refused_after`: how many counted seconds into the
    step a call was refused that was never allowed before; None if none is refused. `has_looked`: an attempt was allowed
    to look, and saw that the resource is still changing. `effect_at`: when the step had its effect, and began to wait
    for it to show.
    """

    uncounted: float = 0.0
    refused_after: float | None = None
    has_looked: bool = False
    effect_at: datetime | None = None

    def wrapped(self, details: Sequence[Any]) -> tuple[Any, ...]:
        """The details of a heartbeat that carries the memory; without it if there is nothing to remember."""
        return (*details,) if self == StepMemory() else ({_KEY: self.model_dump(mode="json")}, *details)


def unwrapped(details: Sequence[Any]) -> tuple[StepMemory, tuple[Any, ...]]:
    """The memory and the step's own details, from those of a heartbeat."""
    if details and isinstance(details[0], dict) and _KEY in details[0]:
        try:
            return StepMemory.model_validate(details[0][_KEY]), tuple(details[1:])
        except ValidationError:
            # From a worker of another version. Time that should not count is then counted, and nothing is lost.
            return StepMemory(), tuple(details[1:])
    return StepMemory(), tuple(details)


_MEMORY: ContextVar[StepMemory | None] = ContextVar("memory", default=None)


def set_memory(memory: StepMemory) -> None:
    """Give the step this memory, from here on in this task."""
    _MEMORY.set(memory)


def step_memory() -> StepMemory:
    """The memory of the step that runs here; outside a step, one that is not kept."""
    return _MEMORY.get() or StepMemory()
