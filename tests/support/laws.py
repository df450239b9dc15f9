"""The laws that every run must keep, checked in the sandbox's books, never in our own return values."""

from typing import Any

from privatelink.model.names import TAG_LINK, Link, aws_name
from tests.support.parts import TAGGED


def of_link(books: dict[str, Any], link: str) -> dict[str, list[Any]]:
    """Everything that exists of one link, in both clouds, by kind."""
    regions = [region for account in books["aws"].values() for region in account.values()]
    found: dict[str, list[Any]] = {}
    for kind in (part.book for part in TAGGED):
        found[kind] = [one for region in regions for one in region.get(kind, []) if one["tags"].get(TAG_LINK) == link]
    services = {service["id"] for service in found["endpoint_services"]}
    names = {service["name"] for service in found["endpoint_services"]}
    found["endpoint_connections"] = [
        one for region in regions for one in region.get("endpoint_connections", []) if one["service_id"] in services
    ]
    rows = [row for rows in books["platform"].values() for row in rows]
    found["private_links"] = [
        row for row in rows if row["serviceName"] in names or f"link={link} " in row.get("description", "")
    ]
    connectors = [one for ones in books["connectors"].values() for one in ones]
    found["connectors"] = [one for one in connectors if f"link={link} " in one.get("description", "")]
    return {kind: ones for kind, ones in found.items() if ones}


def unmarked(books: dict[str, Any], link: str) -> list[str]:
    """What has the link's own name in any account and region, or is attached to what has it, but lacks its tag.

    An ending that says that nothing is left must not overlook it: it is billed, and no list by tags shows it.
    """
    name = aws_name(Link.parse(link))
    found: list[str] = []
    for region in (region for account in books["aws"].values() for region in account.values()):
        balancers = [one for one in region.get("load_balancers", []) if one["name"] == name]
        arns = {one["arn"] for one in balancers}
        groups = [one for one in region.get("target_groups", []) if one["name"].startswith(f"{name}-")]
        listeners = [one for one in region.get("listeners", []) if one["load_balancer_arn"] in arns]
        services = [one for one in region.get("endpoint_services", []) if arns & set(one["load_balancer_arns"])]
        things = (*balancers, *groups, *listeners, *services)
        found += [str(one.get("arn") or one["id"]) for one in things if one["tags"].get(TAG_LINK) != link]
    return found


def counts(books: dict[str, Any], link: str) -> dict[str, int]:
    """Number of things of each kind that the link has; kinds without any are left out."""
    return {kind: len(ones) for kind, ones in of_link(books, link).items()}


NOTHING: dict[str, Any] = {"aws": {}, "platform": {}, "connectors": {}}
"""Books of a sandbox in which nothing was made, or nothing is left."""
