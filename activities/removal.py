"""What a removal may do, and what it left: the checks before a delete, and the list of what still stands."""

from temporalio import activity

from activities.address_users import AddressUsers
from activities.specs import RemovalFacts, RemovalSpec
from activities.standing import Onlooker, Standing
from clouds.aws.endpoint_connections import FoundConnection
from clouds.emqx.wire import ConnectorRow, PrivateLinkRow, PrivateLinkState
from privatelink.errors import Finding, FindingType, Leftover, RemovalRefused


class Removals:
    """The steps about a removal as a whole."""

    def __init__(self, onlooker: Onlooker, users: AddressUsers) -> None:
        """`onlooker` sees both clouds, `users` who dials the link's address."""
        self._onlooker = onlooker
        self._users = users

    @activity.defn
    async def check_removal(self, spec: RemovalSpec) -> RemovalFacts:
        """Find everything of the link before any of it is removed; no ids means that there is nothing. Changes nothing.

        Raises `RemovalRefused` with every finding: the PrivateLink is not `running` (with `allow_failed` it may be
        anything), connectors of others still use the address, the link's own connector has actions or sources, an
        endpoint that is not the link's stands on the endpoint service (EMQX: "Delete the PrivateLink"), the role may be
        assumed without its external id (nothing else is looked at then). Connectors are
        not looked at where the worker has no API key of the deployment, which the log says.
        """
        if untrusted := await self._onlooker.trust_findings(spec):
            raise RemovalRefused.of_findings(untrusted)
        found = await self._onlooker.look(spec)
        ids = found.ids
        findings = _findings(found) + await self._users.findings(spec, found.addresses)
        if findings and (ids or not found.at_emqx.deployment_exists):
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
        return [
            Leftover(
                kind=thing.kind,
                id=thing.id,
                reason=f"still there, {thing.state}" if thing.state else "still there",
                console=thing.console,
            )
            for thing in (await self._onlooker.look(spec)).things()
        ]


def _findings(found: Standing) -> list[Finding]:
    spec, at_aws, at_emqx = found
    findings = [
        *(_not_running(row) for row in at_emqx.private_links if not _may_go(row, spec)),
        *(_in_use(connector) for connector in at_emqx.others),
        *(_has_dependants(connector) for connector in at_emqx.connectors if connector.dependants),
        *(_foreign(connection) for connection in at_aws.connections if not found.owns(connection)),
    ]
    if not at_emqx.deployment_exists and (at_aws.connections or not found.ids):
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
