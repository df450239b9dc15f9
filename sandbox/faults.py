"""The fault plan: which calls go wrong, how, and how often.

For every AWS or EMQX request the server calls `FaultPlan.hit` once and puts the result (a `Fault` or None) into
`request.environ[FAULT]`, where the half that serves the call finds it. What each kind then does:

- `throttle`, `server_error`, `access_denied`: the half answers with the refusal in its own wire format and changes
  nothing.
- `refusal`: the same, with the fault's own `code`, `message` and `status`. Use it for an answer that somebody has
  reported: a service control policy's explicit deny, a wrong clock, a tag policy, a new account's limits.
- `slow`, `lost_reply`: the half serves as if there were no fault; the server delays or drops the answer.
- `not_visible`, `stuck`, `failed`, `impaired`, `unsuccessful`: this happens to what the call creates or changes.
- `not_found_yet`: the half refuses as if what the call names did not exist, as AWS may do right after its creation.

Each half registers its actions with `FaultPlan.know` when it is built; a fault on any other action is refused.
"""

from __future__ import annotations

import difflib
import threading
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterable

FaultKind = Literal[
    "throttle",
    "server_error",
    "access_denied",
    "refusal",
    "slow",
    "lost_reply",
    "not_visible",
    "stuck",
    "failed",
    "impaired",
    "not_found_yet",
    "unsuccessful",
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
REFUSALS: frozenset[FaultKind] = frozenset({"throttle", "server_error", "access_denied", "refusal"})
ON_ANY_ACTION: frozenset[FaultKind] = REFUSALS | {"slow", "lost_reply"}
FAULT = "sandbox.fault"
"""WSGI environ key of the request's `Fault | None`."""


class Fault(BaseModel):
    """One way for calls of one action to go wrong; `hits` counts the calls it has hit."""

    model_config = ConfigDict(extra="forbid")

    action: str
    """An AWS action ("CreateLoadBalancer"), or an EMQX "METHOD /path-template" as the contract spells it."""
    kind: FaultKind
    times: PositiveInt | None = 1
    """Number of calls that it hits; None = every call, forever."""
    after: NonNegativeInt = 0
    """Number of matching calls that it lets through first."""
    seconds: NonNegativeFloat | None = None
    """Sandbox seconds: the delay of `slow` (default 60), or how long `not_visible` hides (None = forever)."""
    match: str | None = None
    """Text that the request (path, query and decoded body) must contain to be hit."""
    retry_after: bool = False
    """Whether the platform's 429 has a Retry-After header."""
    code: str | None = Field(default=None, min_length=1)
    """Error code of a `refusal`, which must have one."""
    message: str = ""
    """Error message of a `refusal`, word for word."""
    status: int | None = Field(default=None, ge=400, le=599)
    """HTTP status of a `refusal`; None = the one that the cloud sends with this code."""
    hits: NonNegativeInt = 0

    @model_validator(mode="after")
    def _refusal_has_its_words(self) -> Fault:
        if (self.kind == "refusal") != (self.code is not None):
            raise ValueError("a refusal needs a code, and no other kind takes one")
        if self.kind != "refusal" and (self.message or self.status is not None):
            raise ValueError(f"message and status are for the kind refusal, not for {self.kind}")
        return self


class UnknownActionError(ValueError):
    """A fault was planned for an unknown action, or is of a kind that cannot happen to that action."""


class FaultPlan:
    """The faults, in the order of adding. Only the first that matches hits a call. Thread-safe."""

    def __init__(self) -> None:
        """Begin with no faults and no known actions."""
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._kinds: dict[str, frozenset[FaultKind]] = {}

    def know(self, action: str, also: Iterable[FaultKind] = ()) -> None:
        """Allow faults on `action`: the kinds in `ON_ANY_ACTION` and those in `also`."""
        self._kinds[action] = ON_ANY_ACTION | frozenset(also)

    def add(self, faults: Iterable[Fault]) -> None:
        """Append all of them or none; `UnknownActionError` names similar actions, or the kinds that are possible."""
        checked = [self._checked(fault) for fault in faults]
        with self._lock:
            self._faults.extend(checked)

    def hit(self, action: str, text: str) -> Fault | None:
        """Count this call, and return the fault that hits it, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.action != action or (fault.match is not None and fault.match not in text):
                    continue
                if fault.times is not None and fault.hits >= fault.times:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.hits += 1
                return fault.model_copy()
        return None

    def list(self) -> list[Fault]:
        """Every fault added since the last `clear`, with its `hits`."""
        with self._lock:
            return [fault.model_copy() for fault in self._faults]

    def clear(self) -> None:
        """Drop every fault. What is already stuck or hidden stays that way."""
        with self._lock:
            self._faults.clear()

    def _checked(self, fault: Fault) -> Fault:
        kinds = self._kinds.get(fault.action)
        if kinds is None:
            near = difflib.get_close_matches(fault.action, self._kinds, n=5, cutoff=0.5) or sorted(self._kinds)
            raise UnknownActionError(
                f"planning a fault for {fault.action!r}: no such action; near ones: {', '.join(near)}"
            )
        if fault.kind not in kinds:
            can = ", ".join(kind for kind in KINDS if kind in kinds)
            raise UnknownActionError(
                f"planning {fault.kind!r} for {fault.action!r}: that cannot happen to it; what can: {can}"
            )
        return fault.model_copy()
