"""What exists of a link in both clouds, within the scope of a removal or an inquiry."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from activities.checks.address_users import names_of
from activities.checks.connection_matching import is_own
from activities.scopes import RemovalScope
from activities.support.aws_inventory import AwsInventory
from activities.support.console_urls import endpoint_service_page, listener_page, load_balancer_page, target_group_page
from activities.support.emqx_console import connector_page, private_link_page
from clouds.aws.endpoint_connections import FoundConnection
from clouds.emqx.wire import ConnectorRow, PrivateLinkRow
from privatelink.errors import Finding
from privatelink.model.names import Link, Place
from privatelink.model.result import FoundThing


class EmqxInventory(NamedTuple):
    """What EMQX has of the link. `deployment_exists` False: the platform does not know the deployment (any more).

    `private_links`: those that the API makes. `by_hand`: those that a person makes at the console, if the worker has a
    key of the platform, which shows them. `others`: foreign connectors that dial the link's address. `is_unlooked`: the
    worker has no key of the deployment, so no connector was looked at. `region`: the deployment's, if it is known.
    """

    deployment_exists: bool = True
    private_links: tuple[PrivateLinkRow, ...] = ()
    by_hand: tuple[PrivateLinkRow, ...] = ()
    connectors: tuple[ConnectorRow, ...] = ()
    others: tuple[ConnectorRow, ...] = ()
    is_unlooked: bool = False
    region: str | None = None


class LinkInventory(NamedTuple):
    """Both sides, within the scope of `spec`. `elsewhere`: what shows that the link is in another place."""

    spec: RemovalScope
    here: Place
    at_aws: AwsInventory
    at_emqx: EmqxInventory
    elsewhere: list[Finding]

    @property
    def ids(self) -> list[str]:
        """What a delete would remove, in order of removal."""
        return [one.id for part in PARTS for one in part.seen(self) if one.is_removed]

    @property
    def addresses(self) -> set[str]:
        """The names under which the link is dialled: the platform's, and AWS's for its live endpoints."""
        return names_of((*self.at_emqx.private_links, *self.at_emqx.by_hand), self.at_aws.connections)

    def owns(self, connection: FoundConnection) -> bool:
        """Whether the endpoint is the link's own."""
        named = (row.vpc_endpoint_id for row in self.at_emqx.private_links)
        return is_own(connection, self.spec, self.at_aws.services, named)

    def things(self) -> Iterator[FoundThing]:
        """Each resource in the scope with its console page, in order of removal; then the strays."""
        link, region = self.spec.link, self.spec.aws.region
        for part in PARTS:
            for one in part.seen(self):
                console = one.console or part.page(link, region, one.id)
                yield FoundThing(kind=part.kind, id=one.id, state=one.state, console=console)
        for stray in self.at_aws.strays:
            console = part_of(stray.id).page(link, region, stray.id)
            yield FoundThing(kind=stray.kind, id=stray.id, state=stray.words(), console=console)

    def holds(self, row: PrivateLinkRow | ConnectorRow, *ids: str) -> bool:
        """Whether a rollback's scope holds it: its saga made it, or the scope holds the link's endpoint service.

        It also holds what the saga recorded as its own (by its ID, or by that of the resource it leads to), whatever
        the description says by now.
        """
        if self.spec.saga_id in {None, row.saga_id} or self.at_aws.services:
            return True
        return not set(ids).isdisjoint(self.spec.recorded) and not self.at_aws.is_complete


def service_id_of(row: PrivateLinkRow) -> str:
    """The last part of an endpoint service's name is its ID (API_ServiceDetail)."""
    return row.service_name.rpartition(".")[2]


class Seen(NamedTuple):
    """One resource of a part. `is_removed`: a delete removes it, unlike what a person removes or what is foreign.

    `console`: its page, if the part cannot tell it from the ID.
    """

    id: str
    state: str = ""
    is_removed: bool = True
    console: str = ""


class Part(NamedTuple):
    """A kind of resource that a link consists of.

    `id_begins`: how its ID or ARN begins. `seen`: what an inventory has of it. `url`: its page in AWS's console, by
    region and ID. `menu`: where EMQX's console lists it.
    """

    kind: str
    id_begins: str
    seen: Callable[[LinkInventory], Iterable[Seen]]
    url: Callable[[str, str], str] | None = None
    menu: Callable[[Link], str] | None = None

    def page(self, link: Link, region: str, made: str) -> str:
        """Where a person finds one by its ID; empty if no page can be told from that."""
        return self.menu(link) if self.menu else self.url(region, made) if self.url else ""


def _connectors(found: LinkInventory) -> Iterator[Seen]:
    return (Seen(one.id, one.status) for one in found.at_emqx.connectors if found.holds(one, one.id))


def _private_links(found: LinkInventory) -> Iterator[Seen]:
    for row in (*found.at_emqx.private_links, *found.at_emqx.by_hand):
        if found.holds(row, row.private_link_id, service_id_of(row)):
            yield Seen(row.private_link_id, row.status, is_removed=row in found.at_emqx.private_links)


def _connections(found: LinkInventory) -> Iterator[Seen]:
    for one in found.at_aws.connections:
        page = endpoint_service_page(found.spec.aws.region, one.service_id)
        yield Seen(one.vpc_endpoint_id, one.state, is_removed=found.owns(one), console=page)


def _services(found: LinkInventory) -> Iterator[Seen]:
    return (Seen(one.service_id, one.state) for one in found.at_aws.services)


def _listeners(found: LinkInventory) -> Iterator[Seen]:
    return map(Seen, found.at_aws.listeners)


def _load_balancers(found: LinkInventory) -> Iterator[Seen]:
    return map(Seen, found.at_aws.load_balancers)


def _target_groups(found: LinkInventory) -> Iterator[Seen]:
    return (Seen(one.arn) for one in found.at_aws.target_groups)


PARTS = (
    Part("connector", r"", _connectors, menu=connector_page),
    Part("PrivateLink", r"[^:]*$", _private_links, menu=private_link_page),
    Part("endpoint connection", r"vpce-", _connections),
    Part("endpoint service", r"vpce-svc-", _services, endpoint_service_page),
    Part("listener", r"arn:.*:listener/", _listeners, listener_page),
    Part("load balancer", r"arn:.*:loadbalancer/", _load_balancers, load_balancer_page),
    Part("target group", r"arn:.*:targetgroup/", _target_groups, target_group_page),
)
"""The parts of a link, in order of removal. An ID is compared with the last row first: the first rows take the rest."""


def part_of(made: str) -> Part:
    """The part that an ID or ARN belongs to."""
    return next(part for part in reversed(PARTS) if re.match(part.id_begins, made))
