"""What a removal may do, and what it left: the checks before a delete, and the last look after every removal."""

from datetime import UTC, datetime

from temporalio import activity

from activities.checks.address_users import AddressUsers
from activities.checks.removal import removal_findings
from activities.inputs import RemovalFacts
from activities.scopes import RemovalScope
from activities.support.emqx_console import connector_page, unseen_at_console
from activities.support.inventory import LinkInventory
from activities.support.inventory_reader import InventoryReader
from privatelink.errors import FindingType, Leftover, NotYet, RemovalRefused
from privatelink.pace import paced_delta

STALE_SECONDS = 120
"""Seconds after a removal in which a cloud may still show what was removed (EC2 is eventually consistent)."""


class Removals:
    """The steps about a removal as a whole."""

    def __init__(self, inventory: InventoryReader, users: AddressUsers) -> None:
        """`inventory` sees both clouds; `users` finds what dials the link's address."""
        self._inventory = inventory
        self._users = users

    @activity.defn
    async def check_removal(self, spec: RemovalScope) -> RemovalFacts:
        """Find everything of the link before any of it is removed; no IDs means that there is nothing. Changes nothing.

        Raises `RemovalRefused` with every finding:

        - the link is in another account, region or platform mode
        - the PrivateLink of a completed create is neither `running` nor being deleted (`allow_failed` permits any
          status)
        - something in the deployment uses the address, or cannot be looked at and the request does not allow that
        - the link's own connector has actions or sources
        - a foreign endpoint is attached to the endpoint service (EMQX: "Delete the PrivateLink")
        - something that belongs to the link by its name does not carry its tag
        - a foreign load balancer forwards to a target group of the link
        - the load balancer has deletion protection
        - the role may be assumed without its external ID (then nothing else is looked at)
        """
        if untrusted := await self._inventory.trust_findings(spec):
            raise RemovalRefused.of_findings(untrusted)
        found = await self._inventory.read(spec)
        findings = await removal_findings(self._inventory, found)
        users = [] if found.at_emqx.is_unlooked else await self._users.findings(spec, found.addresses)
        unread = [one.resource for one in users if one.type == FindingType.PLACE_UNREAD and spec.ignore_deployment]
        findings += [one for one in users if one.resource not in unread]
        if findings:
            raise RemovalRefused.of_findings(findings, doing=f"deleting {spec.link}", resource=str(spec.link))
        if found.at_emqx.is_unlooked:
            unread = ["the connectors, and what else may use the address"]
        not_looked_at = [f"{what} in deployment {spec.link.deployment}" for what in unread]
        if spec.consumer_account_id:
            not_looked_at.append(unseen_at_console(spec.link))
        return RemovalFacts(ids=tuple(found.ids), place=found.here, not_looked_at=tuple(not_looked_at))

    @activity.defn
    async def find_leftovers(self, spec: RemovalScope) -> list[Leftover]:
        """List what the removal's scope still holds, each with its kind, ID and console page, in order of removal.

        This includes what has the link's name without its tag, and what could not be looked at. Raises `NotYet` while
        all that a cloud shows was removed a moment ago.
        """
        # The start of the read counts: a slow read shows no later state.
        may_be_stale = datetime.now(UTC) < activity.info().scheduled_time + paced_delta(STALE_SECONDS)
        found = await self._inventory.read(spec)
        leftovers = [*_still_there(found), *_unlooked(found)]
        if leftovers and may_be_stale and {one.id for one in leftovers} <= set(spec.removed):
            ids = ", ".join(one.id for one in leftovers)
            raise NotYet(
                f"checking the removal of {spec.link}: what was removed is still listed: {ids}",
                resource=str(spec.link),
                retry_after=paced_delta(5),
            )
        return leftovers


def _still_there(found: LinkInventory) -> list[Leftover]:
    giving_back = {stray.id: stray.giving_back for stray in found.at_aws.strays}
    return [
        Leftover(
            kind=thing.kind,
            id=thing.id,
            reason=_reason(thing.state, giving_back.get(thing.id)),
            console=thing.console,
        )
        for thing in found.things()
    ]


def _reason(state: str, giving_back: str | None) -> str:
    if giving_back:
        return f"it {state}; if it is the link's, restore its tags: `{giving_back}`"
    return f"still there, {state}" if state else "still there"


def _unlooked(found: LinkInventory) -> list[Leftover]:
    spec = found.spec
    if spec.ignore_deployment or not found.at_emqx.is_unlooked:
        return []
    return [
        Leftover(
            kind="connectors",
            id=spec.link.deployment,
            reason="not looked at: the worker has no API key of the deployment",
            console=connector_page(spec.link),
        )
    ]
