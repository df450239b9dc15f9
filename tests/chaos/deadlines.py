"""The deadlines of the matrix: short enough to wait for, long enough that a busy machine passes none by itself."""

import os

from tests.support.sandbox import SPEED

SECONDS = 40
"""Of our clock, for every wait and every removal."""

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


def set_deadlines(seconds: float = SECONDS) -> None:
    """Set them, before the product is imported."""
    os.environ.update({f"PRIVATELINK_DEADLINE_{name}": str(seconds * SPEED) for name in _NAMES})
