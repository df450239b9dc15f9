"""The parts of a link, one row for each kind of thing that a link consists of: the source of every "one of each".

The tests read the sandbox's books, so the rows are in the books' words. A test holds them to the product's own table.
"""

from typing import Any, NamedTuple


class Part(NamedTuple):
    """A kind of thing: its word for people, its key in the books, and the field of an entry that has its ID."""

    kind: str
    book: str
    id_field: str
    is_at_aws: bool = True
    has_tags: bool = True

    def id_of(self, entry: dict[str, Any]) -> str:
        """The ID of an entry in the books; a connector's is `type:name`."""
        return ":".join(str(entry[field]) for field in self.id_field.split(":"))


PARTS = (
    Part("connector", "connectors", "type:name", is_at_aws=False, has_tags=False),
    Part("PrivateLink", "private_links", "privatelinkID", is_at_aws=False, has_tags=False),
    Part("endpoint connection", "endpoint_connections", "vpc_endpoint_id", has_tags=False),
    Part("endpoint service", "endpoint_services", "id"),
    Part("listener", "listeners", "arn"),
    Part("load balancer", "load_balancers", "arn"),
    Part("target group", "target_groups", "arn"),
)
"""In order of removal."""

AT_AWS = tuple(part for part in PARTS if part.is_at_aws)
TAGGED = tuple(part for part in PARTS if part.has_tags)

A_PORT_EACH = ("listeners", "target_groups")
"""Of these a link has one for each of its ports."""


def one_of_each(*, ports: int = 1, connector: bool = True) -> dict[str, int]:
    """Number of things of each kind that a whole link has."""
    parts = [part.book for part in PARTS if connector or part.kind != "connector"]
    return {book: ports if book in A_PORT_EACH else 1 for book in parts}
