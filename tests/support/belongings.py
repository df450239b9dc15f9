"""What belongs to a link, found in every way: by our tags and descriptions, our exact names, and attachments.

A thing that has lost its tags, or is in another account or region, still belongs to its link.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from privatelink.model.names import TAG_LINK, TAG_SAGA, Link, aws_name, described_owner


@dataclass
class Known:
    """What identifies a link besides its tags. `services` grows, because a PrivateLink outlives the service it led to.

    `targets` are those requested behind each port.
    """

    link: Link
    ports: tuple[int, ...] = ()
    connector: str | None = None
    by_console: bool = False
    """A person makes and deletes its PrivateLink at a console that has no API.

    A saga only sees a PrivateLink there that has an endpoint at AWS. Only the person sees the others: one created after
    the saga had stopped asking for it, or one whose endpoint or endpoint service is already gone.
    """
    services: set[str] = field(default_factory=set)
    targets: dict[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """One thing of a link in the books: its kind, where it is (an account and region, or a deployment), and itself."""

    kind: str
    id: str
    where: str
    book: dict[str, Any]

    def __str__(self) -> str:
        """Text for a sentence."""
        return f"{self.kind} {self.id} in {self.where}"

    @property
    def saga(self) -> str:
        """ID of the saga that made or adopted it, from its own tag or description; "" when it has neither."""
        if "tags" in self.book:
            return str(self.book["tags"].get(TAG_SAGA, ""))
        owner = described_owner(self.book.get("description", ""))
        return owner.saga_id if owner else ""


def everything_of(books: dict[str, Any], known: Known) -> dict[str, Thing]:
    """Everything that belongs to the link, in every account, region and deployment, by ID."""
    pages = [
        (f"{account} {region}", page) for account, regions in books["aws"].items() for region, page in regions.items()
    ]
    at_aws = [thing for where, page in pages for thing in _at_aws(where, page, known)]
    known.services.update(thing.book["name"] for thing in at_aws if thing.kind == "endpoint service")
    return {thing.id: thing for thing in (*at_aws, *_at_emqx(books, known))}


def _at_aws(where: str, page: dict[str, Any], known: Known) -> Iterator[Thing]:
    names = {aws_name(known.link, port) for port in known.ports}
    balancers = set()

    def tagged(one: dict[str, Any]) -> bool:
        return bool(one["tags"].get(TAG_LINK) == str(known.link))

    for one in page["load_balancers"]:
        if one["name"] == aws_name(known.link) or tagged(one):
            balancers.add(one["arn"])
            yield Thing("load balancer", one["arn"], where, one)
    for one in page["target_groups"]:
        if one["name"] in names or tagged(one):
            yield Thing("target group", one["arn"], where, one)
    for one in page["listeners"]:
        if (one["load_balancer_arn"] in balancers and one["port"] in known.ports) or tagged(one):
            yield Thing("listener", one["arn"], where, one)
    for one in page["endpoint_services"]:
        if balancers & set(one["load_balancer_arns"]) or tagged(one):
            yield Thing("endpoint service", one["id"], where, one)


def _at_emqx(books: dict[str, Any], known: Known) -> Iterator[Thing]:
    pages = [page for regions in books["aws"].values() for page in regions.values()]
    services = {one["id"] for page in pages for one in page["endpoint_services"]}
    connections = [one for page in pages for one in page["endpoint_connections"]]
    # AWS still shows the rejected connections of a service that is gone, but not whose they were.
    endpoints = {one["vpc_endpoint_id"] for one in connections if one["service_id"] in services}
    for deployment, rows in books["platform"].items():
        for row in rows:
            unseen = known.by_console and row["vpcEndpointID"] not in endpoints
            if not unseen and (row["serviceName"] in known.services or _describes(row, known.link)):
                yield Thing("PrivateLink", row["privatelinkID"], deployment, row)
    for deployment, connectors in books["connectors"].items():
        for one in connectors:
            key = f"{one['type']}:{one['name']}"
            if (deployment, key) == (known.link.deployment, known.connector) or _describes(one, known.link):
                yield Thing("connector", key, deployment, one)


def _describes(book: dict[str, Any], link: Link) -> bool:
    owner = described_owner(book.get("description", ""))
    return owner is not None and owner.link == str(link)
