"""What callers send into a running saga: the arguments of its Updates, and their answers.

Each is one JSON object, since Temporal's UI offers one field for it. `by` is who sends it, for the record: the CLI and
the client fill it in, by hand in the UI it is given or missing. Temporal itself keeps the caller's identity in history.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, StringConstraints

from privatelink.model.forms import Form
from privatelink.model.request import DeleteRequest, PrivateLinkRequest


class Argument(BaseModel):
    """What an Update takes."""

    example: ClassVar[str]
    """How it is sent, as one line of JSON: for the Update's description, and for whoever sends something else."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Answer(BaseModel):
    # A caller of today reads the answer of a worker of tomorrow.
    model_config = ConfigDict(frozen=True, extra="ignore")


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
HostName = Annotated[
    str,
    StringConstraints(max_length=253, to_lower=True),
    Form(
        r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        "an address is a host name without port, as AWS gives it to the endpoint",
    ),
]
"""A host name without port, as RFC 1123 has it; an IP address is none: AWS gives a VPC endpoint names."""


VpcEndpointId = Annotated[str, Form(r"^vpce-[0-9a-z]+$", "an endpoint's id is written like vpce-0a1b2c3d4e5f6a7b8")]


class JoinCreate(Argument):
    """Join the create of this very request, or start it."""

    example: ClassVar[str] = '{"operation": "create", "request": {"name": "orders-db", "deployment": "w41b11c0", ...}}'

    operation: Literal["create"] = "create"
    request: PrivateLinkRequest


class JoinDelete(Argument):
    """Join the delete of this very request, or start it."""

    example: ClassVar[str] = '{"operation": "delete", "request": {"name": "orders-db", "deployment": "w41b11c0", ...}}'

    operation: Literal["delete"] = "delete"
    request: DeleteRequest


class Join(RootModel[Annotated[JoinCreate | JoinDelete, Field(discriminator="operation")]]):
    """The argument of the Update `join`: one of the two, told apart by `operation`."""

    example: ClassVar[str] = JoinCreate.example


class Joined(_Answer):
    """The saga that the caller is now part of; `saga_id` is Temporal's id of its first run, which a reset keeps."""

    link: str
    operation: Literal["create", "delete"]
    saga_id: str


class Confirm(Argument):
    """What a person saw at EMQX's console, for the step that waits for it.

    `address`: the PrivateLink's, as the console shows it; left out, the proposed one holds. `vpc_endpoint_id`: which of
    several endpoint connections is the PrivateLink's.
    Example: `{"step": "confirm-running", "address": "vpce-0a1b-x.vpce-svc-0a1b.us-east-1.vpce.amazonaws.com"}`.
    """

    example: ClassVar[str] = (
        '{"step": "confirm-running", "address": "vpce-0a1b-x.vpce-svc-0a1b.us-east-1.vpce.amazonaws.com"}'
    )

    step: Words
    address: HostName | None = None
    vpc_endpoint_id: VpcEndpointId | None = None
    by: Words | None = None


class Approve(Argument):
    """Let the endpoint connection of this VPC endpoint be accepted; without its id, the only one there is.

    Example: `{"by": "ana@example.com", "note": "CHG-1234", "vpc_endpoint_id": "vpce-0a1b"}`.
    """

    example: ClassVar[str] = '{"by": "ana@example.com", "note": "CHG-1234", "vpc_endpoint_id": "vpce-0a1b"}'

    by: Words
    note: Words | None = None
    vpc_endpoint_id: VpcEndpointId | None = None


class Pause(Argument):
    """Stop before the next effect, until `resume` or the moment `until` (with its time zone).

    Example: `{"reason": "network freeze", "until": "2030-01-31T06:00:00Z"}`.
    """

    example: ClassVar[str] = '{"reason": "network freeze", "until": "2030-01-31T06:00:00Z"}'

    reason: Words
    until: AwareDatetime | None = None
    by: Words | None = None


class Resume(Argument):
    """Go on after a pause. Example: `{"by": "ana@example.com"}`."""

    example: ClassVar[str] = '{"by": "ana@example.com"}'

    by: Words | None = None


class RetryNow(Argument):
    """Go on from a held step, or try now what waits for its next try. Example: `{"by": "ana@example.com"}`."""

    example: ClassVar[str] = '{"by": "ana@example.com"}'

    by: Words | None = None


class RollBack(Argument):
    """Give a create up and remove what it has made. Example: `{"reason": "wrong subnets", "by": "ana@example.com"}`."""

    example: ClassVar[str] = '{"reason": "wrong subnets", "by": "ana@example.com"}'

    reason: Words
    by: Words | None = None


class UpdateResult(_Answer):
    """What an Update did: one message, the steps that it concerned, and when it was recorded."""

    link: str
    message: str
    steps: tuple[str, ...] = ()
    at: datetime
