"""What exists in every fresh sandbox: accounts, networks, deployments, and the credentials for them.

The secrets are valid in this sandbox only.
"""

from __future__ import annotations

import hashlib

from sandbox.seed import (
    AZ_IDS,
    EMQX,
    FOREIGN_ACCOUNT,
    PROVIDER,
    REGIONS,
    SECOND_PROVIDER,
    Account,
    ApplicationLoadBalancer,
    Deployment,
    Instance,
    Key,
    Network,
    Seed,
    Subnet,
    Target,
    hex_id,
)


def build_seed() -> Seed:
    """The seed of every sandbox."""
    return Seed(
        accounts={
            id_: _account(id_, provider=id_ in {PROVIDER, SECOND_PROVIDER}, turn=turn)
            for turn, id_ in enumerate((PROVIDER, EMQX, SECOND_PROVIDER, FOREIGN_ACCOUNT))
        },
        deployments={one.id: one for one in _DEPLOYMENTS},
        platform_key=Key(key="sandbox-platform", secret=_secret("platform")),
        deployment_key=Key(key="sandbox-deployment", secret=_secret("deployment")),
    )


_DEPLOYMENTS = (
    Deployment(id="w41b11c0", name="orders"),
    Deployment(id="w41b11c1", name="orders-flex", type="dedicatedFlex"),
    Deployment(id="w41b11c2", name="payments"),
    Deployment(id="wserver0", name="trial", type="serverless"),
    Deployment(id="wstopped", name="asleep", status="stopped"),
    Deployment(
        id="wazure00", name="on-azure", platform="Azure", region_label="East US (eastus)", region="eastus", az_ids=()
    ),
    Deployment(
        id="weurope0",
        name="europe",
        region_label="Ireland (eu-west-1)",
        region="eu-west-1",
        az_ids=("euw1-az1", "euw1-az2"),
    ),
    Deployment(id="wnocode0", name="label-only", region_label="N. Virginia"),
    Deployment(id="wmanyaz0", name="three-zones", az_ids=("use1-az1", "use1-az2", "use1-az5")),
    Deployment(id="wpathar0", name="role-principal", aws_arn=f"arn:aws:iam::{EMQX}:role/emqx/deployment"),
    Deployment(id="wstarar0", name="any-principal", aws_arn="*"),
)

_PROVIDER_ZONES = {"us-east-1": ("az1", "az2", "az4", "az6"), "eu-west-1": ("az1", "az2")}


def _account(id_: str, *, provider: bool, turn: int) -> Account:
    az_names = {az_id: name for region in REGIONS for az_id, name in _az_names(region, turn).items()}
    build = _provider_network if provider else _consumer_network
    return Account(
        id=id_,
        access_key_id="AKIA" + hashlib.sha256(id_.encode()).hexdigest()[:16].upper(),
        secret_access_key=_secret(id_),
        az_names=az_names,
        networks={region: build(id_, region, az_names) for region in REGIONS},
    )


def _az_names(region: str, turn: int) -> dict[str, str]:
    """AZ ID -> AZ name, in a different order for each account, as at AWS."""
    ids = AZ_IDS[region]
    return {az_id: region + "abcdef"[(index + turn + 1) % len(ids)] for index, az_id in enumerate(ids)}


def _provider_network(account: str, region: str, az_names: dict[str, str]) -> Network:
    prefix = AZ_IDS[region][0].removesuffix("az1")
    vpc, other_vpc = (hex_id("vpc-", account, region, name) for name in ("main", "other"))

    def subnet(key: str, az: str, cidr: str, vpc_id: str = vpc, taken: int = 0) -> Subnet:
        id_ = hex_id("subnet-", account, region, key)
        return Subnet(id=id_, vpc_id=vpc_id, cidr=cidr, az_id=prefix + az, az_name=az_names[prefix + az], taken=taken)

    subnets = {prefix + az: subnet(az, az, f"10.0.{az[2:]}.0/24") for az in _PROVIDER_ZONES[region]}
    for az, block in zip(_PROVIDER_ZONES[region], range(64, 255, 16), strict=False):
        subnets[f"{prefix}{az}-large"] = subnet(f"{az}-large", az, f"10.0.{block}.0/20")
    subnets[f"{prefix}az1-second"] = subnet("az1-second", "az1", "10.0.11.0/24")
    subnets[f"{prefix}az2-tiny"] = subnet("az2-tiny", "az2", "10.0.20.0/28", taken=6)
    subnets["other-vpc"] = subnet("other-vpc", "az1", "10.8.1.0/24", other_vpc)
    zones = [subnets[prefix + az] for az in _PROVIDER_ZONES[region]]
    alb_id = hex_id("", account, region, "alb", digits=16)
    arn = f"arn:aws:elasticloadbalancing:{region}:{account}"
    return Network(
        vpc_id=vpc,
        vpc_cidr="10.0.0.0/16",
        other_vpc_id=other_vpc,
        other_vpc_cidr="10.8.0.0/16",
        subnets=subnets,
        targets=tuple(
            Target(interface_id=hex_id("eni-", account, region, address), subnet_id=zone.id, address=address)
            for zone in zones
            for address in (zone.cidr.replace(".0/24", ".15"), zone.cidr.replace(".0/24", ".16"))
        ),
        instances=tuple(
            Instance(
                id=hex_id("i-", account, region, zone.id), subnet_id=zone.id, address=zone.cidr.replace(".0/24", ".20")
            )
            for zone in zones[:2]
        ),
        albs=(
            ApplicationLoadBalancer(
                arn=f"{arn}:loadbalancer/app/web/{alb_id}",
                name="web",
                subnet_ids=tuple(zone.id for zone in zones[:2]),
                listener_arn=f"{arn}:listener/app/web/{alb_id}/{hex_id('', account, region, 'http', digits=16)}",
                listener_port=80,
            ),
        ),
    )


def _consumer_network(account: str, region: str, az_names: dict[str, str]) -> Network:
    vpc = hex_id("vpc-", account, region, "main")
    return Network(
        vpc_id=vpc,
        vpc_cidr="10.90.0.0/16",
        other_vpc_id=None,
        other_vpc_cidr=None,
        subnets={
            az_id: Subnet(
                id=hex_id("subnet-", account, region, az_id),
                vpc_id=vpc,
                cidr=f"10.90.{index}.0/24",
                az_id=az_id,
                az_name=az_names[az_id],
            )
            for index, az_id in enumerate(AZ_IDS[region], start=1)
        },
        targets=(),
        instances=(),
        albs=(),
    )


def _secret(of: str) -> str:
    """A secret of forty characters, valid in this sandbox only."""
    return hashlib.sha256(f"sandbox secret of {of}".encode()).hexdigest()[:40]
