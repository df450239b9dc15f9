"""Where a link is: the one comparison that refuses a saga of another account, region or platform mode.

A link has one place. At EMQX our descriptions name it, and the name of an endpoint service contains its region and ID.
At AWS a tag names the platform mode; what AWS shows is in the account and region that were asked.
"""

import re
from collections.abc import Iterable, Sequence

from clouds.aws.accounts import AwsAccount
from clouds.emqx.wire import ConnectorRow, PrivateLinkRow, PrivateLinkState
from privatelink.errors import Finding, FindingType
from privatelink.model.names import Link, Place

_SERVICE_NAME = re.compile(r"\.vpce\.(?P<region>[a-z0-9-]+)\.vpce-svc-[0-9a-f]+$")
"""Name of an endpoint service, as in `com.amazonaws.vpce.us-east-1.vpce-svc-0a1b` (API_ServiceDetail, ServiceName)."""


async def elsewhere_findings(
    account: AwsAccount,
    link: Link,
    here: Place,
    *,
    rows: Sequence[PrivateLinkRow] = (),
    connectors: Sequence[ConnectorRow] = (),
    modes: Iterable[str] = (),
    failed_may_go: bool = False,
) -> list[Finding]:
    """What shows that the link is in another place than `here`; empty if nothing does.

    `modes`: the platform modes in the tags of what AWS shows of the link. A PrivateLink whose description is from an
    earlier version names no place, so it must lead to an endpoint service that this account and region show. With
    `failed_may_go` a failed one need not, because its endpoint service may be deleted.
    """
    findings = [
        stands_at(thing_id, link, here, one.place)
        for thing_id, one in (
            *((row.private_link_id, row) for row in rows),
            *((connector.id, connector) for connector in connectors),
        )
        if one.is_of(link) and one.place and one.place != here
    ]
    findings += [
        stands_at(
            str(link), link, here, Place.model_validate({"account": here.account, "region": here.region, "mode": mode})
        )
        for mode in sorted(set(modes) - {"", here.mode})
    ]
    unplaced = [
        row for row in rows if row.is_of(link) and row.place is None and not _is_going(row, failed_may_go=failed_may_go)
    ]
    if unplaced:
        shown = {service.service_name for service in await account.pollers.endpoint_services.reading()}
        findings += [_leads_elsewhere(row, link, here) for row in unplaced if row.service_name not in shown]
    return findings


def _is_going(row: PrivateLinkRow, *, failed_may_go: bool) -> bool:
    return row.state is PrivateLinkState.TERMINATED or (failed_may_go and row.state is PrivateLinkState.FAILED)


def stands_at(resource: str, link: Link, here: Place, there: Place) -> Finding:
    """The refusal of a request for `here`, because something shows that the link is `there`."""
    asked, right = [], []
    if there.account != here.account:
        asked.append(f"account {here.account}")
        right.append(f"an aws.role_arn of account {there.account} (or use a worker of it)")
    if there.region != here.region:
        asked.append(f"region {here.region}")
        right.append(f"aws.region {there.region}")
    if there.mode != here.mode:
        asked.append(f"platform mode {here.mode}")
        right.append(f"platform.mode {there.mode}")
    return Finding(
        type=FindingType.LINK_ELSEWHERE,
        resource=resource,
        message=f"the link is in {there}; this request is for {', '.join(asked)}",
        next_step=f"give the request {' and '.join(right)}; {_to_remove(link)}",
    )


def _to_remove(link: Link) -> str:
    return (
        f"to delete the link where it is, run `privatelink delete {link}`, or `privatelink delete -f FILE` with the "
        "request corrected in this way"
    )


def _leads_elsewhere(row: PrivateLinkRow, link: Link, here: Place) -> Finding:
    match = _SERVICE_NAME.search(row.service_name)
    where = f"region {match['region']}" if match and match["region"] != here.region else "another account"
    return Finding(
        type=FindingType.LINK_ELSEWHERE,
        resource=row.private_link_id,
        message=f"the PrivateLink leads to {row.service_name or 'no endpoint service'}, which account {here.account} "
        f"does not have in {here.region}: the link is in {where}",
        next_step="give the request the region, and a role (or use a worker), of the account that has it; "
        + _to_remove(link),
    )
