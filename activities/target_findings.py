"""What a check of the service provider's side can find about the targets."""

import ipaddress
from collections.abc import Iterable

from activities.specs import ProviderFacts
from clouds.aws.accounts import AwsAccount
from clouds.aws.listeners import find_listeners
from clouds.aws.load_balancers import read_load_balancer
from clouds.aws.networks import FoundInstance, find_instances
from privatelink.errors import Finding, FindingType
from privatelink.request import Listener, PrivateLinkRequest

RUNNING = "running"


async def target_findings(
    account: AwsAccount, request: PrivateLinkRequest, facts: ProviderFacts, *, shared_vpc: bool
) -> list[Finding]:
    """Everything wrong with the targets of all listeners, each target named once.

    In a VPC that another account shares with this one, network interfaces of others are not shown, so addresses in it
    are not looked for. An address outside the VPC may be reached over a peering or a VPN, which AWS does not tell.
    """
    by_type: dict[str, list[str]] = {"ip": [], "instance": [], "alb": []}
    for listener in request.listeners:
        by_type[listener.target_type].extend(listener.targets)
    findings = await _instance_findings(account, by_type["instance"], facts)
    if facts.vpc_id and not shared_vpc:
        findings += await _address_findings(account, by_type["ip"], facts)
    for listener in request.listeners:
        if listener.target_type == "alb":
            findings += await _alb_findings(account, listener, facts)
    return findings


async def _address_findings(account: AwsAccount, targets: list[str], facts: ProviderFacts) -> list[Finding]:
    networks = [ipaddress.IPv4Network(cidr) for cidr in facts.vpc_cidrs]
    inside = [
        target for target in _once(targets) if any(ipaddress.IPv4Address(target) in network for network in networks)
    ]
    if not inside:
        return []
    held = await account.views.held_addresses(facts.vpc_id)
    return [
        _not_found(target, f"no network interface in {facts.vpc_id} has this address")
        for target in inside
        if not held.hold(target)
    ]


async def _instance_findings(account: AwsAccount, targets: list[str], facts: ProviderFacts) -> list[Finding]:
    asked = _once(targets)
    if not asked:
        return []
    found = await find_instances(account, asked)
    return [
        finding
        for target in asked
        if (finding := _instance_finding(target, found.get(target), facts.vpc_id)) is not None
    ]


def _instance_finding(target: str, found: FoundInstance | None, vpc_id: str) -> Finding | None:
    if found is None:
        return _not_found(target, "there is no such instance in this account and region")
    if found.state != RUNNING:
        return _not_found(target, f"the instance is {found.state}, not {RUNNING}")
    if vpc_id and found.vpc_id != vpc_id:
        return _elsewhere(target, f"the instance is in {found.vpc_id}, the subnets are in {vpc_id}")
    return None


async def _alb_findings(account: AwsAccount, listener: Listener, facts: ProviderFacts) -> list[Finding]:
    arn = listener.targets[0]
    region, account_id = arn.split(":")[3:5]
    if (region, account_id) != (account.region, facts.account_id):
        return [
            _elsewhere(arn, f"it is in {region} of {account_id}, the link in {account.region} of {facts.account_id}")
        ]
    found = await read_load_balancer(account, arn)
    if found is None:
        return [_not_found(arn, "there is no such Application Load Balancer")]
    if facts.vpc_id and found.vpc_id != facts.vpc_id:
        return [_elsewhere(arn, f"it is in {found.vpc_id}, the subnets are in {facts.vpc_id}")]
    ports = [one.port for one in await find_listeners(account, arn)]
    if listener.traffic_port not in ports:
        # "The Application Load Balancer must have at least one listener whose port matches" (RegisterTargets).
        return [_not_found(arn, f"the Application Load Balancer has no listener on {listener.traffic_port}")]
    return []


def _once(targets: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(targets))


def _not_found(target: str, sentence: str) -> Finding:
    return Finding(
        type=FindingType.TARGET_NOT_FOUND,
        concerns=target,
        sentence=sentence,
        next_step="start it, or correct the target",
    )


def _elsewhere(target: str, sentence: str) -> Finding:
    return Finding(
        type=FindingType.TARGET_ELSEWHERE,
        concerns=target,
        sentence=sentence,
        next_step="give a target in the VPC of the subnets; from elsewhere, an IP address will do",
    )
