"""The service provider's account: the check before a create, and the mark that a create ended well."""

import asyncio

from temporalio import activity

from activities.checks.provider import existing_findings, subnet_findings, trust_findings
from activities.checks.targets import outside_of, target_findings
from activities.inputs import CompleteSpec, ProviderFacts, ProviderSpec
from activities.scopes import RemovalScope
from activities.support.adoption import may_exist
from activities.support.places import elsewhere_findings
from activities.support.remembered_places import RememberedPlaces, Remembering, nothing
from clouds.aws.accounts import AwsAccounts
from clouds.aws.endpoint_services import find_endpoint_services
from clouds.aws.tags import COMPLETE, Ownership, add_ec2_tags, add_elb_tags, read_elb_tags
from clouds.emqx.platform import READ_SECONDS, Platform
from clouds.emqx.wire import PrivateLinkRow
from privatelink.errors import RequestRefused
from privatelink.model.names import TAG_COMPLETE, Place
from privatelink.model.request import ConsolePlatform, PrivateLinkRequest


class Providers:
    """The steps about the service provider's side as a whole."""

    def __init__(self, aws: AwsAccounts, platform: Platform, remembers: Remembering = nothing) -> None:
        """`platform` shows whether the link is elsewhere; `remembers` is asked if AWS shows nothing of it here."""
        self._aws = aws
        self._platform = platform
        self._remembered = RememberedPlaces(aws, remembers)

    @activity.defn
    async def check_provider(self, spec: ProviderSpec) -> ProviderFacts:
        """Check account, subnets, targets and names, and report what the create builds on. Changes nothing.

        Raises `RequestRefused` with every finding at once:

        - subnets that do not exist, are in several VPCs, share an AZ, or have too few free addresses
        - an AZ ID of the deployment without a subnet
        - targets that do not exist, are elsewhere, or are in a zone without one of the subnets
        - names that a foreign resource has
        - anything on the link's own load balancer that is in the way and lacks the link's tag
        - a link that exists by another request (with the differences), or in another account, region or platform mode
        - a role that may be assumed without its external ID

        Raises `CredentialsRefused` if AWS does not accept the worker's credentials or does not let it assume the role.
        """
        request = spec.request
        account = self._aws.account(request.aws)
        account_id = await account.account_id()
        subnets = await account.pollers.subnets(request.subnets)
        vpc_ids = sorted({subnet.vpc_id for subnet in subnets.values()})
        vpc = await account.pollers.vpc(vpc_ids[0]) if vpc_ids else None
        facts = ProviderFacts(
            account_id=account_id,
            # A request with several VPCs is refused; the first one serves to check the rest.
            vpc_id=vpc_ids[0] if vpc_ids else "",
            subnets={subnet.az_id: subnet.subnet_id for subnet in subnets.values()},
            outside=outside_of(vpc, request) if vpc else frozenset(),
        )
        shared_vpc = any(subnet.owner != account_id for subnet in subnets.values())
        existing, targets, trust, rows = await asyncio.gather(
            existing_findings(account, request, facts),
            target_findings(account, request, facts, vpc, shared_vpc=shared_vpc),
            trust_findings(account, request.aws),
            self._private_links(request),
        )
        here = Place(account=account_id, region=request.aws.region, mode=request.platform.mode)
        of_link = [one for one in existing.ownerships if one.belongs_to(request.link)]
        modes = {one.mode for one in of_link}
        elsewhere = await elsewhere_findings(account, request.link, here, rows=rows, modes=modes)
        if not (of_link or elsewhere):
            elsewhere = await self._remembered.findings(request.link, here)
        held = existing.load_balancer
        own_subnets = held.subnets if held and held.ownership.belongs_to(request.link) else set()
        on_subnets = subnet_findings(request, spec.deployment, subnets, holds_already=own_subnets)
        findings = [*trust, *elsewhere, *on_subnets, *targets, *existing.findings]
        if findings:
            doing = f"checking the service provider's side of {request.link}"
            raise RequestRefused.of_findings(findings, doing=doing, resource=str(request.link))
        has_complete = any(one.complete for one in of_link)
        left_at_platform = any(row.is_of(request.link) for row in rows) and not has_complete
        return facts.model_copy(
            update={
                "is_new": not (existing.ownerships or left_at_platform),
                "has_leftovers": left_at_platform or not all(one.complete for one in of_link),
                "has_complete": has_complete,
            }
        )

    async def _private_links(self, request: PrivateLinkRequest) -> tuple[PrivateLinkRow, ...]:
        """The deployment's, as of the last minute; none in console mode if the worker has no key of the platform."""
        if isinstance(request.platform, ConsolePlatform) and not self._platform.is_configured:
            return ()
        return await self._platform.private_links(request.deployment).reading(not_older=READ_SECONDS)

    @activity.defn
    async def is_complete(self, spec: RemovalScope) -> bool:
        """Whether a create of the link has ended well: its endpoint service is marked."""
        services = await find_endpoint_services(self._aws.account(spec.aws), spec.link)
        return any(one.is_live and one.ownership.complete for one in services)

    @activity.defn
    async def mark_complete(self, spec: CompleteSpec) -> None:
        """Mark everything that the create made or adopted. From now on no other create's rollback removes it.

        The endpoint service is marked first, because that call alone completes the link (`read_ownerships`). A create
        that ends between two calls leaves a link that is either complete or a leftover. What an earlier create of a
        running link has marked already is not written again.
        """
        account = self._aws.account(spec.scope.aws)
        arns, service_id = list(spec.arns), spec.service_id
        if may_exist(spec.scope):
            tags = await read_elb_tags(account, arns)
            arns = [arn for arn in arns if not Ownership.of(tags.get(arn, {})).complete]
            services = await account.pollers.endpoint_services.reading()
            if any(one.service_id == service_id and one.complete for one in services):
                service_id = ""
        if service_id:
            await add_ec2_tags(account, service_id, [{"Key": TAG_COMPLETE, "Value": COMPLETE}])
        await add_elb_tags(account, arns, [{"Key": TAG_COMPLETE, "Value": COMPLETE}])
