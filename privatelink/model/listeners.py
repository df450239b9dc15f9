"""Listeners of a request: a port of the address, the targets behind it, and their health check."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from privatelink.model.clear_secrets import check_public
from privatelink.model.forms import Form
from privatelink.model.parts import RequestPart, unique

Port = Annotated[int, Field(ge=1, le=65535)]


HealthPath = Annotated[
    str,
    Form(r"^/[\x21-\x7e]{0,1023}$", "a path begins with / and has at most 1024 characters, none of them a space"),
    AfterValidator(check_public),
]


class HealthCheck(RequestPart):
    """How the load balancer tests a target. `port` defaults to the target's port; `path` is for http and https."""

    protocol: Literal["tcp", "http", "https"] = "tcp"
    port: Port | None = None
    path: HealthPath | None = None

    @model_validator(mode="after")
    def _path_goes_with_http(self) -> Self:
        if self.path and self.protocol == "tcp":
            message = "path goes with protocol http or https"
            raise ValueError(message)
        return self


_TARGET_SHAPES = {
    "instance": (re.compile(r"i-[0-9a-f]{8,17}"), "an EC2 instance id, like i-0a1b2c3d4e5f6a7b8"),
    "alb": (
        re.compile(r"arn:aws[a-z-]*:elasticloadbalancing:\S+:[0-9]{12}:loadbalancer/app/\S+"),
        "the ARN of an Application Load Balancer",
    ),
}


class Listener(RequestPart):
    """One port of the address, and the targets behind it.

    `port` is what the deployment dials, and `target_port` (default: `port`) is what the targets listen on. Depending on
    `target_type`, `targets` are IPv4 addresses, EC2 instance ids, or the ARN of one Application Load Balancer. There
    may be 1 to 5000; AWS's own quotas are lower unless they are raised.
    Example: `{port: 3306, targets: [10.0.1.15, 10.0.2.15]}`.
    """

    port: Port
    target_port: Port | None = None
    target_type: Literal["ip", "instance", "alb"] = "ip"
    targets: Annotated[tuple[str, ...], Field(min_length=1, max_length=5000), AfterValidator(unique)]
    health_check: HealthCheck = HealthCheck()

    @property
    def traffic_port(self) -> int:
        """The port on which the targets take traffic."""
        return self.target_port or self.port

    @field_validator("targets")
    @classmethod
    def _targets_fit_their_type(cls, targets: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        target_type = info.data.get("target_type")  # missing if it is itself at fault
        if target_type and (faults := [fault for one in targets if (fault := _target_fault(one, target_type))]):
            raise ValueError("; ".join(faults))
        return targets

    @model_validator(mode="after")
    def _an_alb_stands_alone(self) -> Self:
        faults = []
        if self.target_type == "alb":
            if len(self.targets) > 1:
                faults.append("a target group of type alb holds exactly one Application Load Balancer")
            if self.health_check.protocol == "tcp":
                faults.append("an alb target needs health_check.protocol http or https")
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _target_fault(target: str, target_type: str) -> str | None:
    if target_type == "ip":
        return _address_fault(target)
    shape, words = _TARGET_SHAPES[target_type]
    return None if shape.fullmatch(target) else f"target {target} is not {words}"


def _address_fault(target: str) -> str | None:
    """What is wrong with an address. The check before a create finds out whether AWS accepts it in this VPC."""
    try:
        ipaddress.IPv4Address(target)
    except ValueError:
        if re.search("[a-z]", target, re.IGNORECASE) and ":" not in target:
            return f"target {target} is a name; names are not supported: give the IPv4 address"
        return f"target {target} is not an IPv4 address"
    return None
