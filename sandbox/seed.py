"""Models of what exists in every fresh sandbox, and the names that both halves use for it.

`sandbox.seed_contents` fills them. Identifiers are derived from what they name, so they are the same after every reset
and in every process.
"""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel, ConfigDict

PROVIDER = "210987654321"
SECOND_PROVIDER = "310987654321"
FOREIGN_ACCOUNT = "410987654321"
EMQX = "111122223333"

ROLE_ARN = f"arn:aws:iam::{SECOND_PROVIDER}:role/privatelink-provider"
OPEN_ROLE_ARN = f"arn:aws:iam::{SECOND_PROVIDER}:role/privatelink-open"
"""ARN of a role whose trust policy lacks the condition: the provider can assume it without the ExternalId too."""
EXTERNAL_ID = "ext-7f3a"

REGIONS = ("us-east-1", "eu-west-1")
AZ_IDS = {
    "us-east-1": ("use1-az1", "use1-az2", "use1-az3", "use1-az4", "use1-az5", "use1-az6"),
    "eu-west-1": ("euw1-az1", "euw1-az2", "euw1-az3"),
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Subnet(_Frozen):
    """A subnet; `taken` more of its addresses are held by network interfaces, which can leave it nearly full."""

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
    """An internal ALB with one listener, which can be an `alb` target."""

    arn: str
    name: str
    subnet_ids: tuple[str, ...]
    listener_arn: str
    listener_port: int


class Network(_Frozen):
    """What one account has in one region.

    The keys of `subnets` are AZ IDs, "<AZ ID>-large", "<AZ ID>-second", "<AZ ID>-tiny" and "other-vpc".
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
    """An AWS account, with the access key of its root-like user and its networks by region."""

    id: str
    access_key_id: str
    secret_access_key: str
    az_names: dict[str, str]
    """AZ ID -> AZ name; the names differ between accounts."""
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
    """Everything that is seeded. The consumer side of every deployment is in account `EMQX`."""

    accounts: dict[str, Account]
    deployments: dict[str, Deployment]
    platform_key: Key
    deployment_key: Key
    role_arn: str = ROLE_ARN
    open_role_arn: str = OPEN_ROLE_ARN
    external_id: str = EXTERNAL_ID

    def network(self, account: str, region: str) -> Network:
        """The network of an account in a region; KeyError when there is none."""
        return self.accounts[account].networks[region]

    def printed(self) -> dict[str, Any]:
        """The ready line's "seed": the provider's us-east-1 at the top level, and everything by account."""
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
    """An id in AWS's format: the prefix, then hex digits that depend only on `prefix` and `named`."""
    return prefix + hashlib.sha256("/".join((prefix, *named)).encode()).hexdigest()[:digits]
