"""The endpoint connection of a link: wait until it appears, accept it, reject it."""

from datetime import UTC, datetime

from temporalio import activity

from activities.checks.connection_matching import (
    LATE_SECONDS,
    by_word,
    candidates_of,
    ended,
    has_been_shown,
    is_own,
    named_by,
    the_named,
    the_only,
    to_choose_from,
)
from activities.checks.private_link import row_that_lives
from activities.inputs import Acceptance, Connection, ConnectionWait, Sighting
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import may_exist
from activities.support.consistency import grace_from_schedule, note_effect, removal_deadline, since_effect
from activities.support.own_endpoint import mark, marked_at
from activities.support.removals import patient
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.endpoint_connections import (
    ACCEPTED,
    AVAILABLE,
    FoundConnection,
    accept_connection,
    find_connections_of,
    reject_connection,
)
from clouds.aws.endpoint_services import find_endpoint_services
from clouds.emqx.platform import Platform
from clouds.emqx.wire import PrivateLinkRow
from clouds.polling.schedule import Pending, PollSchedule, still_pending
from privatelink.errors import CloudRefused, NotYet, UnknownCloudError
from privatelink.pace import paced, paced_delta

APPEARANCE = PollSchedule(usual=150, fast=2, slow=30)
"""Poll schedule until it appears: two to three minutes after the platform was asked (EMQX's blog)."""

ACCEPTANCE = PollSchedule(usual=45, fast=2, slow=10)

GOING = PollSchedule(usual=30, fast=5, slow=10)

ASKED_SECONDS = 600
"""Maximum age, in seconds, of a listing while a person is being asked. That can take days, and the platform allows few
reads."""

LEAVING_SECONDS = 120
"""Seconds that a connection gets to go by itself after the platform's delete, before we reject it."""


class EndpointConnections:
    """The steps about the endpoint connection."""

    def __init__(self, aws: AwsAccounts, platform: Platform) -> None:
        """`platform` names the VPC endpoint that it made."""
        self._aws = aws
        self._platform = platform

    @activity.defn
    async def wait_for_endpoint_connection(self, spec: ConnectionWait) -> Sighting:
        """Wait for the endpoint connection of exactly this PrivateLink, prove it, and mark it as the link's.

        If the platform names none, a person must choose: returns the candidates, once. If nobody shall be asked, takes
        the only candidate, or raises `AmbiguousConnection`, which lists them.

        The platform is read only after AWS shows a candidate, or long after the usual time. The mark is a tag on the
        endpoint service, by which a removal tells the link's own connection from a foreign one.
        """
        account = self._aws.account(spec.scope.aws)
        if spec.asked_about:
            return await self._while_asked(account, spec)
        connections = await self._seen_or_late(account, spec)
        candidates = candidates_of(connections, spec)
        named = await self._named_by_platform(spec, candidates)
        if named not in {one.vpc_endpoint_id for one in connections}:
            # Another one may have appeared while the platform was asked.
            connections = await find_connections_of(account, spec.endpoint_service.service_id)
        if named:
            return await mark(account, spec, the_named(named, connections))
        if spec.asks:
            return await _chosen_or_to_choose_from(account, spec)
        return await mark(account, spec, the_only(candidates, connections, spec))

    async def _while_asked(self, account: AwsAccount, spec: ConnectionWait) -> Sighting:
        """Keep watching while a person is asked: others may come or go, and the platform may still name its own."""
        if not spec.chosen:
            rows = await self._platform.private_links(spec.scope.link.deployment).reading(not_older=ASKED_SECONDS)
            if named := row_that_lives(spec.private_link.private_link_id, rows).vpc_endpoint_id:
                connections = await find_connections_of(account, spec.endpoint_service.service_id)
                return await mark(account, spec, the_named(named, connections))
        return await _chosen_or_to_choose_from(account, spec)

    async def _seen_or_late(self, account: AwsAccount, spec: ConnectionWait) -> list[FoundConnection]:
        """The service's connections as soon as one is a candidate; after `LATE_SECONDS`, whatever there is."""
        service_id = spec.endpoint_service.service_id

        def predicate(view: list[FoundConnection]) -> list[FoundConnection] | Pending:
            ours = [one for one in view if one.service_id == service_id]
            if candidates_of(ours, spec) or spec.deadline.elapsed > paced(LATE_SECONDS):
                return ours
            others = f"; others: {'; '.join(str(one) for one in ours)}" if ours else ""
            return Pending(f"no endpoint connection of this PrivateLink at {service_id} yet{others}", service_id)

        return await account.pollers.endpoint_connections.poll(predicate, deadline=spec.deadline, schedule=APPEARANCE)

    async def _named_by_platform(self, spec: ConnectionWait, candidates: list[FoundConnection]) -> str:
        """The VPC endpoint ID that the platform names; empty if it has had its time and names none."""
        private_link_id = spec.private_link.private_link_id
        now = datetime.now(UTC)
        must_name = named_by(spec.private_link, candidates, now)
        had_time = must_name <= now

        def predicate(rows: tuple[PrivateLinkRow, ...]) -> str | Pending:
            row = row_that_lives(private_link_id, rows)
            if row.vpc_endpoint_id or had_time:
                return row.vpc_endpoint_id
            seen = "; ".join(str(one) for one in candidates) or "no endpoint connection is visible"
            return Pending(
                f"{seen}, and the platform ({row.status}) does not name its VPC endpoint yet", private_link_id
            )

        view = self._platform.private_links(spec.scope.link.deployment)
        # A name, once given, does not change, so any read that has it will do. Only its absence needs a fresh read.
        rows = view.latest(spec.deadline) or ()
        if named := next((one.vpc_endpoint_id for one in rows if one.private_link_id == private_link_id), ""):
            return named
        spent = (datetime.now(UTC) - activity.info().started_time).total_seconds()
        return await view.poll(
            predicate, deadline=spec.deadline, schedule=APPEARANCE, spent=spent, since=min(now, must_name)
        )

    @activity.defn
    async def accept_endpoint_connection(self, spec: Acceptance) -> list[str]:
        """Accept the link's own connection, once, and wait until it is available; returns its DNS names.

        If it is already accepted, by anyone, it is left as it is. `pending` on the way is progress. Raises
        `EndpointConnectionFailed` if it ends instead.
        """
        account = self._aws.account(spec.scope.aws)
        vpc_endpoint_id = spec.connection.vpc_endpoint_id
        if not activity.info().heartbeat_details:
            await _accept(account, spec)
            activity.heartbeat("accepted")

        def predicate(view: list[FoundConnection]) -> Pending | list[str]:
            found = _the_one(view, spec.connection)
            if found is None:
                return Pending(f"endpoint connection {vpc_endpoint_id} is not listed by AWS", vpc_endpoint_id)
            if found.has_ended:
                raise ended("waiting for the endpoint connection", vpc_endpoint_id, found.state)
            if found.state_word == AVAILABLE:
                return list(found.dns_names)
            return Pending(f"endpoint connection {vpc_endpoint_id} is {found.state}", vpc_endpoint_id)

        return await account.pollers.endpoint_connections.poll(
            predicate, deadline=since_effect(spec.deadline), schedule=ACCEPTANCE
        )

    @activity.defn
    @patient
    async def reject_endpoint_connections(self, spec: RemovalScope) -> Removed:
        """See the link's own connection go: by itself after the platform's delete, or else by rejecting it.

        A foreign connection is never touched. The link's own is the one marked as proven; in console mode, also any of
        the deployment's account. No service, or no live connection of the link, is success.
        """
        account = self._aws.account(spec.aws)
        services = [
            service
            for service in await find_endpoint_services(account, spec.link)
            if service.ownership.is_in_scope(spec.link, spec.saga_id)
        ]
        own = {(service.service_id, service.vpc_endpoint_id) for service in services if service.vpc_endpoint_id}
        if services and spec.consumer_account_id:
            service_ids = {service.service_id for service in services}
            own |= {
                (one.service_id, one.vpc_endpoint_id)
                for one in await account.pollers.endpoint_connections.reading()
                if one.service_id in service_ids and one.is_live and is_own(one, spec)
            }
        if not own:
            return Removed()
        if removal_deadline().elapsed > paced(LEAVING_SECONDS):
            for service_id, vpc_endpoint_id in own:
                connections = await find_connections_of(account, service_id)
                if any(one.vpc_endpoint_id == vpc_endpoint_id and one.is_live for one in connections):
                    await reject_connection(account, service_id, vpc_endpoint_id)
            note_effect()

        def predicate(view: list[FoundConnection]) -> Pending | None:
            live = [one for one in view if (one.service_id, one.vpc_endpoint_id) in own and one.is_live]
            return Pending(f"endpoint connection {live[0]} is still there", live[0].vpc_endpoint_id) if live else None

        await account.pollers.endpoint_connections.poll(predicate, deadline=removal_deadline(), schedule=GOING)
        return Removed(ids=tuple(sorted(vpc_endpoint_id for _, vpc_endpoint_id in own)))


async def _accept(account: AwsAccount, spec: Acceptance) -> None:
    connection = spec.connection
    if may_exist(spec.scope) and await _is_accepted(account, connection):
        return
    try:
        await accept_connection(account, connection.service_id, connection.vpc_endpoint_id)
    except (CloudRefused, UnknownCloudError, NotYet):
        # On a new link we accept without a read, because the connection was seen a moment ago. If that fails, somebody
        # may have accepted or ended it first.
        if not await _is_accepted(account, connection):
            raise


async def _is_accepted(account: AwsAccount, connection: Connection) -> bool:
    service_id, vpc_endpoint_id = connection.service_id, connection.vpc_endpoint_id
    found = _the_one(await find_connections_of(account, service_id), connection)
    if found is None:
        if datetime.now(UTC) < grace_from_schedule():
            raise NotYet(
                f"accepting the endpoint connection ({vpc_endpoint_id}): AWS does not show it",
                resource=vpc_endpoint_id,
                retry_after=paced_delta(2),
            )
        raise ended("accepting the endpoint connection", vpc_endpoint_id, "gone")
    if found.has_ended:
        raise ended("accepting the endpoint connection", vpc_endpoint_id, found.state)
    return found.state_word in ACCEPTED


def _the_one(connections: list[FoundConnection], connection: Connection) -> FoundConnection | None:
    wanted = (connection.service_id, connection.vpc_endpoint_id)
    return next((one for one in connections if (one.service_id, one.vpc_endpoint_id) == wanted), None)


async def _chosen_or_to_choose_from(account: AwsAccount, spec: ConnectionWait) -> Sighting:
    service_id = spec.endpoint_service.service_id
    candidates = candidates_of(await find_connections_of(account, service_id), spec)
    if own := by_word(candidates, spec, await marked_at(account, spec)):
        return await mark(account, spec, own)
    if not has_been_shown(candidates, spec):
        return to_choose_from(candidates, spec.private_link.asked_at)
    listed = "; ".join(str(one) for one in candidates)
    message = f"a person must approve one of: {listed}" if candidates else "no endpoint connection is visible"
    raise still_pending(Pending(message, service_id), spec.deadline, reading_due=paced(APPEARANCE.slow))
