"""The record of every call, in the order in which they took effect."""

from __future__ import annotations

import threading

from pydantic import BaseModel, ConfigDict

from sandbox.faults import FaultKind


class Call(BaseModel):
    """One call and how it ended."""

    model_config = ConfigDict(frozen=True)

    service: str
    """`ec2`, `elasticloadbalancing`, `sts`, `platform` or `deployment`; "" when it could not be told."""
    action: str
    read: bool
    account: str
    """The AWS account of the caller, "" when it could not be told; for EMQX calls the API key."""
    status: int
    """The HTTP status of the answer, also of an answer that was then lost."""
    code: str | None
    """The error code of the answer."""
    at: float
    """Sandbox seconds."""
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
        """Forget all."""
        with self._lock:
            self._calls.clear()
