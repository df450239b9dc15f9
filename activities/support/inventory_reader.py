"""Reads what exists of a link in both clouds, found by identity: for the checks of a removal, and for inquiries."""

from activities.checks.address_users import names_of
from activities.checks.provider import trust_findings
from activities.scopes import RemovalScope
from activities.support.aws_inventory import AwsInventory, look_at_aws
from activities.support.connector_listing import listed_connectors
from activities.support.inventory import EmqxInventory, LinkInventory, service_id_of
from activities.support.places import elsewhere_findings
from activities.support.remembered_places import RememberedPlaces, Remembering, nothing
from clouds.aws.accounts import AwsAccounts
from clouds.aws.endpoint_services import read_allowed_principals
from clouds.aws.load_balancers import is_deletion_protected
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.errors import NOT_FOUND
from clouds.emqx.labels import region_code
from clouds.emqx.platform import READ_SECONDS, Platform
from clouds.emqx.wire import Deployment, PrivateLinkRow, PrivateLinkState
from privatelink.errors import CloudRefused, Finding, FindingType
from privatelink.model.names import Place
from privatelink.model.request import ConsolePlatform


class InventoryReader:
    """Looks at both clouds, and changes nothing."""

    def __init__(
        self,
        aws: AwsAccounts,
        platform: Platform,
        deployment_apis: DeploymentApis,
        remembers: Remembering = nothing,
    ) -> None:
        """`remembers` is asked if AWS shows nothing of the link here."""
        self._aws = aws
        self._remembered = RememberedPlaces(aws, remembers)
        self._platform = platform
        self._deployment_apis = deployment_apis

    async def trust_findings(self, spec: RemovalScope) -> list[Finding]:
        """What is wrong with the trust policy of the role that the look would assume."""
        return await trust_findings(self._aws.account(spec.aws), spec.aws)

    async def read(self, spec: RemovalScope) -> LinkInventory:
        """What exists of the link within the scope, and what shows that it is elsewhere.

        If the deployment's connectors are not looked at (`listed_connectors`), the result says so.
        """
        account = self._aws.account(spec.aws)
        here = Place(account=await account.account_id(), region=spec.aws.region, mode=spec.platform.mode)
        at_aws = await look_at_aws(account, spec)
        seen = await self._look_at_emqx(spec, at_aws)
        elsewhere = await elsewhere_findings(
            account,
            spec.link,
            here,
            rows=(*seen.private_links, *seen.by_hand),
            connectors=seen.connectors,
            modes=at_aws.modes,
            failed_may_go=spec.allow_failed,
        )
        of_here = seen._replace(
            private_links=tuple(row for row in seen.private_links if not row.stands_elsewhere(here)),
            by_hand=tuple(row for row in seen.by_hand if not row.stands_elsewhere(here)),
            connectors=tuple(one for one in seen.connectors if not one.stands_elsewhere(here)),
        )
        return LinkInventory(spec, here, at_aws, of_here, elsewhere)

    async def remembered(self, found: LinkInventory) -> list[Finding]:
        """Where the link is remembered, if AWS shows nothing of it here."""
        if found.at_aws.is_tagged or found.elsewhere:
            return []
        return await self._remembered.findings(found.spec.link, found.here)

    async def foreign_principals(self, found: LinkInventory) -> list[Finding]:
        """Which principals, other than the deployment's, may connect to the link's endpoint service."""
        allowed = [
            (service.service_id, principal)
            for service in found.at_aws.services
            for principal in await read_allowed_principals(self._aws.account(found.spec.aws), service.service_id)
        ]
        if not allowed:
            return []
        own = await self._principal(found.spec)
        return [_foreign_principal(*one) for one in allowed if own and one[1] != own]

    async def _principal(self, spec: RemovalScope) -> str:
        """The deployment's principal; empty if the platform does not know the deployment any more."""
        if isinstance(spec.platform, ConsolePlatform):
            return spec.platform.principal_arn
        try:
            return (await self._platform.get_network(spec.link.deployment, not_older=READ_SECONDS)).aws_arn
        except CloudRefused as error:
            if error.cloud_code == NOT_FOUND:
                return ""
            raise

    async def protected(self, found: LinkInventory) -> list[str]:
        """The load balancers found that have deletion protection."""
        account = self._aws.account(found.spec.aws)
        return [arn for arn in found.at_aws.load_balancers if await is_deletion_protected(account, arn)]

    async def _look_at_emqx(self, spec: RemovalScope, at_aws: AwsInventory) -> EmqxInventory:
        by_console = spec.consumer_account_id is not None
        if by_console and not self._platform.is_configured:
            return await self._with_connectors(EmqxInventory(), spec, names_of((), at_aws.connections))
        deployment = await self._platform.get_deployment(spec.link.deployment, not_older=READ_SECONDS)
        if deployment is None:
            return EmqxInventory(deployment_exists=False)
        listed = await self._platform.private_links(spec.link.deployment).reading()
        rows = tuple(row for row in listed if _is_of_scope(row, spec, at_aws))
        if by_console:
            # A terminated one was deleted by a person, and goes by itself.
            by_hand = tuple(row for row in rows if row.state is not PrivateLinkState.TERMINATED)
            seen = EmqxInventory(by_hand=by_hand, region=_region_of(deployment))
        else:
            seen = EmqxInventory(private_links=rows, region=_region_of(deployment))
        return await self._with_connectors(seen, spec, names_of(rows, at_aws.connections))

    async def _with_connectors(self, seen: EmqxInventory, spec: RemovalScope, addresses: set[str]) -> EmqxInventory:
        listed = await listed_connectors(self._deployment_apis.find(spec.link.deployment), spec)
        if listed is None:
            return seen._replace(is_unlooked=True)
        own = tuple(one for one in listed if one.is_of(spec.link) or one.id in spec.recorded)
        others = tuple(one for one in listed if one not in own and any(map(one.dials, addresses)))
        return seen._replace(connectors=own, others=others)


def _foreign_principal(service_id: str, principal: str) -> Finding:
    return Finding(
        type=FindingType.FOREIGN_PRINCIPAL,
        resource=principal,
        message=f"it may connect to {service_id}, but is not the deployment's principal",
        next_step="repeat the create, which allows only the deployment's principal",
    )


def _is_of_scope(row: PrivateLinkRow, spec: RemovalScope, at_aws: AwsInventory) -> bool:
    link = spec.link
    if row.is_of(link) or row.private_link_id in spec.recorded:
        return True
    services = {service.service_id for service in at_aws.services} | {stray.id for stray in at_aws.strays}
    return service_id_of(row) in services | set(spec.recorded) and not row.is_of_another(link)


def _region_of(deployment: Deployment) -> str | None:
    return region_code(deployment.region)
