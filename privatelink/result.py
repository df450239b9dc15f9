"""The results: what a create or a delete ends with, as JSON to keep."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    # A caller of today reads the result of a worker of tomorrow: fields that it does not know are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class PrivateLinkResult(_Result):
    """A link that works. `address` is a host name without port: dial it on the listeners' ports.

    `connector` is `type:name` when the request asked for one.
    """

    operation: Literal["create"] = "create"
    link: str
    status: Literal["running"] = "running"
    address: str
    service_name: str
    service_id: str
    load_balancer_arn: str
    target_group_arns: tuple[str, ...]
    vpc_endpoint_id: str
    private_link_id: str
    connector: str | None = None


class DeleteResult(_Result):
    """Nothing of the link is left. `absent`: there was nothing to delete. `removed`: the ids that were."""

    operation: Literal["delete"] = "delete"
    link: str
    status: Literal["deleted", "absent"]
    removed: tuple[str, ...] = ()
