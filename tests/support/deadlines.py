"""Deadlines for tests, set in the environment, which the product reads only once."""

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
    """Set every deadline of a wait, step or removal to `seconds` of real time; a person's only with `person`."""
    names = (*_NAMES, "PERSON") if person else _NAMES
    os.environ.update({f"PRIVATELINK_DEADLINE_{name}": str(seconds * SPEED) for name in names})
