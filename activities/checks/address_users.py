"""What uses a PrivateLink's address, and would break if the address went."""

from collections.abc import Iterable

from temporalio import activity

from activities.scopes import RemovalScope
from clouds.aws.endpoint_connections import FoundConnection
from clouds.emqx.address_holders import Holder, Unread
from clouds.emqx.deployment_api import DeploymentApis
from clouds.emqx.wire import ConnectorRow, PrivateLinkRow
from privatelink.errors import CloudRefused, Finding, FindingType, NotAllowed, RemovalRefused


class AddressUsers:
    """Finds what dials an address in a deployment, in every place where EMQX keeps one."""

    def __init__(self, deployment_apis: DeploymentApis) -> None:
        """Without an API key of a deployment, nothing in it is looked at."""
        self._apis = deployment_apis

    async def findings(self, spec: RemovalScope, addresses: set[str]) -> list[Finding]:
        """What uses one of the addresses, apart from connectors, and each place that the API key may not read."""
        api = self._apis.find(spec.link.deployment)
        if api is None or not addresses:
            return []
        holders = await api.holders.reading()
        found = [_holds_finding(one) for one in holders.found if any(map(one.dials, addresses))]
        return found + [_unread_finding(one, spec) for one in holders.unread]

    async def refuse_if_used(self, spec: RemovalScope, private_link_id: str, addresses: set[str]) -> None:
        """The last check, right before the PrivateLink is deleted. Raises `RemovalRefused` with every user.

        If the deployment refuses to show something, a delete raises that refusal, because its first check saw all of
        it. A delete that ignores the deployment goes on. So does a rollback: a create needs no such permission, and
        what it made would stay forever.
        """
        api = self._apis.find(spec.link.deployment)
        if api is None or not addresses:
            return
        try:
            connectors, holders = await api.connectors.reading(), await api.holders.reading()
        except (NotAllowed, CloudRefused) as error:
            if spec.saga_id is None and not spec.ignore_deployment:
                raise
            activity.logger.warning("not looking for what uses the address: %s", error)
            return
        users = [
            *(in_use_finding(one) for one in connectors if _is_a_user(one, spec, addresses)),
            *(_holds_finding(one) for one in holders.found if any(map(one.dials, addresses))),
        ]
        if users:
            doing = f"deleting the PrivateLink ({private_link_id})"
            raise RemovalRefused.of_findings(users, doing=doing, resource=private_link_id)
        if holders.unread and spec.saga_id is None and not spec.ignore_deployment:
            raise holders.unread[0].error
        for one in holders.unread:
            activity.logger.warning("not looking at %s of %s: %s", one.kind.path, spec.link.deployment, one.error)


def names_of(rows: Iterable[PrivateLinkRow], connections: Iterable[FoundConnection]) -> set[str]:
    """Every name under which a link is dialled: the platform's address, and AWS's names for its endpoint.

    An endpoint has one name for the whole region and one for each of its AZs (AWS PrivateLink guide, "Access an AWS
    service using an interface VPC endpoint", "Private DNS"). A person may have chosen any of them.
    """
    names = {row.address for row in rows} | {name for one in connections for name in one.dns_names}
    return names - {""}


def in_use_finding(connector: ConnectorRow) -> Finding:
    """A foreign connector that dials the address."""
    users = f", for {', '.join(connector.dependants)}" if connector.dependants else ""
    return Finding(
        type=FindingType.ADDRESS_IN_USE,
        resource=connector.id,
        message=f"the connector uses the address{users}",
        next_step="point those connectors elsewhere, or delete them",
    )


def _holds_finding(one: Holder) -> Finding:
    return Finding(
        type=FindingType.ADDRESS_IN_USE,
        resource=str(one),
        message=f"the {one} dials the address: {one.kind.harm}",
        next_step=f"point the {one} elsewhere, or delete it",
    )


def _unread_finding(one: Unread, spec: RemovalScope) -> Finding:
    return Finding(
        type=FindingType.PLACE_UNREAD,
        resource=one.kind.path,
        message=f"the API key may not read it, so it is not known whether any {one.kind.what} uses the address: "
        f"{one.error.details_model.message}",
        next_step=f"give the deployment's API key the scope {one.kind.scope} (GET {one.kind.path}); or, if nothing "
        f"there uses the link: `privatelink delete {spec.link} --ignore-deployment`",
    )


def _is_a_user(one: ConnectorRow, spec: RemovalScope, addresses: set[str]) -> bool:
    return not one.is_of(spec.link) and any(map(one.dials, addresses))
