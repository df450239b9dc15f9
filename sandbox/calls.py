"""The record of every call, in the order in which the calls took effect."""

from __future__ import annotations

import threading

from pydantic import BaseModel, ConfigDict

from sandbox.faults import FaultKind


class Call(BaseModel):
    """One call and how it ended."""

    model_config = ConfigDict(frozen=True)

    service: str
    """`ec2`, `elasticloadbalancing`, `sts`, `credentials`, `platform` or `deployment`; "" when it is unknown."""
    action: str
    read: bool
    account: str
    """The caller's AWS account, or for EMQX calls the API key; "" when it is unknown."""
    status: int
    """The HTTP status of the answer, even if the answer was then lost."""
    code: str | None
    """The error code of the answer."""
    at: float
    """Time of the call, in sandbox seconds."""
    fault: FaultKind | None


class CallRecord:
    """Thread-safe list of calls."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Append one call."""
        with self._lock:
            self._calls.append(call)

    def list(self) -> list[Call]:
        """Every call since the last `clear`, oldest first."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Drop the recorded calls."""
        with self._lock:
            self._calls.clear()
