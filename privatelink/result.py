"""The results: what a create, a delete or a look ends with, as JSON to keep."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    # A caller of today reads the result of a worker of tomorrow: fields that it does not know are no error.
    model_config = ConfigDict(frozen=True, extra="ignore")


class PrivateLinkResult(_Result):
    """A link that works. `address` is a host name without port: dial it on the listeners' ports.

    `private_link_id` is the platform's, unknown (None) where a person made it at the console; `connector` is
    `type:name` when the request asked for one.
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


class DeleteResult(_Result):
    """Nothing of the link is left. `absent`: there was nothing to delete. `removed`: the ids that were."""

    operation: Literal["delete"] = "delete"
    link: str
    status: Literal["deleted", "absent"]
    removed: tuple[str, ...] = ()


class FoundThing(_Result):
    """One thing that carries a link's tag or name: what it is, its id, its cloud's word for how it stands.

    `console` is the page where a person finds it: a URL, or words where there is none.
    """

    kind: str
    id: str
    state: str = ""
    console: str = ""


class InspectionResult(_Result):
    """What there is of a link in AWS and at the platform, read from both; empty when there is nothing."""

    link: str
    things: tuple[FoundThing, ...] = ()


class SetUpFinding(_Result):
    """One thing that must be right before a create can work. `fix` is what to do when it is not `ok`."""

    what: str
    ok: bool
    says: str
    fix: str = ""


class SetUpResult(_Result):
    """What was looked at, in the order in which one thing needs the other."""

    findings: tuple[SetUpFinding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is right."""
        return all(finding.ok for finding in self.findings)
