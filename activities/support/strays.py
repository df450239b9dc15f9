"""Strays: resources that have a link's name, or hang on resources of the link, without the link's tag.

Either somebody removed the tag, or the resource is foreign. Nobody can know which, so no step touches it. But no ending
passes over it in silence either, because it may be a billed part of the link.
"""

import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clouds.aws.endpoint_services import FoundEndpointService
from clouds.aws.listeners import FoundListener
from clouds.aws.load_balancers import FoundLoadBalancer
from clouds.aws.tags import COMPLETE, Ownership
from clouds.aws.target_groups import FoundTargetGroup
from privatelink.errors import Finding, FindingType
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_PLATFORM, TAG_SAGA, Link, ownership_tags


class Stray(NamedTuple):
    """One such resource. `because`: what ties it to the link. `tagged_for`: the other link in its tag, or empty.

    `giving_back`: the command that gives it the link's tags again. `is_named`: it has the link's own name; otherwise it
    hangs on a resource that does.
    """

    kind: str
    id: str
    because: str
    tagged_for: str
    giving_back: str
    is_named: bool

    def words(self) -> str:
        """What is wrong with it."""
        tag = f"the tag of link {self.tagged_for}" if self.tagged_for else f"no tag {TAG_LINK}"
        return f"{self.because}, and carries {tag}"

    def finding(self) -> Finding:
        """The finding with which a check refuses a create or a delete."""
        return Finding(
            type=FindingType.TAGS_LOST,
            resource=self.id,
            message=f"the {self.kind} {self.words()}",
            next_step=f"if it is the link's, restore its tags: `{self.giving_back}`; if it is not, delete or move it",
        )


def strays(
    link: Link,
    region: str,
    *,
    load_balancer: FoundLoadBalancer | None,
    target_groups: list[FoundTargetGroup],
    listeners: list[FoundListener],
    services: list[FoundEndpointService],
) -> Iterator[Stray]:
    """The strays among these, in order of removal. `listeners`: the load balancer's. `services`: all that AWS shows.

    What hangs on a load balancer that carries another link's tag is that link's business.
    """
    ownerships = [*(one.ownership for one in services), *(one.ownership for one in listeners)]
    ownerships += [one.ownership for one in target_groups]
    like = tagged(ownerships + [one.ownership for one in [load_balancer] if one], link)

    def stray(kind: str, thing_id: str, ownership: Ownership) -> Stray:
        is_named = kind in {"load balancer", "target group"}
        because = f"has the name of link {link}" if is_named else "is on the link's load balancer"
        command = giving_back(link, region, thing_id, like)
        return Stray(kind, thing_id, because, ownership.link, command, is_named)

    if load_balancer and load_balancer.ownership.link in {"", str(link)}:
        for service in services:
            stands_on_it = load_balancer.arn in service.load_balancer_arns and service.is_live
            if stands_on_it and not service.ownership.belongs_to(link):
                yield stray("endpoint service", service.service_id, service.ownership)
        for listener in listeners:
            if not listener.ownership.belongs_to(link):
                yield stray("listener", listener.arn, listener.ownership)
    if load_balancer and not load_balancer.ownership.belongs_to(link):
        yield stray("load balancer", load_balancer.arn, load_balancer.ownership)
    for group in target_groups:
        if not group.ownership.belongs_to(link):
            yield stray("target group", group.arn, group.ownership)


def tagged(ownerships: Iterable[Ownership], link: Link) -> Ownership | None:
    """The ownership from the tags of a resource of the link that still has them; preferably of a completed create."""
    return max((one for one in ownerships if one.belongs_to(link)), key=lambda one: one.complete, default=None)


def giving_back(link: Link, region: str, thing_id: str, like: Ownership | None) -> str:
    """The command that gives a resource (ARN or ID) the link's tags again.

    The values are those of `like`, another resource of the link.
    """
    tags = ownership_tags(link, like.saga_id if like else "")
    if like is None:
        del tags[TAG_SAGA]
    if like and like.mode:
        tags[TAG_PLATFORM] = like.mode
    if like and like.complete:
        tags[TAG_COMPLETE] = COMPLETE
    pairs = " ".join(shlex.quote(f"Key={key},Value={value}") for key, value in tags.items())
    if thing_id.startswith("arn:"):
        return f"aws elbv2 add-tags --region {region} --resource-arns {thing_id} --tags {pairs}"
    return f"aws ec2 create-tags --region {region} --resources {thing_id} --tags {pairs}"
