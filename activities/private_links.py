"""PrivateLinks: the platform's objects. Their key is the endpoint service's name; a description marks them as ours."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from temporalio import activity

from activities.checks.address_users import AddressUsers, names_of
from activities.checks.private_link import address_of, failed, is_in_scope, service_unknown
from activities.inputs import PrivateLink, PrivateLinkSpec, PrivateLinkWait
from activities.scopes import RemovalScope, Removed
from activities.support.adoption import may_exist
from activities.support.consistency import note_effect, removal_deadline
from activities.support.removals import nothing_found, patient
from clouds.aws.accounts import AwsAccounts
from clouds.aws.endpoint_services import FoundEndpointService, find_endpoint_service
from clouds.emqx.errors import ALREADY_EXISTS, NOT_FOUND
from clouds.emqx.platform import READ_SECONDS, Platform
from clouds.emqx.wire import PrivateLinkRow, PrivateLinkState
from clouds.polling.schedule import Pending, PollSchedule
from privatelink.errors import CloudRefused, CloudUnavailable, NameTaken, NotYet, PrivateLinkFailed
from privatelink.model.deadlines import span
from privatelink.model.names import description
from privatelink.pace import paced, paced_delta

SERVICE_SHOWS_SECONDS = 300.0
"""Maximum seconds of the cloud's clock for which a new endpoint service may be unknown to other accounts
(aws/aws-sdk#805)."""

LAG_SECONDS = 15.0
"""Minimum seconds into the wait before the first read. The platform polls AWS, so it says `running` some 10 s after AWS
says `available`. An earlier read would be wasted, and the next is not soon."""

DELETE_SECONDS = 65.0
"""Seconds that the platform takes to delete: about a minute."""

RECENT = timedelta(seconds=25)
"""Maximum age of a listing that we still accept, in real time. Without this slack a saga that just missed a listing
waits a minute for the next, and a reply that takes 20 s (`CALL_SECONDS`) arrives after every poll that wanted it has
ended."""

RUNNING = PollSchedule(usual=20, fast=10, slow=READ_SECONDS)
"""Poll schedule until it is `running`. A read that came too early is soon repeated, as far as the hour's quota of
listings allows."""

DELETION = PollSchedule(usual=READ_SECONDS, fast=READ_SECONDS, slow=READ_SECONDS)


class PrivateLinks:
    """Creates, awaits and deletes PrivateLinks."""

    def __init__(self, platform: Platform, aws: AwsAccounts, users: AddressUsers) -> None:
        """`aws` finds the link's endpoint service, whose name is the key of a PrivateLink."""
        self._platform = platform
        self._aws = aws
        self._users = users

    @activity.defn
    async def create_private_link(self, spec: PrivateLinkSpec) -> PrivateLink:
        """Ask the platform for the PrivateLink, once.

        An existing one that leads to our endpoint service is adopted. A lost reply may mean that it was made, so every
        attempt reads the list first. The exception is the first attempt for a new link, whose endpoint service nobody
        knows yet.

        Raises `PrivateLinkFailed` if there are two, or if the existing one failed; `NotYet` while an old one is being
        deleted, and while the platform does not yet see the endpoint service.
        """
        # For a new link the check has seen that the platform has nothing of it.
        if may_exist(spec.scope) and (row := await self._find(spec)):
            return _adopted(row)
        # AWS's clock and this worker's may differ a little.
        asked_at = datetime.now(UTC) - paced_delta(60)
        try:
            row = await self._platform.create_private_link(
                spec.scope.link.deployment,
                spec.endpoint_service.service_name,
                description(spec.scope.link, spec.scope.saga_id, spec.scope.place),
            )
        except CloudUnavailable as error:
            # A list that is read too early may not show what this call made.
            raise CloudUnavailable(
                error.details_model.message,
                resource=error.details_model.resource,
                retry_after=paced_delta(READ_SECONDS),
            ) from error
        except CloudRefused as error:
            return await self._after_refusal(spec, error)
        activity.logger.info("created the PrivateLink", extra={"private_link_id": row.private_link_id})
        return PrivateLink(private_link_id=row.private_link_id, asked_at=asked_at)

    async def _find(self, spec: PrivateLinkSpec) -> PrivateLinkRow | None:
        """The PrivateLink that leads to our endpoint service."""
        link, service_name = spec.scope.link, spec.endpoint_service.service_name
        listed = await self._platform.private_links(link.deployment).reading()
        rows = [row for row in listed if row.service_name == service_name]
        if len(rows) > 1:
            raise PrivateLinkFailed(
                f"creating the PrivateLink ({service_name}): the platform has {len(rows)} of them: "
                + ", ".join(row.private_link_id for row in rows),
                resource=service_name,
                next_step="delete all but one of them in the console",
            )
        if not rows:
            return None
        row = rows[0]
        if row.described and row.is_of_another(link):
            raise NameTaken(
                f"creating the PrivateLink ({service_name}): {row.private_link_id} of link {row.described.link} leads "
                "to it",
                resource=row.private_link_id,
                next_step=f"delete link {row.described.link} first",
            )
        if row.state is PrivateLinkState.FAILED:
            raise failed(row, "creating")
        if row.state is PrivateLinkState.TERMINATED:
            raise NotYet(
                f"creating the PrivateLink ({service_name}): the earlier {row.private_link_id} is still being deleted",
                resource=row.private_link_id,
                retry_after=paced_delta(READ_SECONDS),
            )
        return row

    async def _after_refusal(self, spec: PrivateLinkSpec, error: CloudRefused) -> PrivateLink:
        """A refusal may mean that an earlier call got through, or that this one came too early."""
        if row := await self._find(spec):
            return _adopted(row)
        service_name = spec.endpoint_service.service_name
        shows_by = activity.info().scheduled_time + paced_delta(SERVICE_SHOWS_SECONDS)
        if error.cloud_code == ALREADY_EXISTS:
            why = "the platform has it, but does not list it yet"
        elif service_unknown(error) and datetime.now(UTC) < shows_by:
            why = "the platform does not see the new endpoint service yet"
        else:
            raise error
        raise NotYet(
            f"creating the PrivateLink ({service_name}): {why}",
            resource=service_name,
            retry_after=paced_delta(READ_SECONDS),
        ) from error

    @activity.defn
    async def wait_for_private_link(self, spec: PrivateLinkWait) -> str:
        """Return the address as soon as the PrivateLink is `running` and has one; read-only.

        Raises `PrivateLinkFailed`, with the platform's reason, if it failed, is being deleted or is gone. An unknown
        status counts as progress, and is shown.
        """
        lag = max(0.0, paced(LAG_SECONDS) - spec.deadline.elapsed)
        await asyncio.sleep(lag)
        id_, deployment = spec.private_link.private_link_id, spec.scope.link.deployment

        def address_in(rows: tuple[PrivateLinkRow, ...]) -> str | Pending | None:
            row = next((row for row in rows if row.private_link_id == id_), None)
            return address_of(row) if row else None

        view = self._platform.private_links(deployment)
        # A listing that another saga asked for long ago may still show one that is deleted by now.
        since = datetime.now(UTC) - RECENT
        address = await view.poll(address_in, deadline=spec.deadline, schedule=RUNNING, spent=lag, since=since)
        if address is None:
            # Absence from a list is no proof.
            row = await self._platform.find_private_link(deployment, id_)
            if row is None:
                raise PrivateLinkFailed(
                    f"waiting for the PrivateLink ({id_}): it is gone",
                    resource=id_,
                    next_step="find out in the console who deleted it, then create the link again",
                )
            raise NotYet(
                f"PrivateLink {id_} exists, but is not listed; {spec.deadline.words()}",
                resource=id_,
                retry_after=paced_delta(READ_SECONDS),
            )
        return address

    @activity.defn
    @patient
    async def delete_private_link(self, spec: RemovalScope) -> Removed:
        """Delete the link's PrivateLink (in a rollback: the one that this saga made or adopted), and see it gone.

        It is found by the endpoint service's name or by our description. None is success. Each attempt reads the
        platform once, and raises `NotYet` until the platform no longer lists it.

        Right before the call that deletes it, it checks again what uses the address, because the removal's check may be
        hours old. Raises `RemovalRefused` if something does.
        """
        service = await find_endpoint_service(self._aws.account(spec.aws), spec.link)
        try:
            rows = await self._to_delete(spec, service)
        except CloudRefused as error:
            if error.cloud_code != NOT_FOUND:
                raise
            rows = ()  # the deployment is gone, and its PrivateLinks with it
        asked = tuple(activity.info().heartbeat_details)
        if not rows:
            return Removed(ids=asked) if asked else nothing_found()
        for row in rows:
            if row.state is not PrivateLinkState.TERMINATED:
                addresses = await self._addresses(spec, row, service)
                await self._platform.delete_private_link(
                    spec.link.deployment,
                    row.private_link_id,
                    just_before=partial(self._users.refuse_if_used, spec, row.private_link_id, addresses),
                )
                activity.logger.info("asked for the deletion", extra={"private_link_id": row.private_link_id})
        note_effect()
        ids = tuple(row.private_link_id for row in rows)
        activity.heartbeat(*dict.fromkeys((*asked, *ids)))
        raise NotYet(
            f"deleting the PrivateLink ({', '.join(ids)}): the platform takes about {span(paced(DELETE_SECONDS))}",
            resource=", ".join(ids),
            retry_after=paced_delta(DELETE_SECONDS),
        )

    async def _addresses(
        self, spec: RemovalScope, row: PrivateLinkRow, service: FoundEndpointService | None
    ) -> set[str]:
        """The names under which it is dialled: the platform's, and AWS's if AWS shows its endpoint service."""
        if service is None:
            return names_of([row], ())
        connections = await self._aws.account(spec.aws).pollers.endpoint_connections.reading()
        return names_of([row], [one for one in connections if one.service_id == service.service_id and one.is_live])

    async def _to_delete(self, spec: RemovalScope, service: FoundEndpointService | None) -> tuple[PrivateLinkRow, ...]:
        """The rows that this removal may touch. Keeps polling while all of them are already being deleted."""
        if activity.info().attempt == 1:
            rows = await self._platform.private_links(spec.link.deployment).reading()
            return tuple(row for row in rows if is_in_scope(row, spec, service))

        def left_in(rows: tuple[PrivateLinkRow, ...]) -> tuple[PrivateLinkRow, ...] | Pending:
            left = tuple(row for row in rows if is_in_scope(row, spec, service))
            if left and all(row.state is PrivateLinkState.TERMINATED for row in left):
                ids = ", ".join(row.private_link_id for row in left)
                return Pending(f"the platform is deleting PrivateLink {ids}", ids)
            return left

        # From the second attempt on, all waiting sagas share one read a minute. A read from before they asked for the
        # deletion, at least `DELETE_SECONDS` ago, does not count.
        view = self._platform.private_links(spec.link.deployment)
        since = datetime.now(UTC) - min(RECENT, paced_delta(DELETE_SECONDS))
        return await view.poll(left_in, deadline=removal_deadline(), schedule=DELETION, since=since)


def _adopted(row: PrivateLinkRow) -> PrivateLink:
    activity.logger.info("adopted the PrivateLink", extra={"private_link_id": row.private_link_id})
    return PrivateLink(private_link_id=row.private_link_id, asked_at=row.earliest_creation)
