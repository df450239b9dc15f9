"""The request: what a caller says to create or delete one link. Frozen; unknown fields are refused."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

from privatelink.names import DeploymentId, Link, LinkName
from privatelink.secret_refs import check_secret_references

ADDRESS = "{address}"
"""Stands in a connector's parameters for the PrivateLink's address, which is known only at the end."""

T = TypeVar("T")


class _RequestPart(BaseModel):
    # pydantic's own message would quote what stands in the request, in which a secret may stand in the clear.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _unique(values: tuple[T, ...]) -> tuple[T, ...]:
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        message = f"given twice: {', '.join(twice)}"
        raise ValueError(message)
    return values


def texts(value: JsonValue) -> Iterator[str]:
    """Every text in a JSON value, the names of its fields left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


Port = Annotated[int, Field(ge=1, le=65535)]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-z]+$")]


class ApiPlatform(_RequestPart):
    """How the platform is reached: by its API (`clouds/emqx`)."""

    mode: Literal["api"] = "api"


class ConsolePlatform(_RequestPart):
    """How the platform is reached where it has no API: by a person at its console, which the saga tells what to do.

    `az_ids` and `principal_arn` are what the console's dialog `+PrivateLink` shows (EMQX: "AWS PrivateLink"). Example:
    `{mode: console, az_ids: [use1-az1, use1-az2], principal_arn: "arn:aws:iam::111122223333:root"}`.
    """

    mode: Literal["console"]
    az_ids: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+-az\d+$")], ...],
        Field(min_length=1, max_length=20),
        AfterValidator(_unique),
    ]
    principal_arn: Annotated[
        str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[A-Za-z0-9_+=,.@-]{1,64})$")
    ]

    @property
    def account_id(self) -> str:
        """The account whose VPC endpoints are the deployment's, 12 digits."""
        return self.principal_arn.split(":")[4]


AnyPlatform = Annotated[ApiPlatform | ConsolePlatform, Field(discriminator="mode")]


class AwsAccess(_RequestPart):
    """Where in AWS the service provider's side is built, and as whom.

    `role_arn` is assumed with `external_id` when given (AWS: "Access to AWS accounts owned by third parties"); else the
    worker's own credentials are used. Example: `{region: us-east-1, role_arn: null, external_id: null}`.
    """

    region: Region
    role_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")] | None = None
    external_id: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]+$", min_length=2, max_length=1224)] | None
    ) = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _external_id_goes_with_a_role(self) -> Self:
        if self.external_id and not self.role_arn:
            message = "external_id goes with a role_arn"
            raise ValueError(message)
        return self

    @property
    def account_id(self) -> str | None:
        """The account of the role, or None when the worker's own credentials decide."""
        return self.role_arn.split(":")[4] if self.role_arn else None


class HealthCheck(_RequestPart):
    """How the load balancer tests a target. `port` defaults to the target's own; `path` goes with http and https."""

    protocol: Literal["tcp", "http", "https"] = "tcp"
    port: Port | None = None
    path: Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]{0,1023}$")] | None = None

    @model_validator(mode="after")
    def _path_goes_with_http(self) -> Self:
        if self.path and self.protocol == "tcp":
            message = "path goes with protocol http or https"
            raise ValueError(message)
        return self


# What a Network Load Balancer takes as IP targets (ELBv2 RegisterTargets: RFC 1918 and RFC 6598 ranges).
_TARGET_RANGES = tuple(
    ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
_TARGET_SHAPES = {
    "instance": (re.compile(r"i-[0-9a-f]{8,17}"), "an EC2 instance id, as in i-0a1b2c3d4e5f6a7b8"),
    "alb": (
        re.compile(r"arn:aws[a-z-]*:elasticloadbalancing:\S+:\d{12}:loadbalancer/app/\S+"),
        "the ARN of an Application Load Balancer",
    ),
}


class Listener(_RequestPart):
    """One port of the address, and the targets behind it.

    `port` is what the deployment dials, `target_port` (default: `port`) what the targets listen on. `targets` are
    private IPv4 addresses, EC2 instance ids, or the ARN of one Application Load Balancer, by `target_type`; 1 to 500
    of them (AWS's quota of targets per Availability Zone). Example: `{port: 3306, targets: [10.0.1.15, 10.0.2.15]}`.
    """

    port: Port
    target_port: Port | None = None
    target_type: Literal["ip", "instance", "alb"] = "ip"
    targets: Annotated[tuple[str, ...], Field(min_length=1, max_length=500), AfterValidator(_unique)]
    health_check: HealthCheck = HealthCheck()

    @property
    def traffic_port(self) -> int:
        """The port on which the targets take traffic."""
        return self.target_port or self.port

    @model_validator(mode="after")
    def _targets_fit_their_type(self) -> Self:
        faults = [fault for target in self.targets if (fault := self._target_fault(target))]
        if self.target_type == "alb":
            if len(self.targets) > 1:
                faults.append("a target group of type alb holds exactly one Application Load Balancer")
            if self.health_check.protocol == "tcp":
                faults.append("an alb target needs health_check.protocol http or https")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _target_fault(self, target: str) -> str | None:
        if self.target_type == "ip":
            try:
                address = ipaddress.IPv4Address(target)
            except ValueError:
                return f"target {target} is not an IPv4 address"
            if not any(address in network for network in _TARGET_RANGES):
                return f"target {target} is not a private address, which a Network Load Balancer demands"
            return None
        shape, words = _TARGET_SHAPES[self.target_type]
        return None if shape.fullmatch(target) else f"target {target} is not {words}"


class Connector(_RequestPart):
    """A connector of the deployment's data integration, made at the end and probed through the address.

    `type` and `parameters` are EMQX's own (broker API, POST /connectors); `{address}` in any text stands for the
    PrivateLink's address; a secret is `{secret: "env:NAME"}`, read by the worker. Example:
    `{type: mysql, name: orders, parameters: {server: "{address}:3306", password: {secret: "env:ORDERS_DB"}}}`.
    """

    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    name: Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z][-0-9a-zA-Z_]{0,199}$")]
    parameters: Annotated[dict[str, JsonValue], AfterValidator(check_secret_references)]

    @property
    def id(self) -> str:
        """EMQX's id of it: `type:name`."""
        return f"{self.type}:{self.name}"

    @field_validator("parameters")
    @classmethod
    def _parameters_use_the_address(cls, parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if not any(ADDRESS in text for text in texts(parameters)):
            message = f"no text in it holds {ADDRESS}, so the connector would not use this PrivateLink"
            raise ValueError(message)
        reserved = sorted({"type", "name", "description", "enable"} & parameters.keys())
        if reserved:
            message = f"{', '.join(reserved)}: set by the orchestrator, not by parameters"
            raise ValueError(message)
        return parameters


def _check_tags(tags: dict[str, str]) -> dict[str, str]:
    most = 44  # AWS allows 50 tags a resource; five are ours and one is left for the account's own policies
    faults = [f"{len(tags)} tags, at most {most}"] if len(tags) > most else []
    for key, value in tags.items():
        if re.match(r"(?i)aws:|privatelink:", key):
            faults.append(f"{key}: keys that begin with aws: or privatelink: are reserved")
        elif not re.fullmatch(r"[\w .:/=+@-]{1,128}", key) or not re.fullmatch(r"[\w .:/=+@-]{0,256}", value):
            faults.append(f"{key}: at most 128 (key) and 256 (value) letters, digits, spaces and . : / = + @ - _")
    if faults:
        raise ValueError("; ".join(faults))
    return tags


class PrivateLinkRequest(_RequestPart):
    """One link to create. `deployment` and `name` are its identity; all else may differ only while no such link exists.

    `subnets`: one in every AZ ID of the deployment, all in one VPC, each with at least 8 free addresses.
    `listeners`: 1 to 50 (a Network Load Balancer's limit, not adjustable). `on_failure`: `roll_back`, or `hold` to
    stop at a step that fails until a person says `retry_now` or `roll_back`. `approval`: wait for `approve` before the
    connection is accepted. `tags` are added to everything made in AWS.
    """

    name: LinkName
    deployment: DeploymentId
    platform: AnyPlatform = ApiPlatform()
    aws: AwsAccess
    subnets: Annotated[tuple[SubnetId, ...], Field(min_length=1, max_length=20), AfterValidator(_unique)]
    listeners: Annotated[tuple[Listener, ...], Field(min_length=1, max_length=50)]
    connector: Connector | None = None
    on_failure: Literal["roll_back", "hold"] = "roll_back"
    approval: bool = False
    tags: Annotated[dict[str, str], AfterValidator(_check_tags)] = {}

    @model_validator(mode="after")
    def _ports_fit_together(self) -> Self:
        ports = [listener.port for listener in self.listeners]
        _unique(tuple(f"listener port {port}" for port in ports))
        if self.connector:
            dialled = {
                int(port) for port in re.findall(r"\{address\}:(\d+)", "\n".join(texts(self.connector.parameters)))
            }
            unknown = sorted(dialled - set(ports))
            if unknown:
                message = f"the connector dials port {unknown[0]}, which no listener has"
                raise ValueError(message)
        return self

    @property
    def link(self) -> Link:
        """Whose request this is."""
        return Link(deployment=self.deployment, name=self.name)


class DeleteRequest(_RequestPart):
    """One link to delete: its identity, and where its AWS side stands.

    `allow_failed` lets a PrivateLink go whose status is `failed`; EMQX's page asks for `running` ("Delete the
    PrivateLink").
    """

    name: LinkName
    deployment: DeploymentId
    platform: AnyPlatform = ApiPlatform()
    aws: AwsAccess
    allow_failed: bool = False

    @classmethod
    def of(cls, request: PrivateLinkRequest, *, allow_failed: bool = False) -> Self:
        """The request that deletes what `request` creates."""
        return cls(
            name=request.name,
            deployment=request.deployment,
            platform=request.platform,
            aws=request.aws,
            allow_failed=allow_failed,
        )

    @property
    def link(self) -> Link:
        """Whose request this is."""
        return Link(deployment=self.deployment, name=self.name)
