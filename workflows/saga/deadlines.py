"""The deadlines: how long each kind of step may take. All of them are settings.

A deadline is set by `PRIVATELINK_DEADLINE_<NAME>` in seconds of the cloud's clock, as in
`PRIVATELINK_DEADLINE_LOAD_BALANCER=2400`.
"""

import functools
import os

from pydantic import BaseModel, ConfigDict, Field

PREFIX = "PRIVATELINK_DEADLINE_"


class Deadlines(BaseModel):
    """Maximum time for each step, in seconds of the cloud's clock; aws.amazon.com usually takes far less."""

    model_config = ConfigDict(frozen=True)

    check: float = Field(300, gt=0)
    write: float = Field(1800, gt=0)
    private_link: float = Field(604_800, gt=0)  # a fleet queues for the platform's few writes an hour
    load_balancer: float = Field(1200, gt=0)
    targets: float = Field(600, gt=0)
    endpoint_service: float = Field(600, gt=0)
    connection: float = Field(3600, gt=0)  # EMQX's account makes one VPC endpoint every 3.3 s, for all links that wait
    running: float = Field(900, gt=0)
    connector: float = Field(300, gt=0)
    removal: float = Field(3600, gt=0)
    person: float = Field(604_800, gt=0)
    hold: float = Field(86_400, gt=0)
    notification: float = Field(120, gt=0)

    @classmethod
    def from_environment(cls) -> "Deadlines":
        """The defaults, overridden by the environment. Raises pydantic's `ValidationError`."""
        given = {name[len(PREFIX) :].lower(): text for name, text in os.environ.items() if name.startswith(PREFIX)}
        return cls.model_validate(given, extra="forbid")


@functools.cache
def deadlines() -> Deadlines:
    """The deadlines of this process. They are read once, at their first use, so that all sagas have the same."""
    return Deadlines.from_environment()
