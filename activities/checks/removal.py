"""What a check before a delete can find: each finding names what is in the way, and what to do about it."""

from activities.checks.address_users import in_use_finding
from activities.checks.connection_matching import foreign_finding
from activities.checks.connector import users_finding
from activities.scopes import RemovalScope
from activities.support.inventory import LinkInventory
from activities.support.inventory_reader import InventoryReader
from clouds.aws.endpoint_connections import FoundConnection
from clouds.aws.target_groups import FoundTargetGroup
from clouds.emqx.wire import PrivateLinkRow, PrivateLinkState
from privatelink.errors import Finding, FindingType


async def removal_findings(inventory: InventoryReader, found: LinkInventory) -> list[Finding]:
    """Every reason to refuse a delete, by what the inventory found and what it looks at only for this."""
    spec, at_aws, at_emqx = found.spec, found.at_aws, found.at_emqx
    findings = [
        *found.elsewhere,
        *await inventory.remembered(found),
        *(_not_running(row) for row in at_emqx.private_links if not _may_go(row, found)),
        *(in_use_finding(connector) for connector in at_emqx.others),
        *(users_finding(connector) for connector in at_emqx.connectors if connector.dependants),
        *(_foreign(connection, found) for connection in at_aws.connections if not found.owns(connection)),
        *(stray.finding() for stray in at_aws.strays),
        *(_shared(group, users) for group in at_aws.target_groups if (users := _users_of_others(group, found))),
        *(_protected(arn, spec) for arn in await inventory.protected(found)),
    ]
    if at_emqx.region and at_emqx.region != spec.aws.region:
        findings.insert(0, _wrong_region(spec, at_emqx.region))
    if at_emqx.is_unlooked and not spec.ignore_deployment:
        findings.append(_no_key(spec))
    if not at_emqx.deployment_exists and (at_aws.connections or not found.ids):
        findings.insert(0, _unknown_deployment(spec))
    return findings


def _may_go(row: PrivateLinkRow, found: LinkInventory) -> bool:
    """Running, or terminated (a delete is already under way); anything else only with `allow_failed`.

    If its create never ended well, it carries no traffic yet and may go in any state: a terminated create leaves it so.
    """
    if found.spec.allow_failed or row.state in {PrivateLinkState.RUNNING, PrivateLinkState.TERMINATED}:
        return True
    return bool(found.at_aws.services) and not found.at_aws.is_complete


def _not_running(row: PrivateLinkRow) -> Finding:
    why = f" ({row.why})" if row.state is PrivateLinkState.FAILED else ""
    return Finding(
        type=FindingType.PRIVATE_LINK_NOT_RUNNING,
        resource=row.private_link_id,
        message=f"the PrivateLink's status is {row.status}, not running{why}",
        next_step="wait until it is running, or delete it with allow_failed",
    )


def _foreign(connection: FoundConnection, found: LinkInventory) -> Finding:
    marked = connection.vpc_endpoint_id in {service.vpc_endpoint_id for service in found.at_aws.services}
    if marked and found.spec.consumer_account_id:
        return Finding(
            type=FindingType.FOREIGN_ENDPOINT,
            resource=connection.vpc_endpoint_id,
            message=f"it is the link's own endpoint, but its owner is not the account of principal_arn "
            f"({found.spec.consumer_account_id}): {connection}",
            next_step=f"give platform.principal_arn of account {connection.owner}, with which the link was made",
        )
    return foreign_finding(connection)


def _users_of_others(group: FoundTargetGroup, found: LinkInventory) -> list[str]:
    of_link = {*found.at_aws.load_balancers, *(stray.id for stray in found.at_aws.strays)}
    return [arn for arn in group.load_balancer_arns if arn not in of_link]


def _shared(group: FoundTargetGroup, users: list[str]) -> Finding:
    return Finding(
        type=FindingType.IN_USE_BY_OTHERS,
        resource=group.arn,
        message=f"a load balancer that is not the link's forwards to its target group: {', '.join(users)}",
        next_step="have that load balancer forward to another target group",
    )


def _protected(arn: str, spec: RemovalScope) -> Finding:
    return Finding(
        type=FindingType.DELETION_PROTECTED,
        resource=arn,
        message="the load balancer has deletion protection: whoever switched it on did not want it deleted",
        next_step="if the link may be deleted, switch it off: "
        f"`aws elbv2 modify-load-balancer-attributes --region {spec.aws.region} --load-balancer-arn {arn} "
        "--attributes Key=deletion_protection.enabled,Value=false`",
    )


def _wrong_region(spec: RemovalScope, region: str) -> Finding:
    return Finding(
        type=FindingType.REGION_MISMATCH,
        resource="aws.region",
        message=f"it is {spec.aws.region}, and deployment {spec.link.deployment} is in {region}, so the link is too",
        next_step=f"give aws.region {region}",
    )


def _no_key(spec: RemovalScope) -> Finding:
    return Finding(
        type=FindingType.KEY_MISSING,
        resource=spec.link.deployment,
        message="the worker has no API key of this deployment, so it cannot see whether a connector is the link's or "
        "uses its address",
        next_step="give the worker the key (EMQXCLOUD_DEPLOYMENT_ENDPOINT, _API_KEY and _API_SECRET, or the file that "
        "PRIVATELINK_SETTINGS names); or, if nothing there uses the link: "
        f"`privatelink delete {spec.link} --ignore-deployment`",
    )


def _unknown_deployment(spec: RemovalScope) -> Finding:
    return Finding(
        type=FindingType.UNKNOWN_DEPLOYMENT,
        resource=spec.link.deployment,
        message="the platform does not know this deployment",
        next_step="correct the deployment's id, or use an API key that can see it",
    )
