"""What a check of the service provider's side can find about subnets and about what already has the link's names."""

import asyncio
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from activities.inputs import DeploymentFacts, ProviderFacts
from activities.support.adoption import TAKEN_NEXT_STEP, taken_words
from activities.support.strays import giving_back, strays, tagged
from clouds.aws.accounts import AwsAccount
from clouds.aws.endpoint_services import DELETED, FoundEndpointService
from clouds.aws.listeners import FoundListener, find_listeners
from clouds.aws.load_balancers import FoundLoadBalancer, find_load_balancer
from clouds.aws.networks import FoundSubnet
from clouds.aws.tags import Ownership
from clouds.aws.target_groups import FoundTargetGroup, find_target_groups
from clouds.aws.targets import DRAINING, read_target_health
from privatelink.errors import Finding, FindingType
from privatelink.model.listeners import Listener
from privatelink.model.request import AwsAccess, PrivateLinkRequest

LEAST_FREE_ADDRESSES = 8
"""Minimum number of free addresses in each subnet of a load balancer (Network Load Balancers, "Availability Zones for
your Network Load Balancer")."""


def subnet_findings(
    request: PrivateLinkRequest,
    deployment: DeploymentFacts,
    found: dict[str, FoundSubnet],
    *,
    holds_already: Container[str],
) -> list[Finding]:
    """Everything wrong with the subnets. Those that the link's load balancer `holds_already` need no free addresses."""
    findings = [_absent(request, subnet_id) for subnet_id in request.subnets if subnet_id not in found]
    subnets = [found[subnet_id] for subnet_id in request.subnets if subnet_id in found]
    vpcs = _grouped((subnet.vpc_id, subnet) for subnet in subnets)
    if len(vpcs) > 1:
        findings.append(
            Finding(
                type=FindingType.SUBNETS_IN_SEVERAL_VPCS,
                resource="subnets",
                message="; ".join(f"{_names(group)} in {vpc_id}" for vpc_id, group in vpcs.items()),
                next_step="give subnets of one VPC",
            )
        )
    findings.extend(
        Finding(
            type=FindingType.SUBNETS_IN_ONE_AZ,
            resource=az_id,
            message=f"{_names(group)} are all in {az_id}; a load balancer takes one subnet in each AZ",
            next_step=f"keep one subnet in {az_id}",
        )
        for az_id, group in _grouped((subnet.az_id, subnet) for subnet in subnets).items()
        if len(group) > 1
    )
    findings.extend(
        Finding(
            type=FindingType.SUBNET_WITHOUT_ADDRESSES,
            resource=subnet.subnet_id,
            message=f"it has {subnet.free} free addresses, and a load balancer needs {LEAST_FREE_ADDRESSES}",
            next_step=f"free addresses in {subnet.subnet_id}, or give another subnet in {subnet.az_id}",
        )
        for subnet in subnets
        if subnet.free < LEAST_FREE_ADDRESSES and subnet.subnet_id not in holds_already
    )
    covered = {subnet.az_id for subnet in subnets}
    where = f" of {next(iter(vpcs))}" if vpcs else ""
    findings.extend(
        Finding(
            type=FindingType.AZ_NOT_COVERED,
            resource=az_id,
            message=f"no subnet in {az_id}{where}, where deployment {request.deployment} has endpoints",
            next_step=f"create a subnet in {az_id} or add it to subnets",
        )
        for az_id in deployment.az_ids
        if az_id not in covered
    )
    return findings


class Existing(NamedTuple):
    """What has the link's names: the load balancer, the ownership of everything, and what is wrong with it."""

    load_balancer: FoundLoadBalancer | None
    ownerships: list[Ownership]
    findings: list[Finding]


async def existing_findings(account: AwsAccount, request: PrivateLinkRequest, facts: ProviderFacts) -> Existing:
    """Look at everything that has names or tags of the link."""
    load_balancer, groups, shown = await asyncio.gather(
        find_load_balancer(account, request.link),
        find_target_groups(account, request.link),
        account.pollers.endpoint_services.reading(),
    )
    findings: list[Finding] = []
    services = [one for one in shown if one.ownership.belongs_to(request.link) and one.state != DELETED]
    ownerships = [one.ownership for one in groups] + [one.ownership for one in services]
    if load_balancer:
        ownerships.append(load_balancer.ownership)
    like = tagged(ownerships, request.link)
    if load_balancer:
        back = giving_back(request.link, request.aws.region, load_balancer.arn, like)
        findings.extend(_name_findings(load_balancer.ownership, request, "load balancer", load_balancer.name, back))
    if load_balancer and load_balancer.ownership.belongs_to(request.link):
        listeners_on_it = await find_listeners(account, load_balancer.arn)
        findings.extend(_in_the_way(request, load_balancer, listeners_on_it, shown))
        if load_balancer.ownership.complete:
            differences = load_balancer.differences(set(request.subnets))
            differences += _port_differences(request, listeners_on_it)
            findings.extend(_differs(load_balancer.name, differences))
    listeners = {listener.port: listener for listener in request.listeners}
    for group in groups:
        listener = listeners.get(group.listener_port(request.link) or 0)
        if listener:
            back = giving_back(request.link, request.aws.region, group.arn, like)
            findings.extend(_name_findings(group.ownership, request, "target group", group.name, back))
        if listener and group.ownership.belongs_to(request.link) and group.ownership.complete:
            differences = group.differences(listener, facts.vpc_id)
            differences += await _target_differences(account, group, listener)
            findings.extend(_differs(group.name, differences))
    return Existing(load_balancer, ownerships, findings)


async def trust_findings(account: AwsAccount, access: AwsAccess) -> list[Finding]:
    """Whether the role's trust policy demands an external ID. Every check asks, whatever the request gives.

    Otherwise anybody who can send a request to this worker could act in the account by naming the role. They could also
    switch the question off by leaving the external ID out (IAM User Guide, "The confused deputy problem").
    """
    role_arn = access.role_arn
    if not (role_arn and await account.lets_anyone_in(role_arn)):
        return []
    return [
        Finding(
            type=FindingType.TRUST_POLICY_OPEN,
            resource=role_arn,
            message="its trust policy is open: the worker may assume it without its external id",
            next_step="add the condition StringEquals sts:ExternalId to the role's trust policy (deploy/iam)",
        )
    ]


def _name_findings(
    ownership: Ownership, request: PrivateLinkRequest, kind: str, name: str, giving_back: str
) -> Iterator[Finding]:
    if not ownership.belongs_to(request.link):
        lost = f"if it is this link's and has lost its tags, restore them: `{giving_back}`"
        yield Finding(
            type=FindingType.NAME_TAKEN,
            resource=name,
            message=taken_words(ownership, kind),
            next_step=TAKEN_NEXT_STEP if ownership.link else f"{lost}; if it is not, {TAKEN_NEXT_STEP}",
        )


def _in_the_way(
    request: PrivateLinkRequest,
    load_balancer: FoundLoadBalancer,
    listeners: list[FoundListener],
    services: list[FoundEndpointService],
) -> Iterator[Finding]:
    """What is on the link's load balancer without the link's tag, in a place that the create needs."""
    ports = {listener.port for listener in request.listeners}
    on_its_ports = [one for one in listeners if one.port in ports]
    for stray in strays(
        request.link,
        request.aws.region,
        load_balancer=load_balancer,
        target_groups=[],
        listeners=on_its_ports,
        services=services,
    ):
        yield stray.finding()


def _port_differences(request: PrivateLinkRequest, listeners: list[FoundListener]) -> list[str]:
    asked = {listener.port for listener in request.listeners}
    # A listener on such a port that lacks the link's tag has its own finding.
    has = {one.port for one in listeners if one.ownership.belongs_to(request.link) or one.port in asked}
    return [f"it listens on {_listed(has)}, not on {_listed(asked)}"] if has != asked else []


async def _target_differences(account: AwsAccount, group: FoundTargetGroup, listener: Listener) -> list[str]:
    registered = [one for one in await read_target_health(account, group.arn) if one.state != DRAINING]
    has = {one.target if one.is_asked_for(listener) else f"{one.target}:{one.port}" for one in registered}
    asked = set(listener.targets)
    return [f"its targets are {_listed(has)}, not {_listed(asked)}"] if has != asked else []


def _differs(name: str, differences: list[str]) -> Iterator[Finding]:
    if differences:
        yield Finding(
            type=FindingType.LINK_DIFFERS,
            resource=name,
            message=f"the link exists from another request: {', '.join(differences)}",
            next_step="delete the link first, or repeat the request that created it",
        )


def _absent(request: PrivateLinkRequest, subnet_id: str) -> Finding:
    return Finding(
        type=FindingType.SUBNET_NOT_FOUND,
        resource=subnet_id,
        message=f"there is no such subnet in {request.aws.region} of this account",
        next_step="correct the subnet's id, the region or the role",
    )


def _grouped(pairs: Iterable[tuple[str, FoundSubnet]]) -> dict[str, list[FoundSubnet]]:
    groups: defaultdict[str, list[FoundSubnet]] = defaultdict(list)
    for key, subnet in pairs:
        groups[key].append(subnet)
    return groups


def _names(subnets: list[FoundSubnet]) -> str:
    return ", ".join(subnet.subnet_id for subnet in subnets)


def _listed(values: Iterable[str | int]) -> str:
    return ", ".join(str(value) for value in sorted(values, key=str)) or "none"
