"""PrivateLinks that a person makes and deletes at EMQX's console. We see only their endpoint connections at AWS.

A connection that appears shows that one was made; its disappearance proves that it was deleted.
"""

from datetime import UTC, datetime

from temporalio import activity

from activities.checks.address_users import AddressUsers, names_of
from activities.checks.connection_matching import (
    by_word,
    has_been_shown,
    is_own,
    live_at,
    no_older,
    quiet_from,
    to_choose_from,
)
from activities.inputs import ByHandWait, RemovalWait, Sighting
from activities.scopes import RemovalScope, Removed
from activities.support.own_endpoint import mark, marked_at
from activities.support.removals import patient
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.endpoint_connections import ACCEPTED, FoundConnection, find_connections_of
from clouds.aws.endpoint_services import FoundEndpointService, find_endpoint_services
from clouds.polling.schedule import Pending, PollSchedule

PATIENCE = PollSchedule(usual=600, fast=10, slow=30)
"""Poll schedule for a person, who may click now or in days. All waiting sagas of one account and region share the
reads."""


class PrivateLinksByHand:
    """The steps that watch what a person does."""

    def __init__(self, aws: AwsAccounts, users: AddressUsers) -> None:
        """`users` finds what dials the link's address."""
        self._aws = aws
        self._users = users

    @activity.defn
    async def wait_for_creation_by_hand(self, spec: ByHandWait) -> Sighting:
        """Wait until an endpoint connection of the deployment's account appears at the link's own endpoint service.

        Other deployments share the account, so this proves little. Returns all candidates, once, for a person to choose
        from. The `chosen` one, or one that an earlier create marked, is the PrivateLink's, and is marked. If nobody
        shall be asked, it is the only one that is no older than the request, after a minute in which no other came.
        """
        account = self._aws.account(spec.scope.aws)
        service_id = spec.endpoint_service.service_id
        marked = await marked_at(account, spec)

        def predicate(view: list[FoundConnection]) -> list[FoundConnection] | Pending:
            live = live_at(view, spec)
            if by_word(live, spec, marked):
                return live
            return _to_ask_about(live, spec) if spec.asks else _by_rule(live, spec)

        found = await account.pollers.endpoint_connections.poll(predicate, deadline=spec.deadline, schedule=PATIENCE)
        own = by_word(found, spec, marked)
        if own is None and not spec.asks:
            # The data judged may have been read before the minute was over.
            found = no_older(live_at(await find_connections_of(account, service_id), spec), spec.asked_at)
            own = found[0] if len(found) == 1 else None
        return await mark(account, spec, own) if own else to_choose_from(found, spec.asked_at)

    @activity.defn
    @patient
    async def find_private_link_by_hand(self, spec: RemovalScope) -> list[str]:
        """The endpoints of the deployment's account that belong to the link: what a person must delete.

        Before anybody is asked, it checks again what uses the address, because the removal's check may be hours old.
        Raises `RemovalRefused` if something does.
        """
        account = self._aws.account(spec.aws)
        services = await _services(account, spec)
        found = [
            one
            for service in services
            for one in await find_connections_of(account, service.service_id)
            if _must_go_by_hand(one, spec, services)
        ]
        ids = [one.vpc_endpoint_id for one in found]
        await self._users.refuse_if_used(spec, ", ".join(ids), names_of((), found))
        return ids

    @activity.defn
    async def wait_for_deletion_by_hand(self, spec: RemovalWait) -> Removed:
        """Wait until the endpoints that a person was asked to delete are gone, and no other is left to delete."""
        account = self._aws.account(spec.removal.aws)
        services = await _services(account, spec.removal)

        def predicate(view: list[FoundConnection]) -> Pending | None:
            asked = [one for one in view if one.is_live and one.vpc_endpoint_id in spec.vpc_endpoints]
            left = asked or [one for one in view if _must_go_by_hand(one, spec.removal, services)]
            return Pending(f"endpoint connection {left[0]} is still there", left[0].vpc_endpoint_id) if left else None

        await account.pollers.endpoint_connections.poll(predicate, deadline=spec.deadline, schedule=PATIENCE)
        return Removed()


def _to_ask_about(live: list[FoundConnection], spec: ByHandWait) -> list[FoundConnection] | Pending:
    if not has_been_shown(live, spec):
        return live
    listed = "; ".join(str(one) for one in live)
    message = f"a person must approve one of: {listed}" if live else _none_yet(spec)
    return Pending(message, spec.endpoint_service.service_id)


def _by_rule(live: list[FoundConnection], spec: ByHandWait) -> list[FoundConnection] | Pending:
    service_id, fresh, now = spec.endpoint_service.service_id, no_older(live, spec.asked_at), datetime.now(UTC)
    listed = "; ".join(str(one) for one in live)
    if not fresh:
        older = f"; older than the request, so never taken as its own: {listed}" if live else ""
        return Pending(_none_yet(spec) + older, service_id)
    if now < quiet_from(fresh, now):
        return Pending(f"{listed}: another one may appear within a minute", service_id)
    if len(fresh) == 1 or not has_been_shown(fresh, spec):
        return fresh
    return Pending(f"a person must choose: {listed}", service_id)


def _none_yet(spec: ByHandWait) -> str:
    return f"no endpoint connection of account {spec.consumer_account_id} yet"


def _must_go_by_hand(one: FoundConnection, spec: RemovalScope, services: list[FoundEndpointService]) -> bool:
    """Whether a person must delete the endpoint's PrivateLink before AWS's side may go.

    If the mark shows which endpoint is the link's own, others that were never accepted belong to other deployments in
    EMQX's account. Nobody at this deployment's console could delete those, and they carry no traffic.
    """
    service = next((service for service in services if service.service_id == one.service_id), None)
    if service is None or not one.is_live or not is_own(one, spec):
        return False
    return service.vpc_endpoint_id in {"", one.vpc_endpoint_id} or one.state_word in ACCEPTED


async def _services(account: AwsAccount, spec: RemovalScope) -> list[FoundEndpointService]:
    found = await find_endpoint_services(account, spec.link)
    return [one for one in found if one.ownership.is_in_scope(spec.link, spec.saga_id)]
