"""PrivateLinks that a person makes and deletes at EMQX's console, seen by their endpoint connections at AWS alone.

The connection that appears proves the one, its disappearance the other: nobody confirms what AWS shows.
"""

from temporalio import activity

from activities.adoption import mark_own
from activities.patience import patient
from activities.specs import ByHandWait, Candidate, RemovalSpec, RemovalWait, Removed
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.endpoint_connections import FoundConnection, find_connections_of
from clouds.aws.endpoint_services import find_endpoint_services
from clouds.waiting import Cadence, Moving

PATIENCE = Cadence(usual=600, fast=10, slow=30)
"""Somebody may click now, or in days; all who wait in one account and region share the readings."""


class PrivateLinksByHand:
    """The steps that watch what a person does."""

    def __init__(self, aws: AwsAccounts) -> None:
        """`aws` gives the account that a spec names."""
        self._aws = aws

    @activity.defn
    async def wait_for_creation_by_hand(self, spec: ByHandWait) -> list[Candidate]:
        """Wait until an endpoint connection of the deployment's account stands at the link's own endpoint service.

        One, or the `chosen` one: it is the PrivateLink's, and is marked so. Several: gives all of them, once, so that a
        person is asked; none of them is marked, and none is ever accepted.
        """
        account = self._aws.account(spec.scope.aws)
        service_id = spec.endpoint_service.service_id

        def judge(view: list[FoundConnection]) -> list[FoundConnection] | Moving:
            fitting = [one for one in view if one.service_id == service_id and one.owner == spec.consumer_account_id]
            fitting = [one for one in fitting if one.is_live]
            chosen = [one for one in fitting if one.vpc_endpoint_id == spec.chosen]
            if chosen or len(fitting) == 1:
                return chosen or fitting
            if not fitting:
                return Moving(f"no endpoint connection of account {spec.consumer_account_id} yet", service_id)
            if {one.vpc_endpoint_id for one in fitting} != set(spec.asked_about):
                return fitting
            return Moving(f"a person must choose: {'; '.join(str(one) for one in fitting)}", service_id)

        found = await account.views.endpoint_connections.look(judge, wait=spec.wait, cadence=PATIENCE)
        if len(found) == 1:
            await mark_own(account, spec.scope, service_id, found[0].vpc_endpoint_id)
        return [Candidate(vpc_endpoint_id=one.vpc_endpoint_id, words=str(one)) for one in found]

    @activity.defn
    @patient
    async def find_private_link_by_hand(self, spec: RemovalSpec) -> list[str]:
        """The live endpoints of the deployment's account at the link's endpoint service: what a person must delete."""
        account = self._aws.account(spec.aws)
        return [
            one.vpc_endpoint_id
            for service_id in await _service_ids(account, spec)
            for one in await find_connections_of(account, service_id)
            if one.is_live and one.owner == spec.consumer_account_id
        ]

    @activity.defn
    async def wait_for_deletion_by_hand(self, spec: RemovalWait) -> Removed:
        """Wait until no endpoint of the deployment's account stands at the link's endpoint service any more."""
        account = self._aws.account(spec.removal.aws)
        service_ids = set(await _service_ids(account, spec.removal))

        def judge(view: list[FoundConnection]) -> Moving | None:
            left = [
                one
                for one in view
                if one.service_id in service_ids and one.is_live and one.owner == spec.removal.consumer_account_id
            ]
            return Moving(f"endpoint connection {left[0]} is still there", left[0].vpc_endpoint_id) if left else None

        await account.views.endpoint_connections.look(judge, wait=spec.wait, cadence=PATIENCE)
        return Removed()


async def _service_ids(account: AwsAccount, spec: RemovalSpec) -> list[str]:
    return [
        service.service_id
        for service in await find_endpoint_services(account, spec.link)
        if service.ownership.is_in_scope(spec.link, spec.saga_id)
    ]
