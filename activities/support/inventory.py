"""What exists of a link in both clouds, within the scope of a removal or an inquiry."""

from collections.abc import Iterator
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
from privatelink.model.names import Place
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
        return [
            *(one.id for one in self.at_emqx.connectors),
            *(one.private_link_id for one in self.at_emqx.private_links),
            *(one.vpc_endpoint_id for one in self.at_aws.connections if self.owns(one)),
            *(one.service_id for one in self.at_aws.services),
            *self.at_aws.listeners,
            *self.at_aws.load_balancers,
            *(group.arn for group in self.at_aws.target_groups),
        ]

    @property
    def addresses(self) -> set[str]:
        """The names under which the link is dialled: the platform's, and AWS's for its live endpoints."""
        return names_of((*self.at_emqx.private_links, *self.at_emqx.by_hand), self.at_aws.connections)

    def owns(self, connection: FoundConnection) -> bool:
        """Whether the endpoint is the link's own."""
        named = (row.vpc_endpoint_id for row in self.at_emqx.private_links)
        return is_own(connection, self.spec, self.at_aws.services, named)

    def things(self) -> Iterator[FoundThing]:
        """Each resource in the scope with its console page, in order of removal."""
        spec, at_aws, region = self.spec, self.at_aws, self.spec.aws.region
        # The consoles list PrivateLinks on one page and connectors on another: neither has a page by ID.
        for connector in self.at_emqx.connectors:
            if self._holds(connector, connector.id):
                yield _thing("connector", connector.id, connector_page(spec.link), connector.status)
        for row in (*self.at_emqx.private_links, *self.at_emqx.by_hand):
            if self._holds(row, row.private_link_id, service_id_of(row)):
                yield _thing("PrivateLink", row.private_link_id, private_link_page(spec.link), row.status)
        for one in at_aws.connections:
            page = endpoint_service_page(region, one.service_id)
            yield _thing("endpoint connection", one.vpc_endpoint_id, page, one.state)
        for service in at_aws.services:
            page = endpoint_service_page(region, service.service_id)
            yield _thing("endpoint service", service.service_id, page, service.state)
        for kind, arns, page_of in (
            ("listener", at_aws.listeners, listener_page),
            ("load balancer", at_aws.load_balancers, load_balancer_page),
            ("target group", [group.arn for group in at_aws.target_groups], target_group_page),
        ):
            for arn in arns:
                yield _thing(kind, arn, page_of(region, arn))
        for stray in at_aws.strays:
            yield _thing(stray.kind, stray.id, stray.console, stray.words())

    def _holds(self, row: PrivateLinkRow | ConnectorRow, *ids: str) -> bool:
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


def _thing(kind: str, found_id: str, console: str, state: str = "") -> FoundThing:
    return FoundThing(kind=kind, id=found_id, state=state, console=console)
