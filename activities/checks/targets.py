"""What a check of the service provider's side can find about the targets."""

import ipaddress
from collections.abc import Iterable, Iterator

from activities.inputs import ProviderFacts
from clouds.aws.accounts import AwsAccount
from clouds.aws.listeners import find_listeners
from clouds.aws.load_balancers import FAILED, read_load_balancer
from clouds.aws.networks import FoundInstance, FoundVpc, HeldAddresses, find_instances
from privatelink.errors import Finding, FindingType
from privatelink.model.listeners import Listener
from privatelink.model.request import PrivateLinkRequest

RUNNING = "running"

_OUTSIDE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")))
"""Ranges that a Network Load Balancer accepts as targets besides the subnets of the VPC (NLB user guide, "Target
groups")."""


async def target_findings(
    account: AwsAccount, request: PrivateLinkRequest, facts: ProviderFacts, vpc: FoundVpc | None, *, shared_vpc: bool
) -> list[Finding]:
    """Everything wrong with the targets of all listeners, each target named once. `vpc` is that of the subnets.

    In a VPC that another account shares with this one, AWS does not show the network interfaces and subnets of others,
    so addresses in it are not looked for. An address outside the VPC may be reached over a peering or a VPN, which AWS
    does not show either.

    A target in a zone that the load balancer does not have is refused: it would stay `unused` (NLB user guide, "Target
    health status"; API_TargetHealth, `Target.NotInUse`), even with cross-zone balancing on.
    """
    by_type: dict[str, list[str]] = {"ip": [], "instance": [], "alb": []}
    for listener in request.listeners:
        by_type[listener.target_type].extend(listener.targets)
    findings = await _instance_findings(account, by_type["instance"], facts, vpc)
    if vpc:
        findings += await _address_findings(account, _once(by_type["ip"]), facts, vpc, shared_vpc=shared_vpc)
    for listener in request.listeners:
        if listener.target_type == "alb":
            findings += await _alb_findings(account, listener, facts, vpc)
    return findings


def outside_of(vpc: FoundVpc, request: PrivateLinkRequest) -> frozenset[str]:
    """The IP targets that are in no subnet of the VPC, as far as this account can see its subnets."""
    targets = (target for one in request.listeners if one.target_type == "ip" for target in one.targets)
    return frozenset(target for target in targets if vpc.subnet_of(target) is None)


async def _address_findings(
    account: AwsAccount, targets: list[str], facts: ProviderFacts, vpc: FoundVpc, *, shared_vpc: bool
) -> list[Finding]:
    look = not shared_vpc and any(vpc.subnet_of(target) for target in targets)
    held = await account.pollers.held_addresses(facts.vpc_id) if look else None
    return [
        finding for target in targets for finding in _address_finding(target, facts, vpc, held, shared_vpc=shared_vpc)
    ]


def _address_finding(
    target: str, facts: ProviderFacts, vpc: FoundVpc, held: HeldAddresses | None, *, shared_vpc: bool
) -> Iterator[Finding]:
    subnet = vpc.subnet_of(target)
    if subnet is None:
        if vpc.has(target):
            if not shared_vpc:
                yield _not_found(target, f"it is in a block of {facts.vpc_id}, but in none of its subnets")
        elif not any(ipaddress.IPv4Address(target) in network for network in _OUTSIDE):
            ranges = ", ".join(map(str, _OUTSIDE))
            yield _elsewhere(target, f"it is neither in a subnet of {facts.vpc_id} nor in {ranges}")
    elif held and not held.hold(target):
        yield _not_found(target, f"no network interface in {facts.vpc_id} has this address")
    else:
        yield from _zone_finding(target, {subnet.az_id}, facts)


async def _instance_findings(
    account: AwsAccount, targets: list[str], facts: ProviderFacts, vpc: FoundVpc | None
) -> list[Finding]:
    asked = _once(targets)
    if not asked:
        return []
    found = await find_instances(account, asked)
    return [finding for target in asked for finding in _instance_finding(target, found.get(target), facts, vpc)]


def _instance_finding(
    target: str, found: FoundInstance | None, facts: ProviderFacts, vpc: FoundVpc | None
) -> Iterator[Finding]:
    if found is None:
        yield _not_found(target, "there is no such instance in this account and region")
    elif found.state != RUNNING:
        yield _not_found(target, f"the instance is {found.state}, not {RUNNING}")
    elif vpc and found.vpc_id != facts.vpc_id:
        yield _elsewhere(target, f"the instance is in {found.vpc_id}, the subnets are in {facts.vpc_id}")
    elif vpc:
        yield from _zone_finding(target, _zones(vpc, {found.subnet_id}), facts)


async def _alb_findings(
    account: AwsAccount, listener: Listener, facts: ProviderFacts, vpc: FoundVpc | None
) -> list[Finding]:
    arn = listener.targets[0]
    region, account_id = arn.split(":")[3:5]
    if (region, account_id) != (account.region, facts.account_id):
        return [
            _elsewhere(arn, f"it is in {region} of {account_id}, the link is in {account.region} of {facts.account_id}")
        ]
    found = await read_load_balancer(account, arn)
    if found is None:
        return [_not_found(arn, "there is no such Application Load Balancer")]
    if vpc and found.vpc_id != facts.vpc_id:
        return [_elsewhere(arn, f"it is in {found.vpc_id}, the subnets are in {facts.vpc_id}")]
    findings = list(_zone_finding(arn, _zones(vpc, found.subnets), facts)) if vpc else []
    if found.state == FAILED:
        findings.append(_not_found(arn, f"the Application Load Balancer is {FAILED}: {found.reason}"))
    ports = [one.port for one in await find_listeners(account, arn)]
    if listener.traffic_port not in ports:
        # "The Application Load Balancer must have at least one listener whose port matches" (RegisterTargets).
        findings.append(_not_found(arn, f"the Application Load Balancer has no listener on {listener.traffic_port}"))
    return findings


def _zones(vpc: FoundVpc, subnet_ids: Iterable[str]) -> set[str]:
    """The AZ IDs of the given subnets, as far as this account can see them."""
    return {subnet.az_id for subnet in vpc.subnets if subnet.subnet_id in set(subnet_ids)}


def _zone_finding(target: str, zones: set[str], facts: ProviderFacts) -> Iterator[Finding]:
    """A finding if the load balancer gets no subnet in any of the zones that the target is known to be in."""
    if zones and not zones & facts.subnets.keys():
        where = ", ".join(sorted(zones))
        yield Finding(
            type=FindingType.TARGET_ELSEWHERE,
            resource=target,
            message=f"it is in {where}, where the load balancer has no subnet, so no traffic would reach it",
            next_step=f"add a subnet in {where}, or give a target in {', '.join(sorted(facts.subnets))}",
        )


def _once(targets: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(targets))


def _not_found(target: str, message: str) -> Finding:
    return Finding(
        type=FindingType.TARGET_NOT_FOUND,
        resource=target,
        message=message,
        next_step="start it, or correct the target",
    )


def _elsewhere(target: str, message: str) -> Finding:
    return Finding(
        type=FindingType.TARGET_ELSEWHERE,
        resource=target,
        message=message,
        next_step="give a target in the VPC of the subnets, or an IP address from elsewhere",
    )
