"""Pace and deadlines of tests. The product reads them once in a process; whoever sets them here has them read anew."""

import os

import pytest

from privatelink.pace import pace
from tests.support.sandbox import SPEED
from workflows.saga.deadlines import PREFIX, deadlines

_NAMES = (
    "CHECK",
    "WRITE",
    "PRIVATE_LINK",
    "LOAD_BALANCER",
    "TARGETS",
    "ENDPOINT_SERVICE",
    "CONNECTION",
    "RUNNING",
    "CONNECTOR",
    "REMOVAL",
)

BELOW_ANY_FLOOR = 0.001
"""Seconds of a deadline that is as short as the product allows."""


def deadline_settings(seconds: float, *, person: bool = False) -> dict[str, str]:
    """Settings that give every wait, step or removal `seconds` of real time; a person only with `person`."""
    names = (*_NAMES, "PERSON") if person else _NAMES
    return {f"{PREFIX}{name}": str(seconds * SPEED) for name in names}


def set_pace_and_deadlines(seconds: float, *, person: bool = False) -> None:
    """Set, for this process and those that it starts, the sandbox's pace and these deadlines."""
    os.environ.update({"PRIVATELINK_PACE": str(SPEED)} | deadline_settings(seconds, person=person))
    pace.cache_clear()
    deadlines.cache_clear()


class SetDeadlines:
    """Sets the deadlines of the workers in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, **seconds: float) -> None:
        """Set those named, in seconds of real time, as in `set_deadlines(removal=3)`."""
        for name, value in seconds.items():
            self._monkeypatch.setenv(f"{PREFIX}{name.upper()}", str(value * SPEED))
        deadlines.cache_clear()
