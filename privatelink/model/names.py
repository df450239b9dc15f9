"""Deterministic names: how a link is identified in Temporal, in AWS's names and tags, and at the platform.

Everything here is a pure function of the link (and, for tokens, of the saga). So any step can find what an earlier
attempt made without knowing its id.
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
"""Tag for the platform mode of the link's PrivateLink, the only part of a link's place that AWS does not show."""
TAG_COMPLETE = "privatelink:complete"
"""Tag set on everything when a create ends well, the endpoint service first. From then on no rollback removes it."""

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
        """Read `deployment/name`. Raises `ValueError` (pydantic's) if it does not have that form."""
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
    """Where a link is: AWS account (12 digits) and region of the provider's side, and the platform mode.

    A link has one place. All our descriptions and tags carry it, so that it can be read from both clouds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: str
    region: str
    mode: PlatformMode

    def __str__(self) -> str:
        """The place as text for a message."""
        return f"account {self.account}, region {self.region}, platform mode {self.mode}"


def link_of_workflow_id(workflow_id: str) -> Link | None:
    """The link that a workflow id belongs to, or None if it is not one of ours."""
    match = re.fullmatch(r"privatelink:([^:]+):([^:]+)", workflow_id)
    try:
        return Link(deployment=match[1], name=match[2]) if match else None
    except ValidationError:
        return None


def _digest(text: str, characters: int) -> str:
    """Lower-case base32 of SHA-256: 5 bits per character, only [a-z2-7], valid in every AWS name."""
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
    """EC2 ClientToken: the same for all retries in one saga, new for the next. EC2's limit is 64 ASCII characters."""
    return hashlib.sha256(f"{saga_id}/{step}".encode()).hexdigest()


def ownership_tags(link: Link, saga_id: str, place: Place | None = None) -> dict[str, str]:
    """The tags that mark an AWS resource as ours: its link, the saga that made or adopted it, and the platform mode.

    AWS itself shows the rest of the `place`.
    """
    tags = {
        TAG_LINK: str(link),
        TAG_DEPLOYMENT: link.deployment,
        TAG_MANAGED_BY: MANAGED_BY,
        TAG_SAGA: saga_id,
    }
    return tags | {TAG_PLATFORM: place.mode} if place else tags


def description(link: Link, saga_id: str, place: Place | None = None) -> str:
    """The description of a PrivateLink or connector, which replaces tags, because EMQX has none."""
    where = f" account={place.account} region={place.region} mode={place.mode}" if place else ""
    return f"{MANAGED_BY} link={link} saga={saga_id}{where}"


class Described(NamedTuple):
    """What a description of ours says. `place` is None in older descriptions, which did not contain it."""

    link: str
    saga_id: str
    place: Place | None


_DESCRIPTION = re.compile(
    rf"{MANAGED_BY} link=(?P<link>\S+) saga=(?P<saga>\S+)"
    r"(?: account=(?P<account>[0-9]{12}) region=(?P<region>[a-z0-9-]+) mode=(?P<mode>api|console))?"
)


def described_owner(text: str) -> Described | None:
    """What `description` wrote, or None if somebody else wrote the text."""
    match = _DESCRIPTION.fullmatch(text)
    if match is None:
        return None
    place = Place.model_validate(match.groupdict()) if match["account"] else None
    return Described(match["link"], match["saga"], place)
