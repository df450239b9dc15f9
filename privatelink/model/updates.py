"""What callers send to a running saga: the arguments of its Updates, and the answers.

Each argument is one JSON object, because Temporal's UI has one field for it. `by` is who sends it, for the record. The
CLI and the client fill it in; in the UI a person may leave it out. Temporal itself keeps the caller's identity in the
history.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, StringConstraints

from privatelink.model.forms import Form
from privatelink.model.request import DeleteRequest, PrivateLinkRequest


class Argument(BaseModel):
    """The argument of an Update."""

    example: ClassVar[str]
    """An example as one line of JSON, for the Update's description and for the error that a wrong argument gets."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Answer(BaseModel):
    # An older caller may read the answer of a newer worker.
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
"""A host name without port, by RFC 1123. An IP address is refused: AWS gives VPC endpoints names."""


VpcEndpointId = Annotated[str, Form(r"^vpce-[0-9a-z]+$", "an endpoint's id is written like vpce-0a1b2c3d4e5f6a7b8")]


class JoinCreate(Argument):
    """Join the create of exactly this request, or start it."""

    example: ClassVar[str] = '{"operation": "create", "request": {"name": "orders-db", "deployment": "w41b11c0", ...}}'

    operation: Literal["create"] = "create"
    request: PrivateLinkRequest


class JoinDelete(Argument):
    """Join the delete of exactly this request, or start it."""

    example: ClassVar[str] = '{"operation": "delete", "request": {"name": "orders-db", "deployment": "w41b11c0", ...}}'

    operation: Literal["delete"] = "delete"
    request: DeleteRequest


class Join(RootModel[Annotated[JoinCreate | JoinDelete, Field(discriminator="operation")]]):
    """The argument of the Update `join`: one of the two, distinguished by `operation`."""

    example: ClassVar[str] = JoinCreate.example


class Joined(_Answer):
    """The saga that the caller has joined. `saga_id` is Temporal's id of its first run, which a reset keeps."""

    link: str
    operation: Literal["create", "delete"]
    saga_id: str


class Confirm(Argument):
    """What a person saw at EMQX's console, for the step that is waiting for it.

    `address`: the PrivateLink's address as the console shows it (default: the proposed one). `vpc_endpoint_id`: the
    PrivateLink's VPC endpoint, if there are several endpoint connections.
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
    """Approve the endpoint connection of this VPC endpoint, by default the only one there is.

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
    """Continue after a pause. Example: `{"by": "ana@example.com"}`."""

    example: ClassVar[str] = '{"by": "ana@example.com"}'

    by: Words | None = None


class RetryNow(Argument):
    """Retry a held step, or start the next attempt of a waiting step now. Example: `{"by": "ana@example.com"}`."""

    example: ClassVar[str] = '{"by": "ana@example.com"}'

    by: Words | None = None


class RollBack(Argument):
    """Give up a create and remove what it has made. Example: `{"reason": "wrong subnets", "by": "ana@example.com"}`."""

    example: ClassVar[str] = '{"reason": "wrong subnets", "by": "ana@example.com"}'

    reason: Words
    by: Words | None = None


class UpdateResult(_Answer):
    """What an Update did: a message, the steps that it affected, and when it was recorded."""

    link: str
    message: str
    steps: tuple[str, ...] = ()
    at: datetime
