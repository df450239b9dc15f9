"""The request: what a caller sends to create or delete one link. Frozen; unknown fields are refused."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from privatelink.model.clear_secrets import check_parameters, check_public
from privatelink.model.forms import Form
from privatelink.model.listeners import Listener
from privatelink.model.names import DeploymentId, Link, LinkName
from privatelink.model.parts import RequestPart, unique

ADDRESS = "{address}"
"""Placeholder in a connector's parameters for the PrivateLink's address, which is known only at the end."""


def texts(value: JsonValue) -> Iterator[str]:
    """Every text in a JSON value, except the names of its fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


Region = Annotated[str, Form(r"^[a-z]+(-[a-z]+)+-[0-9]+$", "a region is written like us-east-1")]
SubnetId = Annotated[str, Form(r"^subnet-[0-9a-z]+$", "a subnet's id is written like subnet-0a1b2c3d4e5f6a7b8")]
AzId = Annotated[
    str,
    Form(
        r"^[a-z0-9]+(-[a-z0-9]+)*-az[0-9]+$",
        "an AZ ID is written like use1-az1; an AZ name, such as us-east-1a, means a different zone in each account",
    ),
]

RoleArn = Annotated[
    str,
    Form(
        r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,576}$",
        "a role's ARN is written like arn:aws:iam::111122223333:role/privatelink",
    ),
]

PRINCIPALS = "only root, or a role or user without a path, of one account can be allowed exactly"
"""The deployment principals that an endpoint service can be offered to, in words."""


class ApiPlatform(RequestPart):
    """How the platform is reached: by its API (`clouds/emqx`)."""

    mode: Literal["api"] = "api"


class ConsolePlatform(RequestPart):
    """How the platform is reached without an API: by a person at its console, who follows the saga's instructions.

    `az_ids` and `principal_arn` are what the console's dialog `+PrivateLink` shows (EMQX: "AWS PrivateLink"). Example:
    `{mode: console, az_ids: [use1-az1, use1-az2], principal_arn: "arn:aws:iam::111122223333:root"}`.
    """

    mode: Literal["console"]
    az_ids: Annotated[
        tuple[AzId, ...],
        Field(min_length=1, max_length=20),
        AfterValidator(unique),
    ]
    principal_arn: Annotated[
        str,
        Form(
            r"^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9_+=,.@-]{1,64})$",
            f"{PRINCIPALS}, as in arn:aws:iam::111122223333:root",
        ),
    ]

    @property
    def account_id(self) -> str:
        """The account that has the deployment's VPC endpoints, 12 digits."""
        return self.principal_arn.split(":")[4]


AnyPlatform = Annotated[ApiPlatform | ConsolePlatform, Field(discriminator="mode")]


class AwsAccess(RequestPart):
    """Where in AWS the service provider's side is built, and with which identity.

    If `role_arn` is given, it is assumed with `external_id` (AWS: "Access to AWS accounts owned by third parties").
    Otherwise the worker's own credentials are used. Example: `{region: us-east-1, role_arn: null, external_id: null}`.
    """

    region: Region
    role_arn: RoleArn | None = None
    external_id: (
        Annotated[
            str,
            Form(
                r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$",
                "an external id has 2 to 1224 characters: letters, digits and + = , . @ : / - _",
            ),
        ]
        | None
    ) = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _external_id_goes_with_a_role(self) -> Self:
        if self.external_id and not self.role_arn:
            message = "external_id goes with a role_arn"
            raise ValueError(message)
        return self

    @property
    def account_id(self) -> str | None:
        """The account of the role, or None if the worker's own credentials decide."""
        return self.role_arn.split(":")[4] if self.role_arn else None


class Connector(RequestPart):
    """A connector of the deployment's data integration, made at the end and probed through the address.

    `type` and `parameters` are EMQX's own (broker API, POST /connectors). `{address}` in any text is replaced by the
    PrivateLink's address. A secret is written `{secret: "env:NAME"}` or `{secret: "file:NAME"}` (secret_refs.py).
    Example: `{type: mysql, name: orders, parameters: {server: "{address}:3306", password: {secret: "env:ORDERS_DB"}}}`.
    """

    type: Annotated[str, Form(r"^[a-z][a-z0-9_]{0,62}$", "a type is EMQX's own word for it, such as mysql or http")]
    name: Annotated[
        str,
        Form(
            r"^[0-9a-zA-Z][-0-9a-zA-Z_]{0,199}$",
            "a name has letters, digits, - and _, begins with a letter or digit, and has at most 200 characters",
        ),
    ]
    parameters: Annotated[dict[str, JsonValue], AfterValidator(check_parameters)]

    @property
    def id(self) -> str:
        """EMQX's id of the connector: `type:name`."""
        return f"{self.type}:{self.name}"

    @field_validator("parameters")
    @classmethod
    def _parameters_use_the_address(cls, parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if not any(ADDRESS in text for text in texts(parameters)):
            message = f"no text in it contains {ADDRESS}, so the connector would not use this PrivateLink"
            raise ValueError(message)
        reserved = sorted({"type", "name", "description", "enable"} & parameters.keys())
        if reserved:
            message = f"{', '.join(reserved)}: set by the orchestrator, not by parameters"
            raise ValueError(message)
        return parameters


def _check_tags(tags: dict[str, str]) -> dict[str, str]:
    most = 43  # AWS allows 50 tags per resource; six are ours, and one is left for the account's own policies
    faults = [f"{len(tags)} tags, at most {most}"] if len(tags) > most else []
    for key, value in tags.items():
        if re.match(r"(?i)aws:|privatelink:", key):
            faults.append(f"{key}: keys that begin with aws: or privatelink: are reserved")
        elif not re.fullmatch(r"[\w .:/=+@-]{1,128}", key) or not re.fullmatch(r"[\w .:/=+@-]{0,256}", value):
            faults.append(f"{key}: at most 128 (key) and 256 (value) letters, digits, spaces and . : / = + @ - _")
    if faults:
        raise ValueError("; ".join(faults))
    return check_public(tags)


class PrivateLinkRequest(RequestPart):
    """One link to create. `deployment` and `name` identify it; all else may differ only while no such link exists.

    `subnets`: one in every AZ ID of the deployment, all in one VPC, each with at least 8 free addresses.
    `listeners`: 1 to 50 (a Network Load Balancer's limit, not adjustable).
    `on_failure`: `roll_back`, or `hold` to stop at a failed step until a person sends `retry_now` or `roll_back`.
    `approval`: whether the saga waits for a person's `approve` before it accepts the endpoint connection. `true`: it
    always waits. Left out: it waits if nothing proves whose the endpoint is (in console mode, and if the platform does
    not name it). `false`: it never waits, and accepts the endpoint that for a minute is the only one no older than the
    request.
    `tags` are added to everything made in AWS.
    """

    name: LinkName
    deployment: DeploymentId
    platform: AnyPlatform = ApiPlatform()
    aws: AwsAccess
    subnets: Annotated[tuple[SubnetId, ...], Field(min_length=1, max_length=20), AfterValidator(unique)]
    listeners: Annotated[tuple[Listener, ...], Field(min_length=1, max_length=50)]
    connector: Connector | None = None
    on_failure: Literal["roll_back", "hold"] = "roll_back"
    approval: bool | None = None
    tags: Annotated[dict[str, str], AfterValidator(_check_tags)] = Field(default={})

    @model_validator(mode="after")
    def _ports_fit_together(self) -> Self:
        ports = [listener.port for listener in self.listeners]
        unique(tuple(f"listener port {port}" for port in ports))
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
    def asks_for_approval(self) -> bool:
        """Whether it is already certain that a person must approve the endpoint. By the API, it is asked if needed."""
        return isinstance(self.platform, ConsolePlatform) if self.approval is None else self.approval

    @property
    def link(self) -> Link:
        """The link that the request is for."""
        return Link(deployment=self.deployment, name=self.name)


class DeleteRequest(RequestPart):
    """One link to delete: its identity, and the place of its AWS side.

    `allow_failed` also deletes a PrivateLink whose status is `failed`; EMQX's page asks for `running` ("Delete the
    PrivateLink"). `ignore_deployment` lets a worker delete the link without an API key of the deployment, or with a key
    that may not read everything there. What uses the address is then not checked, and the result says so.
    """

    name: LinkName
    deployment: DeploymentId
    platform: AnyPlatform = ApiPlatform()
    aws: AwsAccess
    allow_failed: bool = False
    ignore_deployment: bool = False

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
        """The link that the request is for."""
        return Link(deployment=self.deployment, name=self.name)
