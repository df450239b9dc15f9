"""Tags: AWS's lists of keys and values as dicts, and what our tags say about the owner of a resource."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from clouds.aws.budgets import Bucket
from clouds.aws.codes import is_not_found
from privatelink.errors import PrivateLinkError
from privatelink.model.names import TAG_COMPLETE, TAG_LINK, TAG_PLATFORM, TAG_SAGA, Link, Place, ownership_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_ec2.type_defs import TagTypeDef as Ec2Tag
    from mypy_boto3_elbv2.type_defs import TagTypeDef as ElbTag

    from clouds.aws.calls import AccountCalls
    from clouds.aws.sessions import Clients

TAG_VPC_ENDPOINT = "privatelink:vpc-endpoint"
"""Tag of an endpoint service: the VPC endpoint proven to be this link's. A removal uses it to spot foreign ones."""

COMPLETE = "true"

_MOST_ARNS = 20
"""Maximum number of resources per call of ELBv2 DescribeTags. AddTags states no number, so it uses the same."""


class Ownership(NamedTuple):
    """What the tags of a resource say: its `link` and `saga_id` (empty: not ours), and whether that create succeeded.

    `mode`: the platform mode of that create; empty on resources that are older than the tag.
    """

    link: str
    saga_id: str
    complete: bool
    mode: str = ""

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Ownership:
        """Read it from tags."""
        complete = tags.get(TAG_COMPLETE) == COMPLETE
        return cls(tags.get(TAG_LINK, ""), tags.get(TAG_SAGA, ""), complete, tags.get(TAG_PLATFORM, ""))

    def belongs_to(self, link: Link) -> bool:
        """Whether the resource belongs to this link."""
        return self.link == str(link)

    def is_in_scope(self, link: Link, saga_id: str | None) -> bool:
        """Whether a removal may touch it: everything of the link, or with `saga_id` only what no other saga completed.

        No two sagas of a link run at once, so what another saga has left incomplete belongs to one that has ended.
        """
        return self.belongs_to(link) and (saga_id in {None, self.saga_id} or not self.complete)


def elb_tags(link: Link, saga_id: str, more: Mapping[str, str], place: Place | None = None) -> list[ElbTag]:
    """Our tags and the caller's own, in ELBv2's form."""
    return [{"Key": key, "Value": value} for key, value in ({**more, **ownership_tags(link, saga_id, place)}).items()]


def ec2_tags(link: Link, saga_id: str, more: Mapping[str, str], place: Place | None = None) -> list[Ec2Tag]:
    """Our tags and the caller's own, in EC2's form."""
    return [{"Key": key, "Value": value} for key, value in ({**more, **ownership_tags(link, saga_id, place)}).items()]


def tag_dict(tags: Iterable[ElbTag | Ec2Tag]) -> dict[str, str]:
    """AWS's list as a dict."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags if "Key" in tag}


async def read_elb_tags(account: AccountCalls, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of load balancers, target groups or listeners, by ARN. Those deleted meanwhile are left out."""
    found: dict[str, dict[str, str]] = {}
    for some in _chunks(arns):
        found.update(await _read_elb_tags(account, some))
    return found


async def _read_elb_tags(account: AccountCalls, arns: list[str]) -> dict[str, dict[str, str]]:
    try:
        return await account.call(
            Bucket.ELB_READ,
            "reading tags",
            ", ".join(arns),
            lambda clients: {
                one["ResourceArn"]: tag_dict(one.get("Tags", []))
                for one in clients.elbv2.describe_tags(ResourceArns=arns)["TagDescriptions"]
            },
        )
    except PrivateLinkError as error:
        if not is_not_found(error.cloud_code):
            raise
        if len(arns) == 1:
            return {}
        # If one is gone, AWS refuses the whole call, so ask for each one separately.
        each = [await _read_elb_tags(account, [arn]) for arn in arns]
        return {arn: tags for one in each for arn, tags in one.items()}


async def add_elb_tags(account: AccountCalls, arns: Sequence[str], tags: list[ElbTag]) -> None:
    """Add tags to load balancers, target groups or listeners. An existing key gets the new value."""
    for some in _chunks(arns):
        add = partial(_add_elb_tags, some, tags)
        await account.call(Bucket.ELB_WRITE, "tagging", ", ".join(some), add)


def _add_elb_tags(arns: list[str], tags: list[ElbTag], clients: Clients) -> None:
    clients.elbv2.add_tags(ResourceArns=arns, Tags=tags)


async def add_ec2_tags(account: AccountCalls, resource_id: str, tags: list[Ec2Tag]) -> None:
    """Add tags to an endpoint service. An existing key gets the new value."""
    await account.call(
        Bucket.EC2_WRITE,
        "tagging",
        resource_id,
        lambda clients: clients.ec2.create_tags(Resources=[resource_id], Tags=tags),
    )


def _chunks(arns: Sequence[str]) -> Iterable[list[str]]:
    return (list(arns[start : start + _MOST_ARNS]) for start in range(0, len(arns), _MOST_ARNS))
