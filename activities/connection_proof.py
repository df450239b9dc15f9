"""The proof: which endpoint connection is the link's own. Facts in, verdict out; nothing here asks a cloud.

An allowed ARN proves nothing: it may be shared by deployments of other customers. The proof is the VPC endpoint id that
the platform gives. Where it still gives none when twice the usual time is over, and a minute since the last candidate
came, it is: our own endpoint service, the consumer's account, made after we asked, and exactly one.
"""

from datetime import datetime, timedelta

from activities.specs import ConnectionWait, PrivateLink
from clouds.aws.endpoint_connections import FoundConnection
from privatelink.errors import AmbiguousConnection, EndpointConnectionFailed, NotYet
from privatelink.pace import paced_delta

LATE_SECONDS = 300
"""Twice the usual time: from then on the platform is asked too, once a minute, whether the PrivateLink failed.

Before, AWS's facts alone prove nothing, for whoever shows then may be a stranger who came ahead of ours.
"""

NAMING_SECONDS = 60
"""How long the platform has to name its VPC endpoint before AWS's facts alone must do: one of its reading intervals."""

WHOLE_SECOND = timedelta(seconds=1)
"""AWS cuts times down to whole seconds, so a connection may look as much older than it is."""

CLOCK_SLACK = timedelta(seconds=5)
"""AWS's clock is not ours, and it gives whole seconds."""


def candidates_of(connections: list[FoundConnection], spec: ConnectionWait) -> list[FoundConnection]:
    """Live connections of the consumer's account that are no older than our asking."""
    return [
        one
        for one in connections
        if one.is_live
        and one.owner == spec.consumer_account_id
        and one.created_at >= spec.private_link.asked_at - CLOCK_SLACK
    ]


def named_by(private_link: PrivateLink, candidates: list[FoundConnection], now: datetime) -> datetime:
    """Until when the platform may name its VPC endpoint: that a reading from before names none proves nothing."""
    latest = max((one.created_at for one in candidates), default=now)
    return max(latest + paced_delta(NAMING_SECONDS) + WHOLE_SECOND, private_link.asked_at + paced_delta(LATE_SECONDS))


def the_named(named: str, connections: list[FoundConnection]) -> str:
    """The endpoint that the platform names, once AWS shows it alive at our service. Raises `NotYet` before."""
    found = next((one for one in connections if one.vpc_endpoint_id == named), None)
    if found is None:
        raise NotYet(
            f"waiting for the endpoint connection ({named}): the platform names it, AWS does not show it yet",
            concerns=named,
            retry_after=paced_delta(5),
        )
    if not found.is_live:
        raise ended("waiting for the endpoint connection", named, found.state)
    return named


def the_only(asked_about: list[FoundConnection], connections: list[FoundConnection], spec: ConnectionWait) -> str:
    """The one candidate there is, by the latest `connections`, none of which came after the platform was asked.

    Raises `AmbiguousConnection` with each when there are several, and `NotYet` while there is none, or a newcomer.
    """
    service_id = spec.endpoint_service.service_id
    candidates = candidates_of(connections, spec)
    if not candidates:
        raise NotYet(f"waiting for the endpoint connection ({service_id}): it went away again", concerns=service_id)
    known = {one.vpc_endpoint_id for one in asked_about}
    if newcomer := next((one for one in candidates if one.vpc_endpoint_id not in known), None):
        raise NotYet(
            f"waiting for the endpoint connection ({service_id}): {newcomer} came, which the platform has yet to name",
            concerns=newcomer.vpc_endpoint_id,
            retry_after=paced_delta(NAMING_SECONDS),
        )
    if len(candidates) > 1:
        raise AmbiguousConnection(
            f"telling which endpoint connection is this PrivateLink's ({service_id}): the platform does not say, and "
            f"several fit: {'; '.join(str(one) for one in candidates)}",
            concerns=service_id,
            next_step="find out whose they are, reject the others, and create the link again",
        )
    return candidates[0].vpc_endpoint_id


def ended(doing: str, vpc_endpoint_id: str, state: str) -> EndpointConnectionFailed:
    """The error for the link's own connection that ended."""
    return EndpointConnectionFailed(
        f"{doing} ({vpc_endpoint_id}): it is {state}",
        concerns=vpc_endpoint_id,
        next_step="find out who ended it (AWS CloudTrail, EMQX's notifications), then create the link again",
    )
