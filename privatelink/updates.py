"""What callers send into a running saga: the arguments of its Updates, and their answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from privatelink.request import DeleteRequest, PrivateLinkRequest


class JoinCreate(BaseModel):
    """Join the create of this very request, or start it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    operation: Literal["create"] = "create"
    request: PrivateLinkRequest


class JoinDelete(BaseModel):
    """Join the delete of this very request, or start it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    operation: Literal["delete"] = "delete"
    request: DeleteRequest


class Join(RootModel[Annotated[JoinCreate | JoinDelete, Field(discriminator="operation")]]):
    """The argument of the Update `join`: one of the two, told apart by `operation`."""


class Joined(BaseModel):
    """The saga that the caller is now part of; `saga_id` is Temporal's run id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    link: str
    operation: Literal["create", "delete"]
    saga_id: str
