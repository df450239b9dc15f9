"""The service provider's account: the check before a create, and the mark that a create ended well."""

import asyncio

from temporalio import activity

from activities.provider_findings import existing_findings, subnet_findings, trust_findings
from activities.specs import CompleteSpec, ProviderFacts, ProviderSpec, RemovalSpec
from activities.target_findings import outside_of, target_findings
from clouds.aws.accounts import AwsAccounts
from clouds.aws.endpoint_services import find_endpoint_services
from clouds.aws.tags import COMPLETE, add_ec2_tags, add_elb_tags
from privatelink.errors import RequestRefused
from privatelink.names import TAG_COMPLETE


class Providers:
    """The steps about the service provider's side as a whole."""

    def __init__(self, aws: AwsAccounts) -> None:
        """`aws` gives the account that a spec names."""
        self._aws = aws

    @activity.defn
    async def check_provider(self, spec: ProviderSpec) -> ProviderFacts:
        """Check account, subnets, targets and names, and tell what the create builds on. Changes nothing.

        Raises `RequestRefused` with every finding at once: subnets absent, in several VPCs, two in one AZ, with too few
        free addresses; an AZ ID of the deployment without a subnet; targets absent, elsewhere, or in a zone
        without one of the subnets; names that something
        of others has; a link that exists by another request, with the differences; a role that may be assumed without
        its external id. Raises `CredentialsRefused` when AWS does not take the worker's credentials or does not let it
        assume the role.
        """
        request = spec.request
        account = self._aws.account(request.aws)
        account_id = await account.account_id()
        subnets = await account.views.subnets(request.subnets)
        vpc_ids = sorted({subnet.vpc_id for subnet in subnets.values()})
        vpc = await account.views.vpc(vpc_ids[0]) if vpc_ids else None
        facts = ProviderFacts(
            account_id=account_id,
            # With several VPCs the request is refused, and the first one serves to check the rest.
            vpc_id=vpc_ids[0] if vpc_ids else "",
            subnets={subnet.az_id: subnet.subnet_id for subnet in subnets.values()},
            outside=outside_of(vpc, request) if vpc else frozenset(),
        )
        shared_vpc = any(subnet.owner != account_id for subnet in subnets.values())
        existing, targets, trust = await asyncio.gather(
            existing_findings(account, request, facts),
            target_findings(account, request, facts, vpc, shared_vpc=shared_vpc),
            trust_findings(account, request.aws),
        )
        held = existing.load_balancer
        own_subnets = held.subnets if held and held.ownership.belongs_to(request.link) else set()
        on_subnets = subnet_findings(request, spec.deployment, subnets, holds_already=own_subnets)
        findings = [*trust, *on_subnets, *targets, *existing.findings]
        if findings:
            raise RequestRefused(
                f"checking the service provider's side of {request.link}: "
                + "; ".join(f"{finding.concerns}: {finding.sentence}" for finding in findings),
                concerns=str(request.link),
                next_step="; ".join(dict.fromkeys(finding.next_step for finding in findings)),
                findings=tuple(findings),
            )
        ours = [one for one in existing.ownerships if one.belongs_to(request.link)]
        return facts.model_copy(
            update={
                "is_new": not existing.ownerships,
                "has_leftovers": any(not one.complete for one in ours),
                "has_complete": any(one.complete for one in ours),
            }
        )

    @activity.defn
    async def is_complete(self, spec: RemovalSpec) -> bool:
        """Whether a create of the link has ended well: its endpoint service is marked, which comes last."""
        services = await find_endpoint_services(self._aws.account(spec.aws), spec.link)
        return any(one.is_live and one.ownership.complete for one in services)

    @activity.defn
    async def mark_complete(self, spec: CompleteSpec) -> None:
        """Mark everything that the create made or adopted: from now on no other create's rollback removes it."""
        account = self._aws.account(spec.scope.aws)
        await add_elb_tags(account, spec.arns, [{"Key": TAG_COMPLETE, "Value": COMPLETE}])
        await add_ec2_tags(account, spec.service_id, [{"Key": TAG_COMPLETE, "Value": COMPLETE}])
