"""The queue priority of the running attempt: among the calls that wait for a budget, the lowest goes first.

The priority is the saga's run id, a UUIDv7 of Temporal's server, which sorts by start time. The order itself does not
matter; serving one saga before the next does, because its slow waits then start earlier.

It is a context variable, as the step's clock and its lease are, because it belongs to the attempt and not to a call: as
a parameter it would be in the signature of every activity and every call to a cloud, and only the budget would read it.
"""

from contextvars import ContextVar
from typing import NewType

Priority = NewType("Priority", str)

_OUTSIDE_OF_ATTEMPTS = Priority("")
_PRIORITY: ContextVar[Priority] = ContextVar("priority", default=_OUTSIDE_OF_ATTEMPTS)


def set_priority(run_id: str) -> None:
    """Set the priority of this attempt, and of every task that it starts, by its saga's run id."""
    _PRIORITY.set(Priority(run_id))


def current_priority() -> Priority:
    """The priority of this attempt. Outside of attempts it is the highest."""
    return _PRIORITY.get()
