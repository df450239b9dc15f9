"""Where Temporal remembers a link. That place is looked at if the clouds show nothing of the link here.

After a removal that ended halfway, one half of a link may be in an account or region that nothing at the platform names
any more. Temporal's memory alone does not say what exists there, so the place itself must be looked at.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from temporalio import activity
from temporalio.client import Client

from activities.scopes import RemovalScope
from activities.support.aws_inventory import look_at_aws
from activities.support.places import stands_at
from clouds.aws.accounts import AwsAccounts
from privatelink.client.remembering import Run, request_of, stood_before
from privatelink.errors import (
    CredentialsRefused,
    Finding,
    FindingType,
    LinkUnknown,
    NotAllowed,
    PrivateLinkError,
    TemporalUnreachable,
)
from privatelink.model.names import Link, Place
from privatelink.model.request import AwsAccess, DeleteRequest, PrivateLinkRequest
from privatelink.settings import PayloadKeyError


class Remembered(NamedTuple):
    """The place of the link's last saga that left something of it, and the access to AWS that its request gave."""

    place: Place
    aws: AwsAccess


Remembering = Callable[[Link], Awaitable[Remembered | None]]


async def nothing(_: Link) -> Remembered | None:
    """Remember nothing."""
    return None


async def remembered_by_temporal(link: Link) -> Remembered | None:
    """Ask Temporal, from within an activity.

    Raises `TemporalUnreachable`, to be retried: the worker that runs the activity reached Temporal just before.
    """
    client = activity.client()
    try:
        run = await stood_before(client, link, activity.info().workflow_run_id or "")
        if run is None or run.account is None or run.region is None:
            return None
        request = await _readable_request(client, link, run)
    except TemporalUnreachable as error:
        raise error.as_weather() from error
    if request is None:
        # The search attributes name the place, and the worker's own credentials may reach it.
        return Remembered(Place(account=run.account, region=run.region, mode="api"), AwsAccess(region=run.region))
    return Remembered(Place(account=run.account, region=run.region, mode=request.platform.mode), request.aws)


async def _readable_request(client: Client, link: Link, run: Run) -> PrivateLinkRequest | DeleteRequest | None:
    """The request of the run; None if its history is gone, or was encrypted with a key that this worker lacks."""
    try:
        return await request_of(client, link, run)
    except LinkUnknown:
        return None
    except TemporalUnreachable as error:
        if isinstance(error.__cause__, PayloadKeyError):
            return None
        raise


class RememberedPlaces:
    """Looks at the place where a link is remembered, and changes nothing."""

    def __init__(self, aws: AwsAccounts, remembers: Remembering = nothing) -> None:
        """`remembers` names the place, and `aws` lets the worker look at it."""
        self._aws = aws
        self._remembers = remembers

    async def findings(self, link: Link, here: Place) -> list[Finding]:
        """Whether something of the link is in another account or region than `here`, or that place cannot be looked at.

        For a link of which AWS shows nothing here.
        """
        there = await self._remembers(link)
        if there is None or (there.place.account, there.place.region) == (here.account, here.region):
            return []
        try:
            is_there = await self._stands(link, there)
        except PrivateLinkError as error:
            if error.waiting_helps and not isinstance(error, NotAllowed):
                raise
            return [_unlooked(link, here, there.place, error)]
        return [stands_at(str(link), link, here, there.place)] if is_there else []

    async def _stands(self, link: Link, there: Remembered) -> bool:
        account = self._aws.account(there.aws)
        account_id = await account.account_id()
        if account_id != there.place.account:
            raise CredentialsRefused(
                f"reaching account {there.place.account}: the worker's credentials are of account {account_id}",
                resource=there.place.account,
                next_step=f"use a worker with credentials of account {there.place.account}",
            )
        found = await look_at_aws(account, RemovalScope(link=link, aws=there.aws))
        return found.is_tagged or bool(found.strays)


def _unlooked(link: Link, here: Place, there: Place, error: PrivateLinkError) -> Finding:
    details = error.details_model
    return Finding(
        type=FindingType.LINK_ELSEWHERE,
        resource=str(link),
        message=f"Temporal remembers the link in {there}, which could not be looked at ({details.message}), and this "
        f"request is for {here}",
        next_step=f"{details.next_step}; then repeat this, or remove the link there: `privatelink delete {link}`",
    )
