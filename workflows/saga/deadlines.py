"""The deadlines: how long each kind of step may take. All of them are settings.

A deadline is set by `PRIVATELINK_DEADLINE_<NAME>` in seconds of the cloud's clock, as in
`PRIVATELINK_DEADLINE_LOAD_BALANCER=2400`.
"""

import functools
import os
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

PREFIX = "PRIVATELINK_DEADLINE_"

MOST_SECONDS = 100 * 365 * 86_400
"""Longest deadline: a hundred years. Dates have an end, beyond which a deadline would be an error in each saga."""

_Seconds = Annotated[float, Field(gt=0, le=MOST_SECONDS)]


class Deadlines(BaseModel):
    """Maximum time for each step, in seconds of the cloud's clock; aws.amazon.com usually takes far less."""

    model_config = ConfigDict(frozen=True)

    check: _Seconds = 300
    write: _Seconds = 1800
    private_link: _Seconds = 604_800  # a fleet queues for the platform's few writes an hour
    load_balancer: _Seconds = 1200
    targets: _Seconds = 600
    endpoint_service: _Seconds = 600
    connection: _Seconds = 3600  # EMQX's account makes one VPC endpoint every 3.3 s, for all links that wait
    running: _Seconds = 900
    connector: _Seconds = 300
    removal: _Seconds = 3600
    person: _Seconds = 604_800
    hold: _Seconds = 86_400
    notification: _Seconds = 120

    @classmethod
    def from_environment(cls) -> "Deadlines":
        """The defaults, overridden by the environment. Raises pydantic's `ValidationError`."""
        given = {name[len(PREFIX) :].lower(): text for name, text in os.environ.items() if name.startswith(PREFIX)}
        return cls.model_validate(given, extra="forbid")


def deadline_faults() -> list[str]:
    """What is wrong with the deadlines that the environment sets, a sentence for each; empty when all is well."""
    try:
        Deadlines.from_environment()
    except ValidationError as error:
        return [_fault(str(fault["loc"][0]), fault["type"], fault["input"]) for fault in error.errors()]
    return []


def _fault(name: str, kind: str, given: object) -> str:
    variable = PREFIX + name.upper()
    if kind == "extra_forbidden":
        return f"{variable} names no deadline: there are {', '.join(map(str.upper, Deadlines.model_fields))}"
    return f"{variable}={given!r} is not a number of seconds above 0 and up to {MOST_SECONDS}"


@functools.cache
def deadlines() -> Deadlines:
    """The deadlines of this process. They are read once, at their first use, so that all sagas have the same."""
    return Deadlines.from_environment()
