"""Deterministic names: who a link is, in Temporal, in AWS's names and tags, and at the platform.

Everything here is a pure function of the link (and, for tokens, of the saga), so that any step can find what an earlier
attempt made without having been told its id.
"""

import base64
import hashlib
import re
from functools import lru_cache
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

TASK_QUEUE = "privatelink"

TAG_LINK = "privatelink:link"
TAG_DEPLOYMENT = "privatelink:deployment"
TAG_MANAGED_BY = "privatelink:managed-by"
TAG_SAGA = "privatelink:saga"
TAG_COMPLETE = "privatelink:complete"
"""Set on everything when a create ends well: from then on no other create re-tags it, so no rollback removes it."""

MANAGED_BY = "privatelink-orchestrator"

DeploymentId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
LinkName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Link(BaseModel):
    """One link of one deployment, written `deployment/name`, as in `w41b11c0/orders-db`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deployment: DeploymentId
    name: LinkName

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `deployment/name`. Raises `ValueError` (pydantic's) when it is not of that form."""
        deployment, separator, name = text.partition("/")
        if not separator:
            message = f"{text!r} is not of the form deployment/name, as in w41b11c0/orders-db"
            raise ValueError(message)
        return cls(deployment=deployment, name=name)

    def __str__(self) -> str:
        """Give `deployment/name`."""
        return f"{self.deployment}/{self.name}"

    @property
    def workflow_id(self) -> str:
        """The same id for create and delete, so that Temporal lets only one of them run."""
        return f"privatelink:{self.deployment}:{self.name}"


def link_of_workflow_id(workflow_id: str) -> Link | None:
    """The link that a workflow id stands for, or None when it is not one of ours."""
    match = re.fullmatch(r"privatelink:([^:]+):([^:]+)", workflow_id)
    try:
        return Link(deployment=match[1], name=match[2]) if match else None
    except ValidationError:
        return None


def _digest(text: str, characters: int) -> str:
    """Lower-case base32 of SHA-256: 5 bits a character, only [a-z2-7], valid in every AWS name."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:characters]


@lru_cache(maxsize=10_000)
def aws_name(link: Link, port: int | None = None) -> str:
    """Name of the link's load balancer, or of the target group of one listener.

    At most 32 characters of [a-z0-9-], no hyphen at either end, never `internal-` in front (ELBv2's rules for
    CreateLoadBalancer and CreateTargetGroup): `pl-<slug>-<10 characters of hash>[-<port>]`.
    """
    slug = re.sub(r"-+", "-", link.name)[:12].strip("-")
    name = f"pl-{slug}-{_digest(str(link), 10)}"
    return name if port is None else f"{name}-{port}"


def client_token(saga_id: str, step: str) -> str:
    """EC2 ClientToken: the same for every retry of one saga, new for the next; 64 ASCII characters, EC2's limit."""
    return hashlib.sha256(f"{saga_id}/{step}".encode()).hexdigest()


def ownership_tags(link: Link, saga_id: str) -> dict[str, str]:
    """The tags that make a thing at AWS ours: whose link, and which saga made or adopted it."""
    return {
        TAG_LINK: str(link),
        TAG_DEPLOYMENT: link.deployment,
        TAG_MANAGED_BY: MANAGED_BY,
        TAG_SAGA: saga_id,
    }


def description(link: Link, saga_id: str) -> str:
    """What stands in for tags where EMQX has none: the description of a PrivateLink or a connector."""
    return f"{MANAGED_BY} link={link} saga={saga_id}"


def described_owner(text: str) -> tuple[str, str] | None:
    """The (link, saga id) that `description` wrote, or None when someone else wrote the text."""
    match = re.fullmatch(rf"{MANAGED_BY} link=(\S+) saga=(\S+)", text)
    return (match[1], match[2]) if match else None
