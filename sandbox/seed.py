"""What exists in every fresh sandbox: accounts, networks, deployments, and the credentials for them.

Identifiers are derived from what they name, so they are the same after every reset and in every process. The secrets
open this sandbox and nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel, ConfigDict

PROVIDER = "210987654321"
SECOND_PROVIDER = "310987654321"
STRANGER = "410987654321"
EMQX = "111122223333"

ROLE_ARN = f"arn:aws:iam::{SECOND_PROVIDER}:role/privatelink-provider"
OPEN_ROLE_ARN = f"arn:aws:iam::{SECOND_PROVIDER}:role/privatelink-open"
"""A role whose trust policy lacks the condition: it lets the provider's identities in without its ExternalId too."""
EXTERNAL_ID = "ext-7f3a"

REGIONS = ("us-east-1", "eu-west-1")
AZ_IDS = {
    "us-east-1": ("use1-az1", "use1-az2", "use1-az3", "use1-az4", "use1-az5", "use1-az6"),
    "eu-west-1": ("euw1-az1", "euw1-az2", "euw1-az3"),
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Subnet(_Frozen):
    """A subnet; `taken` further addresses are held by network interfaces, so few may be left."""

    id: str
    vpc_id: str
    cidr: str
    az_id: str
    az_name: str
    taken: int = 0


class Target(_Frozen):
    """A network interface with a fixed private address, so that it can be an `ip` target."""

    interface_id: str
    subnet_id: str
    address: str


class Instance(_Frozen):
    """A running EC2 instance."""

    id: str
    subnet_id: str
    address: str


class ApplicationLoadBalancer(_Frozen):
    """An internal ALB with one listener; can be an `alb` target."""

    arn: str
    name: str
    subnet_ids: tuple[str, ...]
    listener_arn: str
    listener_port: int


class Network(_Frozen):
    """What one account has in one region.

    `subnets` is keyed by AZ ID, or by "<AZ ID>-second", "<AZ ID>-tiny" and "other-vpc".
    """

    vpc_id: str
    vpc_cidr: str
    other_vpc_id: str | None
    other_vpc_cidr: str | None
    subnets: dict[str, Subnet]
    targets: tuple[Target, ...]
    instances: tuple[Instance, ...]
    albs: tuple[ApplicationLoadBalancer, ...]


class Account(_Frozen):
    """An AWS account with its root-like user's access key, and its networks by region."""

    id: str
    access_key_id: str
    secret_access_key: str
    az_names: dict[str, str]
    """AZ ID -> AZ name; differs from account to account."""
    networks: dict[str, Network]


class Deployment(_Frozen):
    """An EMQX Platform deployment. `az_ids` and `aws_arn` are what the platform's network dialog shows."""

    id: str
    name: str
    type: str = "dedicated"
    status: str = "running"
    platform: str = "AWS"
    region_label: str = "N. Virginia (us-east-1)"
    region: str = "us-east-1"
    az_ids: tuple[str, ...] = ("use1-az1", "use1-az2")
    aws_arn: str = f"arn:aws:iam::{EMQX}:root"


class Key(_Frozen):
    """An API key and its secret, for HTTP Basic."""

    key: str
    secret: str


class Seed(_Frozen):
    """All of it. The consumer side of every deployment lives in account `EMQX`."""

    accounts: dict[str, Account]
    deployments: dict[str, Deployment]
    platform_key: Key
    deployment_key: Key
    role_arn: str = ROLE_ARN
    open_role_arn: str = OPEN_ROLE_ARN
    external_id: str = EXTERNAL_ID

    def network(self, account: str, region: str) -> Network:
        """The network of an account in a region; KeyError when neither has one."""
        return self.accounts[account].networks[region]

    def printed(self) -> dict[str, Any]:
        """The part of the ready line under "seed": the provider's us-east-1 up front, and everything by account."""
        home = self.network(PROVIDER, "us-east-1")
        return {
            "accounts": {id_: account.model_dump(mode="json") for id_, account in self.accounts.items()},
            "vpc": home.vpc_id,
            "subnets": {key: subnet.id for key, subnet in home.subnets.items()},
            "targets": [target.address for target in home.targets],
            "instances": [instance.id for instance in home.instances],
            "albs": [alb.arn for alb in home.albs],
            "deployments": {id_: one.model_dump(mode="json") for id_, one in self.deployments.items()},
            "role_arn": self.role_arn,
            "open_role_arn": self.open_role_arn,
            "external_id": self.external_id,
        }


def hex_id(prefix: str, *named: str, digits: int = 17) -> str:
    """An id of AWS's shape: the prefix, then hex digits that depend on `named` only."""
    return prefix + hashlib.sha256("/".join((prefix, *named)).encode()).hexdigest()[:digits]


def build_seed() -> Seed:
    """The one seed there is."""
    return Seed(
        accounts={
            id_: _account(id_, provider=id_ in {PROVIDER, SECOND_PROVIDER}, turn=turn)
            for turn, id_ in enumerate((PROVIDER, EMQX, SECOND_PROVIDER, STRANGER))
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
    """AZ names in another order for each account, as AWS deals them out."""
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
    """Forty characters that open this sandbox only."""
    return hashlib.sha256(f"sandbox secret of {of}".encode()).hexdigest()[:40]
