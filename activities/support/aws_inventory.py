"""What exists of a link at AWS, found by tag and name: one look at everything that can be the link's."""

import asyncio
from typing import NamedTuple

from activities.scopes import RemovalScope
from activities.support.strays import Stray, strays
from clouds.aws.accounts import AwsAccount
from clouds.aws.endpoint_connections import FoundConnection
from clouds.aws.endpoint_services import DELETED, FoundEndpointService
from clouds.aws.listeners import find_listeners
from clouds.aws.load_balancers import find_load_balancer
from clouds.aws.target_groups import FoundTargetGroup, find_target_groups


class AwsInventory(NamedTuple):
    """What AWS has within a removal's scope: IDs by kind, in the order of removal.

    `strays` carry no tag of the link. `is_tagged`: something does. `modes`: the platform modes in the tags of
    everything that does. `is_complete`: a create of the link ended well, and its endpoint service exists.
    """

    services: list[FoundEndpointService]
    connections: list[FoundConnection]
    listeners: list[str]
    load_balancers: list[str]
    target_groups: list[FoundTargetGroup]
    strays: list[Stray]
    modes: set[str]
    is_tagged: bool
    is_complete: bool


async def look_at_aws(account: AwsAccount, spec: RemovalScope) -> AwsInventory:
    """What the account has of the link within the scope of `spec`."""
    link = spec.link
    shown, load_balancer, target_groups = await asyncio.gather(
        account.pollers.endpoint_services.reading(),
        find_load_balancer(account, link),
        find_target_groups(account, link),
    )
    listeners = await find_listeners(account, load_balancer.arn) if load_balancer else []
    of_link = [one for one in shown if one.ownership.belongs_to(link) and one.state != DELETED]
    services = [one for one in of_link if one.ownership.is_in_scope(link, spec.saga_id)]
    service_ids = {service.service_id for service in services}
    connections = await account.pollers.endpoint_connections.reading() if services else []
    load_balancers = [one.arn for one in [load_balancer] if one and one.ownership.is_in_scope(link, spec.saga_id)]
    tagged = [
        *(one.ownership for one in of_link),
        *(one.ownership for one in listeners),
        *(one.ownership for one in target_groups),
        *(one.ownership for one in [load_balancer] if one),
    ]
    stray = strays(
        link,
        spec.aws.region,
        load_balancer=load_balancer,
        target_groups=target_groups,
        listeners=listeners,
        services=shown,
    )
    return AwsInventory(
        services=services,
        connections=[one for one in connections if one.service_id in service_ids and one.is_live],
        listeners=[one.arn for one in listeners if one.ownership.is_in_scope(link, spec.saga_id)],
        load_balancers=load_balancers,
        target_groups=[one for one in target_groups if one.ownership.is_in_scope(link, spec.saga_id)],
        strays=[one for one in stray if _concerns(one, spec, load_balancers)],
        modes={one.mode for one in tagged if one.belongs_to(link)},
        is_tagged=any(one.belongs_to(link) for one in tagged),
        is_complete=any(one.complete and one.is_live for one in of_link),
    )


def _concerns(stray: Stray, spec: RemovalScope, load_balancers: list[str]) -> bool:
    """Whether a removal must report the stray. A delete reports every one.

    A rollback reports what its saga recorded, and what its load balancer would take along when it is deleted. A name
    that somebody took in the meantime is neither.
    """
    if spec.saga_id is None or stray.id in spec.recorded:
        return True
    return bool(load_balancers) and not stray.is_named
