"""Deterministic names: who a link is, in Temporal, in AWS's names and tags, and at the platform.

Everything here is a pure function of the link (and, for tokens, of the saga), so that any step can find what an earlier
attempt made without having been told its id.
"""

import base64
import hashlib
import re
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from privatelink.model.forms import Form

TASK_QUEUE = "privatelink"

TAG_LINK = "privatelink:link"
TAG_DEPLOYMENT = "privatelink:deployment"
TAG_MANAGED_BY = "privatelink:managed-by"
TAG_SAGA = "privatelink:saga"
TAG_PLATFORM = "privatelink:platform"
"""By which platform mode the link's PrivateLink is made: the one part of a link's place that AWS does not show."""
TAG_COMPLETE = "privatelink:complete"
"""Set on everything when a create ends well, on the endpoint service first: from then on no rollback removes it."""

MANAGED_BY = "privatelink-orchestrator"

DeploymentId = Annotated[
    str,
    Form(
        r"^[a-z0-9][a-z0-9-]{0,62}$",
        "a deployment's id is written like w41b11c0: lower-case letters, digits and hyphens",
    ),
]
LinkName = Annotated[
    str,
    Form(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a name is written like orders-db: lower-case letters, digits and hyphens, at most 63, no hyphen at either end",
    ),
]


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


PlatformMode = Literal["api", "console"]


class Place(BaseModel):
    """Where a link stands: AWS account (12 digits) and region of the provider's side, and the platform mode.

    A link has one place. Every description and tag of ours carries it, so that both clouds can tell it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: str
    region: str
    mode: PlatformMode

    def __str__(self) -> str:
        """For a message."""
        return f"account {self.account}, region {self.region}, platform mode {self.mode}"


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


def ownership_tags(link: Link, saga_id: str, place: Place | None = None) -> dict[str, str]:
    """The tags that make a thing at AWS ours: whose link, which saga made or adopted it, by which platform mode.

    AWS shows the rest of the `place` by itself.
    """
    tags = {
        TAG_LINK: str(link),
        TAG_DEPLOYMENT: link.deployment,
        TAG_MANAGED_BY: MANAGED_BY,
        TAG_SAGA: saga_id,
    }
    return tags | {TAG_PLATFORM: place.mode} if place else tags


def description(link: Link, saga_id: str, place: Place | None = None) -> str:
    """What stands in for tags where EMQX has none: the description of a PrivateLink or a connector."""
    where = f" account={place.account} region={place.region} mode={place.mode}" if place else ""
    return f"{MANAGED_BY} link={link} saga={saga_id}{where}"


class Described(NamedTuple):
    """What a description of ours says. `place` is None in those that were written before they told it."""

    link: str
    saga_id: str
    place: Place | None


_DESCRIPTION = re.compile(
    rf"{MANAGED_BY} link=(?P<link>\S+) saga=(?P<saga>\S+)"
    r"(?: account=(?P<account>[0-9]{12}) region=(?P<region>[a-z0-9-]+) mode=(?P<mode>api|console))?"
)


def described_owner(text: str) -> Described | None:
    """What `description` wrote, or None when someone else wrote the text."""
    match = _DESCRIPTION.fullmatch(text)
    if match is None:
        return None
    place = Place.model_validate(match.groupdict()) if match["account"] else None
    return Described(match["link"], match["saga"], place)
