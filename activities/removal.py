"""What a removal may do, and what it left: the checks before a delete, and the list of what still stands."""

import asyncio
from typing import NamedTuple

from temporalio import activity

from activities.consoles import (
    connector_page,
    endpoint_service_page,
    listener_page,
    load_balancer_page,
    private_link_page,
    target_group_page,
)
from activities.specs import RemovalFacts, RemovalSpec
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.aws.endpoint_connections import FoundConnection, read_endpoint_connections
from clouds.aws.endpoint_services import FoundEndpointService, find_endpoint_services
from clouds.aws.listeners import find_listeners
from clouds.aws.load_balancers import find_load_balancer
from clouds.aws.target_groups import find_target_groups
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.platform import Platform
from clouds.emqx.wire import ConnectorRow, PrivateLinkRow, PrivateLinkState
from privatelink.errors import Finding, FindingType, Leftover, RemovalRefused


class _AtAws(NamedTuple):
    """What AWS has within a removal's scope: ids by kind, in the order of removal."""

    services: list[FoundEndpointService]
    connections: list[FoundConnection]
    listeners: list[str]
    load_balancers: list[str]
    target_groups: list[str]


class _AtEmqx(NamedTuple):
    """What EMQX has of the link; `deployment_exists` False: the platform does not know the deployment (any more)."""

    deployment_exists: bool
    private_links: list[PrivateLinkRow]
    connectors: list[ConnectorRow]
    others: list[ConnectorRow]


class Removals:
    """The steps about a removal as a whole."""

    def __init__(self, aws: AwsAccounts, platform: Platform, deployment_apis: DeploymentApis) -> None:
        """The clouds in which a link stands."""
        self._aws = aws
        self._platform = platform
        self._deployment_apis = deployment_apis

    @activity.defn
    async def check_removal(self, spec: RemovalSpec) -> RemovalFacts:
        """Find everything of the link before any of it is removed; no ids means that there is nothing. Changes nothing.

        Raises `RemovalRefused` with every finding: the PrivateLink is not `running` (with `allow_failed` it may be
        anything), connectors of others still use the address, the link's own connector has actions or sources, an
        endpoint that is not the link's stands on the endpoint service (EMQX: "Delete the PrivateLink"). Connectors are
        not looked at where the worker has no API key of the deployment, which the log says.
        """
        at_aws = await _look_at_aws(self._aws.account(spec.aws), spec)
        at_emqx = await self._look_at_emqx(spec, at_aws)
        ids = _ids(at_aws, at_emqx)
        findings = _findings(spec, at_aws, at_emqx)
        if findings and (ids or not at_emqx.deployment_exists):
            sentences = "; ".join(f"{finding.concerns}: {finding.sentence}" for finding in findings)
            raise RemovalRefused(
                f"deleting {spec.link}: {sentences}",
                concerns=str(spec.link),
                next_step="; ".join(dict.fromkeys(finding.next_step for finding in findings)),
                findings=tuple(findings),
            )
        return RemovalFacts(ids=tuple(ids))

    @activity.defn
    async def find_leftovers(self, spec: RemovalSpec) -> list[Leftover]:
        """List what the removal's scope still holds, each thing with its kind, id and console, in order of removal."""
        at_aws = await _look_at_aws(self._aws.account(spec.aws), spec)
        at_emqx = await self._look_at_emqx(spec, at_aws)
        region = spec.aws.region
        # The platform lists one page of PrivateLinks, the deployment one of connectors: neither has a page by id.
        at_connectors, at_private_links = connector_page(spec.link), private_link_page(spec.link)
        return [
            *(
                _leftover("connector", one.id, at_connectors, one.status)
                for one in at_emqx.connectors
                if _in_scope(spec, at_aws, one)
            ),
            *(
                _leftover("PrivateLink", one.private_link_id, at_private_links, one.status)
                for one in at_emqx.private_links
                if _in_scope(spec, at_aws, one)
            ),
            *(
                _leftover(
                    "endpoint connection", one.vpc_endpoint_id, endpoint_service_page(region, one.service_id), one.state
                )
                for one in at_aws.connections
            ),
            *(
                _leftover("endpoint service", one.service_id, endpoint_service_page(region, one.service_id), one.state)
                for one in at_aws.services
            ),
            *(_leftover("listener", arn, listener_page(region, arn)) for arn in at_aws.listeners),
            *(_leftover("load balancer", arn, load_balancer_page(region, arn)) for arn in at_aws.load_balancers),
            *(_leftover("target group", arn, target_group_page(region, arn)) for arn in at_aws.target_groups),
        ]

    async def _look_at_emqx(self, spec: RemovalSpec, at_aws: _AtAws) -> _AtEmqx:
        deployment = spec.link.deployment
        if await self._platform.get_deployment(deployment) is None:
            return _AtEmqx(deployment_exists=False, private_links=[], connectors=[], others=[])
        service_names = {service.service_name for service in at_aws.services}
        private_links = [
            row
            for row in await self._platform.list_private_links(deployment)
            if row.is_of(spec.link) or (row.service_name in service_names and not row.is_of_another(spec.link))
        ]
        connectors, others = await self._look_at_connectors(spec, {row.address for row in private_links if row.address})
        return _AtEmqx(deployment_exists=True, private_links=private_links, connectors=connectors, others=others)

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
        own = [connector for connector in await api.list_connectors() if connector.is_of(spec.link)]
        others = [one for address in sorted(addresses) for one in await api.connectors_of_others(spec.link, address)]
        return own, others


def _leftover(kind: str, found_id: str, console: str, state: str = "") -> Leftover:
    reason = f"still there, {state}" if state else "still there"
    return Leftover(kind=kind, id=found_id, reason=reason, console=console)


async def _look_at_aws(account: AwsAccount, spec: RemovalSpec) -> _AtAws:
    services, load_balancer, target_groups = await asyncio.gather(
        find_endpoint_services(account, spec.link),
        find_load_balancer(account, spec.link),
        find_target_groups(account, spec.link),
    )
    services = [one for one in services if one.ownership.is_in_scope(spec.link, spec.saga_id)]
    service_ids = {service.service_id for service in services}
    connections = await read_endpoint_connections(account) if services else []
    listeners = await find_listeners(account, load_balancer.arn) if load_balancer else []
    return _AtAws(
        services=services,
        connections=[one for one in connections if one.service_id in service_ids and one.is_live],
        listeners=[one.arn for one in listeners if one.ownership.is_in_scope(spec.link, spec.saga_id)],
        load_balancers=[
            one.arn for one in [load_balancer] if one and one.ownership.is_in_scope(spec.link, spec.saga_id)
        ],
        target_groups=[one.arn for one in target_groups if one.ownership.is_in_scope(spec.link, spec.saga_id)],
    )


def _in_scope(spec: RemovalSpec, at_aws: _AtAws, row: PrivateLinkRow | ConnectorRow) -> bool:
    """Whether a rollback's scope holds it: made by its saga, or adopted with the endpoint service."""
    return spec.saga_id in {None, row.saga_id} or any(service.saga_id == spec.saga_id for service in at_aws.services)


def _is_own(connection: FoundConnection, at_aws: _AtAws, at_emqx: _AtEmqx) -> bool:
    """Whether the connection was proven to be the link's, or the platform names it as the PrivateLink's."""
    marked = {service.vpc_endpoint_id for service in at_aws.services}
    named = {row.vpc_endpoint_id for row in at_emqx.private_links}
    return connection.vpc_endpoint_id in marked | named


def _ids(at_aws: _AtAws, at_emqx: _AtEmqx) -> list[str]:
    return [
        *(one.id for one in at_emqx.connectors),
        *(one.private_link_id for one in at_emqx.private_links),
        *(one.vpc_endpoint_id for one in at_aws.connections if _is_own(one, at_aws, at_emqx)),
        *(one.service_id for one in at_aws.services),
        *at_aws.listeners,
        *at_aws.load_balancers,
        *at_aws.target_groups,
    ]


def _findings(spec: RemovalSpec, at_aws: _AtAws, at_emqx: _AtEmqx) -> list[Finding]:
    findings = [
        *(_not_running(row) for row in at_emqx.private_links if not _may_go(row, spec)),
        *(_in_use(connector) for connector in at_emqx.others),
        *(_has_dependants(connector) for connector in at_emqx.connectors if connector.dependants),
        *(_foreign(connection) for connection in at_aws.connections if not _is_own(connection, at_aws, at_emqx)),
    ]
    if not at_emqx.deployment_exists and (at_aws.connections or not _ids(at_aws, at_emqx)):
        findings.insert(0, _unknown_deployment(spec))
    return findings


def _may_go(row: PrivateLinkRow, spec: RemovalSpec) -> bool:
    """Running; or terminated, which is a delete already under way; anything else by explicit choice alone."""
    return spec.allow_failed or row.state in {PrivateLinkState.RUNNING, PrivateLinkState.TERMINATED}


def _not_running(row: PrivateLinkRow) -> Finding:
    why = f" ({row.why})" if row.state is PrivateLinkState.FAILED else ""
    return Finding(
        type=FindingType.PRIVATE_LINK_NOT_RUNNING,
        concerns=row.private_link_id,
        sentence=f"the PrivateLink's status is {row.status}, not running{why}",
        next_step="wait until it is running, or delete it with allow_failed",
    )


def _in_use(connector: ConnectorRow) -> Finding:
    users = f", for {', '.join(connector.dependants)}" if connector.dependants else ""
    return Finding(
        type=FindingType.ADDRESS_IN_USE,
        concerns=connector.id,
        sentence=f"the connector uses the address{users}",
        next_step="point those connectors elsewhere, or delete them",
    )


def _has_dependants(connector: ConnectorRow) -> Finding:
    return Finding(
        type=FindingType.ADDRESS_IN_USE,
        concerns=connector.id,
        sentence=f"the link's own connector is used by {', '.join(connector.dependants)}",
        next_step="delete those actions and sources, or give them another connector",
    )


def _foreign(connection: FoundConnection) -> Finding:
    return Finding(
        type=FindingType.FOREIGN_ENDPOINT,
        concerns=connection.vpc_endpoint_id,
        sentence=f"an endpoint that is not known as this link's stands on its endpoint service: {connection}",
        next_step="have its owner delete it, or reject it in AWS's console",
    )


def _unknown_deployment(spec: RemovalSpec) -> Finding:
    return Finding(
        type=FindingType.UNKNOWN_DEPLOYMENT,
        concerns=spec.link.deployment,
        sentence="the platform does not know this deployment",
        next_step="correct the deployment's id, or use the API key that sees it",
    )
