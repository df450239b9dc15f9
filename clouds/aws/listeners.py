"""Listeners, found by their port on the link's load balancer, because they have no name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from clouds.aws.codes import DUPLICATE_LISTENER, LISTENER_NOT_FOUND, LOAD_BALANCER_NOT_FOUND, is_code
from clouds.aws.endpoint_services import read_ownerships
from clouds.aws.refusals import unseen_twin
from privatelink.errors import PrivateLinkError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_elbv2.type_defs import ActionOutputTypeDef as ActionTypeDef
    from mypy_boto3_elbv2.type_defs import ListenerTypeDef
    from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag

    from clouds.aws.accounts import AwsAccount
    from clouds.aws.calls import AccountCalls
    from clouds.aws.tags import Ownership


class FoundListener(NamedTuple):
    """A listener as AWS shows it. It forwards to `target_group_arns`."""

    arn: str
    port: int
    target_group_arns: tuple[str, ...]
    ownership: Ownership


async def find_listeners(
    account: AwsAccount, load_balancer_arn: str, *, unseen_until: datetime | None = None
) -> list[FoundListener]:
    """Every listener of a load balancer, sorted by port; empty when the load balancer is gone.

    Raises `NotYet` for a load balancer that AWS does not show yet, until `unseen_until`.
    """
    try:
        listed = await account.call(
            Bucket.ELB_READ,
            "looking for listeners of the load balancer",
            load_balancer_arn,
            lambda clients: [
                one
                for page in clients.elbv2.get_paginator("describe_listeners").paginate(
                    LoadBalancerArn=load_balancer_arn
                )
                for one in page["Listeners"]
            ],
            unseen_until=unseen_until,
        )
    except PrivateLinkError as error:
        if error.waiting_helps or not is_code(error, LOAD_BALANCER_NOT_FOUND):
            raise
        return []
    owners = await read_ownerships(account, [one["ListenerArn"] for one in listed if "ListenerArn" in one])
    # A listener without tags in the answer has been deleted meanwhile.
    found = (_found(one, owners[arn]) for one in listed if (arn := one.get("ListenerArn", "")) in owners)
    return sorted(found, key=lambda one: one.port)


async def create_listener(
    account: AccountCalls,
    load_balancer_arn: str,
    port: int,
    target_group_arn: str,
    tags: list[ElbTag],
    *,
    unseen_until: datetime,
) -> str:
    """Create a TCP listener that forwards to the target group (CreateListener). Returns its ARN.

    For the same settings AWS returns the existing listener. Raises `NotYet` when one that AWS does not show yet already
    uses the port.
    """
    try:
        return await account.call(
            Bucket.ELB_WRITE,
            "creating the listener",
            f"port {port}",
            lambda clients: clients.elbv2.create_listener(
                LoadBalancerArn=load_balancer_arn,
                Protocol="TCP",
                Port=port,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group_arn}],
                Tags=tags,
            )["Listeners"][0]["ListenerArn"],
            unseen_until=unseen_until,
        )
    except PrivateLinkError as error:
        if is_code(error, DUPLICATE_LISTENER):
            raise unseen_twin("listener", f"port {port}") from None
        raise


async def delete_listener(account: AccountCalls, arn: str) -> None:
    """Delete a listener (DeleteListener). Success if it is already gone."""
    try:
        await account.call(
            Bucket.ELB_WRITE,
            "deleting the listener",
            arn,
            lambda clients: clients.elbv2.delete_listener(ListenerArn=arn),
        )
    except PrivateLinkError as error:
        if not is_code(error, LISTENER_NOT_FOUND):
            raise


def _forwards_to(action: ActionTypeDef) -> Iterator[str]:
    """The target groups of an action: none, one, or several with weights (API_ForwardActionConfig)."""
    groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
    yield from (arn for one in (action, *groups) if (arn := one.get("TargetGroupArn")))


def _found(one: ListenerTypeDef, ownership: Ownership) -> FoundListener:
    return FoundListener(
        arn=one.get("ListenerArn", ""),
        port=one.get("Port", 0),
        # An action with a single target group shows it twice: directly, and in its ForwardConfig.
        target_group_arns=tuple(
            dict.fromkeys(arn for action in one.get("DefaultActions", []) for arn in _forwards_to(action))
        ),
        ownership=ownership,
    )
