"""The proof: which endpoint connection is the link's own. Facts in, verdict out; nothing here calls a cloud.

An allowed ARN proves nothing, because deployments of other customers may share it. The proof is the VPC endpoint ID
that the platform names. If it names none, a person is asked. If the request says that nobody shall be asked (`approval:
false`), we accept a connection only if it is the only one, on our own endpoint service, from the consumer's account,
made after our request, and if no other came for a minute.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from activities.inputs import Candidate, Connection, ConnectionWait, PrivateLink, Sighting, WatchedService
from activities.scopes import RemovalScope
from clouds.aws.endpoint_connections import ACCEPTED, FoundConnection
from clouds.aws.endpoint_services import FoundEndpointService
from privatelink.errors import AmbiguousConnection, EndpointConnectionFailed, Finding, FindingType, NotYet
from privatelink.pace import paced_delta

LATE_SECONDS = 300
"""Seconds after which we also ask the platform, once a minute, whether the PrivateLink failed: twice the usual time.

Before that, AWS's facts alone prove nothing: the connection that shows may be a foreign one that came ahead of ours.
"""

NAMING_SECONDS = 60
"""Seconds that the platform has to name its VPC endpoint before AWS's facts alone must do: one of its read
intervals."""

WHOLE_SECOND = timedelta(seconds=1)
"""Rounding error of AWS's times. They are cut to whole seconds, so a connection may look that much older than it is."""

CLOCK_SLACK = timedelta(seconds=5)
"""Tolerance between AWS's clock and ours; AWS also gives only whole seconds."""


def live_at(connections: list[FoundConnection], spec: WatchedService) -> list[FoundConnection]:
    """The live connections of the consumer's account at the endpoint service."""
    return [
        one
        for one in connections
        if one.service_id == spec.endpoint_service.service_id and one.is_live and one.owner == spec.consumer_account_id
    ]


def is_own(
    one: FoundConnection, spec: RemovalScope, services: Iterable[FoundEndpointService] = (), named: Iterable[str] = ()
) -> bool:
    """Whether a removal may treat the endpoint as the link's own. A foreign one is never touched or cut off.

    In console mode every endpoint of the deployment's account is the link's own: a person decides whether to delete
    what it belongs to. Otherwise it is the one proven by the mark on one of the link's `services`, or `named` by the
    platform.
    """
    if spec.consumer_account_id:
        return one.owner == spec.consumer_account_id
    return one.vpc_endpoint_id in {*named, *(service.vpc_endpoint_id for service in services)} - {""}


def foreign_finding(connection: FoundConnection) -> Finding:
    """An endpoint that keeps the link's endpoint service from being deleted."""
    return Finding(
        type=FindingType.FOREIGN_ENDPOINT,
        resource=connection.vpc_endpoint_id,
        message=f"an endpoint that is not known to be this link's is on its endpoint service: {connection}",
        next_step="have its owner delete it, or reject it in AWS's console",
    )


def no_older(connections: list[FoundConnection], asked_at: datetime) -> list[FoundConnection]:
    """Those that were made after we asked; an older one is never ours by the rule."""
    return [one for one in connections if one.created_at >= asked_at - CLOCK_SLACK]


def candidates_of(connections: list[FoundConnection], spec: ConnectionWait) -> list[FoundConnection]:
    """Live connections of the consumer's account that are no older than our request."""
    return no_older(live_at(connections, spec), spec.private_link.asked_at)


def quiet_from(candidates: list[FoundConnection], now: datetime) -> datetime:
    """The time at which a minute has passed without a further candidate."""
    latest = max((one.created_at for one in candidates), default=now)
    return latest + paced_delta(NAMING_SECONDS) + WHOLE_SECOND


def named_by(private_link: PrivateLink, candidates: list[FoundConnection], now: datetime) -> datetime:
    """Until when the platform may still name its VPC endpoint. An earlier read that names none proves nothing."""
    return max(quiet_from(candidates, now), private_link.asked_at + paced_delta(LATE_SECONDS))


def as_connection(found: FoundConnection) -> Connection:
    """The PrivateLink's own connection, as the workflow passes it on."""
    return Connection(
        service_id=found.service_id,
        vpc_endpoint_id=found.vpc_endpoint_id,
        words=str(found),
        is_accepted=found.state_word in ACCEPTED,
    )


def by_word(connections: list[FoundConnection], spec: WatchedService, marked: str) -> FoundConnection | None:
    """The connection that a person chose, now or (by its `marked` tag) for an earlier create; None if it is gone."""
    return next((one for one in connections if one.vpc_endpoint_id in {spec.chosen, marked} - {""}), None)


def to_choose_from(connections: list[FoundConnection], asked_at: datetime) -> Sighting:
    """What a person is shown. Older ones are included and marked, because the person may know one to be theirs."""
    fresh = no_older(connections, asked_at)
    return Sighting(
        candidates=tuple(
            Candidate(
                vpc_endpoint_id=one.vpc_endpoint_id,
                words=str(one) if one in fresh else f"{one}, which is older than the request",
            )
            for one in connections
        )
    )


def has_been_shown(connections: list[FoundConnection], spec: WatchedService) -> bool:
    """Whether a person has been asked about exactly these."""
    return {one.vpc_endpoint_id for one in connections} == set(spec.asked_about)


def the_named(named: str, connections: list[FoundConnection]) -> FoundConnection:
    """The endpoint that the platform names, once AWS shows it alive at our service. Raises `NotYet` until then."""
    found = next((one for one in connections if one.vpc_endpoint_id == named), None)
    if found is None:
        raise NotYet(
            f"waiting for the endpoint connection ({named}): the platform names it, but AWS does not show it yet",
            resource=named,
            retry_after=paced_delta(5),
        )
    if not found.is_live:
        raise ended("waiting for the endpoint connection", named, found.state)
    return found


def the_only(
    asked_about: list[FoundConnection], connections: list[FoundConnection], spec: ConnectionWait
) -> FoundConnection:
    """The only candidate in the latest `connections`, none of which came after the platform was asked.

    Raises `AmbiguousConnection` with each if there are several, and `NotYet` while there is none, or a newcomer.
    """
    service_id = spec.endpoint_service.service_id
    candidates = candidates_of(connections, spec)
    if not candidates:
        raise NotYet(f"waiting for the endpoint connection ({service_id}): it has disappeared", resource=service_id)
    known = {one.vpc_endpoint_id for one in asked_about}
    if newcomer := next((one for one in candidates if one.vpc_endpoint_id not in known), None):
        raise NotYet(
            f"waiting for the endpoint connection ({service_id}): {newcomer} appeared, and the platform "
            "does not name it yet",
            resource=newcomer.vpc_endpoint_id,
            retry_after=paced_delta(NAMING_SECONDS),
        )
    if len(candidates) > 1:
        raise AmbiguousConnection(
            f"finding out which endpoint connection is this PrivateLink's ({service_id}): the platform does not say, "
            f"and several fit: {'; '.join(str(one) for one in candidates)}",
            resource=service_id,
            next_step="find out whose each one is, reject the foreign ones, then create the link again",
        )
    return candidates[0]


def ended(doing: str, vpc_endpoint_id: str, state: str) -> EndpointConnectionFailed:
    """The error for the link's own connection that ended."""
    return EndpointConnectionFailed(
        f"{doing} ({vpc_endpoint_id}): it is {state}",
        resource=vpc_endpoint_id,
        next_step="find out who ended it (AWS CloudTrail, EMQX's notifications), then create the link again",
    )
