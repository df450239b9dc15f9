"""The JSON body of each verb of the control path. `sandbox.control` lists the verbs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt

from sandbox.seed import FOREIGN_ACCOUNT


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Pace(_Body):
    """Changes to the clock."""

    speed: PositiveFloat | None = None
    """Sandbox seconds per real second."""
    advance: NonNegativeFloat = 0
    """Sandbox seconds to skip at once."""


class RolePolicy(_Body):
    """A role's policy: IAM's JSON, or null for none."""

    role_arn: str
    policy: dict[str, Any] | None


class Description(_Body):
    """Somebody's edit at EMQX, of a PrivateLink (its id) or a connector (TYPE:NAME)."""

    deployment: str
    id: str
    description: str


class Whose(_Body):
    """Whose credentials: an account id, a role's ARN or one access key id; without it, every session's."""

    of: str | None = None


class OfAccount(_Body):
    """The account whose key is rotated; without it, the credential endpoints give out new credentials."""

    account: str | None = None


class AnyCall(_Body):
    """Any action of the sandbox, called as this account."""

    account: str
    region: str = "us-east-1"
    action: str
    params: dict[str, Any] = {}


class Tags(_Body):
    """The tags of a resource to set and to remove."""

    id: str
    set: dict[str, str] = {}
    remove: list[str] | Literal["all"] = []


class Deletion(_Body):
    """The id or ARN of the resource to delete."""

    id: str


class Principals(_Body):
    """The principals (ARNs) to add to and remove from those that an endpoint service allows."""

    service_id: str
    add: list[str] = []
    remove: list[str] = []


class Attributes(_Body):
    """Attributes of a load balancer, by AWS's names."""

    load_balancer_arn: str
    attributes: dict[str, str]


class NewListener(_Body):
    """A listener; without a target group it gets a new one."""

    load_balancer_arn: str
    port: PositiveInt
    target_group_arn: str | None = None


class NewEndpoint(_Body):
    """A VPC endpoint to an endpoint service, which is given by its full dotted name."""

    service_name: str
    account: str = FOREIGN_ACCOUNT
    az_ids: list[str] = []


class Share(_Body):
    """Subnets to share, and the account that may use them."""

    subnet_ids: list[str]
    participant: str
