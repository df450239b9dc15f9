"""Deadlines for tests, set in the environment, from which the product reads them once."""

import os

from tests.support.sandbox import SPEED

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


def set_deadlines(seconds: float, *, person: bool = False) -> None:
    """Set every deadline of a wait, a step or a removal to so many seconds of our clock; a person's only if asked."""
    names = (*_NAMES, "PERSON") if person else _NAMES
    os.environ.update({f"PRIVATELINK_DEADLINE_{name}": str(seconds * SPEED) for name in names})
