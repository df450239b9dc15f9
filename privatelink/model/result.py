"""The results: what a create, a delete or a look ends with, as JSON to keep."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from privatelink.errors import Finding


class _Result(BaseModel):
    # A caller of today reads the result of a worker of tomorrow: fields that it does not know are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class PrivateLinkResult(_Result):
    """A link that works. `address` is a host name without port: dial it on the listeners' ports.

    `private_link_id` is the platform's, unknown (None) where a person made it at the console; `connector` is
    `type:name` when the request asked for one. `account` and `region` are where the link stands.
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

    `absent`: there was nothing to delete. `removed`: the ids that were. `not_looked_at`: what the request allowed not
    to look at, and what only a person at EMQX's console can see, in words.
    """

    operation: Literal["delete"] = "delete"
    link: str
    status: Literal["deleted", "absent"]
    removed: tuple[str, ...] = ()
    account: str | None = None
    region: str | None = None
    not_looked_at: tuple[str, ...] = ()


class FoundThing(_Result):
    """One thing that carries a link's tag or name: what it is, its id, its cloud's word for how it stands.

    `console` is the page where a person finds it: a URL, or words where there is none.
    """

    kind: str
    id: str
    state: str = ""
    console: str = ""


class InspectionResult(_Result):
    """What there is of a link in `account` and `region` and at the platform; `things` is empty when there is nothing.

    `findings`: what a delete of it would be refused for, as that the link stands in another place; and who beside the
    deployment may connect.
    """

    link: str
    things: tuple[FoundThing, ...] = ()
    account: str | None = None
    region: str | None = None
    findings: tuple[Finding, ...] = ()


class SetUpCheck(_Result):
    """One thing that must be right before a create can work. `next_step` is what to do when it is not `ok`."""

    name: str
    ok: bool
    message: str
    next_step: str = ""


class SetUpResult(_Result):
    """What was looked at, in the order in which one thing needs the other."""

    findings: tuple[SetUpCheck, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is right. Where nothing was looked at, nothing is."""
        return bool(self.findings) and all(finding.ok for finding in self.findings)
