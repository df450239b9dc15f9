"""What the control path takes: the JSON body of each of its verbs. `sandbox.control` lists the verbs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt

from sandbox.seed import STRANGER


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Pace(_Body):
    """Of the clock."""

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
    """Whose credentials: an account id, a role's ARN or one access key id; every session's where it is left out."""

    of: str | None = None


class OfAccount(_Body):
    """The account whose key is rotated; whoever asks the credential endpoints where it is left out."""

    account: str | None = None


class AnyCall(_Body):
    """Any action of the sandbox, in the name of an account."""

    account: str
    region: str = "us-east-1"
    action: str
    params: dict[str, Any] = {}


class Tags(_Body):
    """Which tags of a thing to set, and which to remove."""

    id: str
    set: dict[str, str] = {}
    remove: list[str] | Literal["all"] = []


class Deletion(_Body):
    """The thing to delete: its id or ARN."""

    id: str


class Principals(_Body):
    """The ARNs to allow, and no longer to allow, at an endpoint service."""

    service_id: str
    add: list[str] = []
    remove: list[str] = []


class Attributes(_Body):
    """Attributes of a load balancer, by AWS's names for them."""

    load_balancer_arn: str
    attributes: dict[str, str]


class NewListener(_Body):
    """A listener, to a target group of its own where none is given."""

    load_balancer_arn: str
    port: PositiveInt
    target_group_arn: str | None = None


class NewEndpoint(_Body):
    """A VPC endpoint to an endpoint service (its full dotted name)."""

    service_name: str
    account: str = STRANGER
    az_ids: list[str] = []


class Share(_Body):
    """Subnets, and the account that may use them."""

    subnet_ids: list[str]
    participant: str
