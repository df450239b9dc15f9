"""The targets of a target group: registration, deregistration, and their health as AWS sees it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from privatelink.errors import PrivateLinkError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from mypy_boto3_elbv2.type_defs import TargetDescriptionTypeDef, TargetHealthDescriptionTypeDef

    from clouds.aws.calls import AccountCalls
    from clouds.aws.sessions import Clients
    from privatelink.model.listeners import Listener

DRAINING = "draining"

_ABOUT_ZONE = re.compile(r"IP address '([0-9.]+)'.*(?:not in|is outside|is within) the VPC")
"""ELB's ValidationError for a target that is in the VPC but was given with an AZ, or is outside it and was given
without one (messages in kubernetes-sigs/aws-load-balancer-controller, issues 561, 3084 and 3714)."""

_BATCH = 100
"""Maximum number of targets per call, as in AWS's own controllers; the API states no number."""


class TargetHealth(NamedTuple):
    """One registered target: its state, and AWS's reason and description when it is not healthy.

    `port`: the port that it is registered with, which is the target group's or an override; 0 if AWS shows none.
    """

    target: str
    state: str
    reason: str
    description: str
    port: int = 0

    def __str__(self) -> str:
        """For a person."""
        why = ": ".join(part for part in (self.reason, self.description) if part)
        return f"{self.target} {self.state} ({why})" if why else f"{self.target} {self.state}"

    def is_asked_for(self, listener: Listener) -> bool:
        """Whether the listener's request names this target, and it is registered with the requested port.

        A draining target does not count, because it is on its way out.
        """
        return self.target in listener.targets and self.port in {0, listener.traffic_port} and self.state != DRAINING


async def read_target_health(
    account: AccountCalls, arn: str, *, unseen_until: datetime | None = None
) -> list[TargetHealth]:
    """Every registered target of a target group (DescribeTargetHealth), including draining ones."""
    return await account.call(
        Bucket.ELB_READ,
        "reading the health of the targets",
        arn,
        lambda clients: [
            _health(one) for one in clients.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        ],
        unseen_until=unseen_until,
    )


async def register_targets(
    account: AccountCalls, arn: str, targets: Sequence[str], outside: Collection[str], *, unseen_until: datetime
) -> None:
    """Register targets (RegisterTargets). One that is already registered stays as it is.

    Targets `outside` the VPC's subnets are in none of its AZs, and AWS requires that to be stated. In a VPC that is
    shared with us we do not see every subnet, but AWS goes by all of them. So if AWS says that an address is or is not
    in the VPC, we follow it, once per address.
    """
    elsewhere, corrected = set(outside), set[str]()
    for start in range(0, len(targets), _BATCH):
        addresses = targets[start : start + _BATCH]
        while True:
            batch: list[TargetDescriptionTypeDef] = [
                {"Id": target, "AvailabilityZone": "all"} if target in elsewhere else {"Id": target}
                for target in addresses
            ]
            register = partial(_register, arn, batch)
            try:
                await account.call(Bucket.ELB_WRITE, "registering targets", arn, register, unseen_until=unseen_until)
            except PrivateLinkError as error:
                told = _ABOUT_ZONE.search(error.details_model.message)
                if told is None or told[1] in corrected:
                    raise
                corrected.add(told[1])
                elsewhere ^= {told[1]}
            else:
                break


def _register(arn: str, batch: list[TargetDescriptionTypeDef], clients: Clients) -> None:
    clients.elbv2.register_targets(TargetGroupArn=arn, Targets=batch)


async def deregister_targets(account: AccountCalls, arn: str, targets: Sequence[TargetHealth]) -> None:
    """Deregister targets (DeregisterTargets) with their ports. Without a port, one with a port override stays."""
    batch: list[TargetDescriptionTypeDef] = [
        {"Id": one.target, "Port": one.port} if one.port else {"Id": one.target} for one in targets
    ]
    await account.call(
        Bucket.ELB_WRITE,
        "deregistering targets that the request does not name",
        arn,
        lambda clients: clients.elbv2.deregister_targets(TargetGroupArn=arn, Targets=batch),
    )


def _health(one: TargetHealthDescriptionTypeDef) -> TargetHealth:
    health, target = one.get("TargetHealth", {}), one["Target"]
    return TargetHealth(
        target=target["Id"],
        port=target.get("Port", 0),
        state=str(health.get("State", "")),
        reason=str(health.get("Reason", "")),
        description=health.get("Description", ""),
    )
