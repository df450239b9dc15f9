"""The results of a create, a delete or an inspection, as JSON to keep."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from privatelink.errors import Finding


class _Result(BaseModel):
    # An older caller may read the result of a newer worker, so unknown fields are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class PrivateLinkResult(_Result):
    """A link that works. `address` is a host name without port: dial it on the listeners' ports.

    `private_link_id` is the platform's id, or None if a person made the PrivateLink at the console. `connector` is
    `type:name` if the request asked for one. `account` and `region` are where the link is.
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
    private_link_id: str | None = None
    connector: str | None = None
    account: str | None = None
    region: str | None = None


class DeleteResult(_Result):
    """Nothing of the link is left in `account` (12 digits) and `region`, and at the platform.

    `absent`: there was nothing to delete. `removed`: the ids that were deleted. `not_looked_at`: in words, what the
    request allowed to skip, and what only a person at EMQX's console can see.
    """

    operation: Literal["delete"] = "delete"
    link: str
    status: Literal["deleted", "absent"]
    removed: tuple[str, ...] = ()
    account: str | None = None
    region: str | None = None
    not_looked_at: tuple[str, ...] = ()


class FoundThing(_Result):
    """One thing that carries a link's tag or name: what it is, its id, and its cloud's word for its state.

    `console` is the page where a person finds it: a URL, or a description if there is no URL.
    """

    kind: str
    id: str
    state: str = ""
    console: str = ""


class InspectionResult(_Result):
    """What exists of a link in `account` and `region` and at the platform. `things` is empty if nothing exists.

    `findings`: why a delete of the link would be refused, for example because the link is in another place; and who
    besides the deployment may connect.
    """

    link: str
    things: tuple[FoundThing, ...] = ()
    account: str | None = None
    region: str | None = None
    findings: tuple[Finding, ...] = ()


class SetUpCheck(_Result):
    """One thing that must be right before a create can work. `next_step` is what to do if it is not `ok`."""

    name: str
    ok: bool
    message: str
    next_step: str = ""


class SetUpResult(_Result):
    """What was checked, in the order in which one thing depends on another."""

    findings: tuple[SetUpCheck, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is right. False if nothing was checked."""
        return bool(self.findings) and all(finding.ok for finding in self.findings)
