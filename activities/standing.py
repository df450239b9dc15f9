"""What stands of a link in both clouds, found by identity: for the checks of a removal, and for whoever asks."""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from temporalio import activity

from activities.consoles import endpoint_service_page, listener_page, load_balancer_page, target_group_page
from activities.provider_findings import trust_findings
from activities.specs import RemovalSpec
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.endpoint_connections import FoundConnection
from clouds.aws.endpoint_services import FoundEndpointService, find_endpoint_services
from clouds.aws.listeners import find_listeners
from clouds.aws.load_balancers import find_load_balancer
from clouds.aws.target_groups import find_target_groups
from clouds.emqx.console import connector_page, private_link_page
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.emqx.wire import ConnectorRow, PrivateLinkRow
from privatelink.errors import Finding
from privatelink.result import FoundThing


class AtAws(NamedTuple):
    """What AWS has within a removal's scope: ids by kind, in the order of removal."""

    services: list[FoundEndpointService]
    connections: list[FoundConnection]
    listeners: list[str]
    load_balancers: list[str]
    target_groups: list[str]


class AtEmqx(NamedTuple):
    """What EMQX has of the link; `deployment_exists` False: the platform does not know the deployment (any more)."""

    deployment_exists: bool
    private_links: list[PrivateLinkRow]
    connectors: list[ConnectorRow]
    others: list[ConnectorRow]


class Standing(NamedTuple):
    """Both sides, within the scope of `spec`."""

    spec: RemovalSpec
    at_aws: AtAws
    at_emqx: AtEmqx

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
            *self.at_aws.target_groups,
        ]

    @property
    def addresses(self) -> set[str]:
        """The names under which the link is dialled: the platform's, and AWS's for the endpoints that stand there."""
        rows = {row.address for row in self.at_emqx.private_links}
        return (rows | {one.dns_name for one in self.at_aws.connections}) - {""}

    def owns(self, connection: FoundConnection) -> bool:
        """Whether the connection was proven to be the link's, or the platform names it as the PrivateLink's.

        In console mode it is the deployment's account's: a person deletes what it belongs to, or does not.
        """
        if connection.owner == self.spec.consumer_account_id:
            return True
        marked = {service.vpc_endpoint_id for service in self.at_aws.services}
        named = {row.vpc_endpoint_id for row in self.at_emqx.private_links}
        return connection.vpc_endpoint_id in marked | named

    def things(self) -> Iterator[FoundThing]:
        """Each thing of the scope with its console, in order of removal."""
        spec, at_aws, region = self.spec, self.at_aws, self.spec.aws.region
        # The platform lists one page of PrivateLinks, the deployment one of connectors: neither has a page by id.
        for connector in self.at_emqx.connectors:
            if self._holds(connector):
                yield _thing("connector", connector.id, connector_page(spec.link), connector.status)
        for row in self.at_emqx.private_links:
            if self._holds(row):
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
            ("target group", at_aws.target_groups, target_group_page),
        ):
            for arn in arns:
                yield _thing(kind, arn, page_of(region, arn))

    def _holds(self, row: PrivateLinkRow | ConnectorRow) -> bool:
        """Whether a rollback's scope holds it: made by its saga, or as incomplete as the endpoint service in it."""
        return self.spec.saga_id in {None, row.saga_id} or bool(self.at_aws.services)


class Onlooker:
    """Looks at both clouds, and changes nothing."""

    def __init__(self, aws: AwsAccounts, platform: Platform, deployment_apis: DeploymentApis) -> None:
        """The clouds in which a link stands."""
        self._aws = aws
        self._platform = platform
        self._deployment_apis = deployment_apis

    async def trust_findings(self, spec: RemovalSpec) -> list[Finding]:
        """What is wrong with the trust policy of the role that the look would assume."""
        return await trust_findings(self._aws.account(spec.aws), spec.aws)

    async def look(self, spec: RemovalSpec) -> Standing:
        """What stands of the link within the scope.

        Connectors only where the worker has an API key of the deployment; where it has none the log says so.
        """
        at_aws = await _look_at_aws(self._aws.account(spec.aws), spec)
        return Standing(spec, at_aws, await self._look_at_emqx(spec, at_aws))

    async def _look_at_emqx(self, spec: RemovalSpec, at_aws: AtAws) -> AtEmqx:
        deployment = spec.link.deployment
        if spec.consumer_account_id:
            names = {one.dns_name for one in at_aws.connections if one.dns_name}
            connectors, others = await self._look_at_connectors(spec, names)
            return AtEmqx(deployment_exists=True, private_links=[], connectors=connectors, others=others)
        if await self._platform.get_deployment(deployment) is None:
            return AtEmqx(deployment_exists=False, private_links=[], connectors=[], others=[])
        service_names = {service.service_name for service in at_aws.services}
        private_links = [
            row
            for row in await self._platform.private_links(deployment).reading()
            if row.is_of(spec.link) or (row.service_name in service_names and not row.is_of_another(spec.link))
        ]
        connectors, others = await self._look_at_connectors(spec, {row.address for row in private_links if row.address})
        return AtEmqx(deployment_exists=True, private_links=private_links, connectors=connectors, others=others)

    async def _look_at_connectors(
        self, spec: RemovalSpec, addresses: set[str]
    ) -> tuple[list[ConnectorRow], list[ConnectorRow]]:
        api = self._deployment_apis.find(spec.link.deployment)
        if api is None:
            activity.logger.warning(
                "the connectors of %s are not looked at: the worker has no API key of it",
                spec.link.deployment,
                extra={"deployment": spec.link.deployment},
            )
            return [], []
        connectors = await api.connectors.reading()
        own = [one for one in connectors if one.is_of(spec.link)]
        others = [one for one in connectors if not one.is_of(spec.link) and any(map(one.dials, addresses))]
        return own, others


def _thing(kind: str, found_id: str, console: str, state: str = "") -> FoundThing:
    return FoundThing(kind=kind, id=found_id, state=state, console=console)


async def _look_at_aws(account: AwsAccount, spec: RemovalSpec) -> AtAws:
    services, load_balancer, target_groups = await asyncio.gather(
        find_endpoint_services(account, spec.link),
        find_load_balancer(account, spec.link),
        find_target_groups(account, spec.link),
    )
    services = [one for one in services if one.ownership.is_in_scope(spec.link, spec.saga_id)]
    service_ids = {service.service_id for service in services}
    connections = await account.views.endpoint_connections.reading() if services else []
    listeners = await find_listeners(account, load_balancer.arn) if load_balancer else []
    return AtAws(
        services=services,
        connections=[one for one in connections if one.service_id in service_ids and one.is_live],
        listeners=[one.arn for one in listeners if one.ownership.is_in_scope(spec.link, spec.saga_id)],
        load_balancers=[
            one.arn for one in [load_balancer] if one and one.ownership.is_in_scope(spec.link, spec.saga_id)
        ],
        target_groups=[one.arn for one in target_groups if one.ownership.is_in_scope(spec.link, spec.saga_id)],
    )
