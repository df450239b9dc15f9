"""The books: everything that exists at AWS, for tests that assert invariants such as "nothing is left"."""

from __future__ import annotations

from typing import Any

from sandbox.aws.state import Store


def aws_books(stores: list[Store], now: float, *, bystanders: bool) -> dict[str, Any]:
    """Account -> region -> kind of resource -> resources; empty accounts and regions are left out.

    Includes what reads do not show yet. Leaves out `Deleted` endpoint services and `deleted` connections, though AWS
    still lists them for a while. Seeded resources are included only with `bystanders`.
    """
    books: dict[str, Any] = {}
    for store in stores:
        page = _page(store, now, bystanders=bystanders)
        if any(page.values()):
            books.setdefault(store.account, {})[store.region] = page
    _add_vpc_endpoints(books, stores, now)
    return books


def _page(store: Store, now: float, *, bystanders: bool) -> dict[str, list[dict[str, Any]]]:
    return {
        "target_groups": [
            {
                "arn": one.arn,
                "name": one.name,
                "tags": dict(one.tags),
                "targets": [target.id for target in one.targets.values() if now < target.gone_at],
            }
            for one in store.target_groups.values()
        ],
        "load_balancers": [
            {"arn": one.arn, "name": one.name, "state": one.state(now), "tags": dict(one.tags)}
            for one in store.load_balancers.values()
            if bystanders or not one.bystander
        ],
        "listeners": [
            {"arn": one.arn, "port": one.port, "load_balancer_arn": one.load_balancer_arn, "tags": dict(one.tags)}
            for one in store.listeners.values()
            if bystanders or not one.bystander
        ],
        "endpoint_services": [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state(now),
                "tags": dict(one.tags),
                "principals": list(one.principals),
                "load_balancer_arns": list(one.load_balancer_arns),
            }
            for one in store.endpoint_services.values()
            if one.state(now) != "Deleted"
        ],
        "endpoint_connections": [
            {
                "vpc_endpoint_id": one.vpc_endpoint_id,
                "service_id": one.service_id,
                "owner": one.owner,
                "state": one.state(now),
            }
            for one in store.connections.values()
            if one.state(now) != "deleted"
        ],
        "vpc_endpoints": [],
    }


def _add_vpc_endpoints(books: dict[str, Any], stores: list[Store], now: float) -> None:
    """Add the consumers' ends of the connections to the books of their owners."""
    for store in stores:
        for one in store.connections.values():
            if one.state(now) == "deleted":
                continue
            regions = books.setdefault(one.owner, {})
            page = regions.setdefault(store.region, _page(Store(one.owner, store.region), now, bystanders=False))
            page["vpc_endpoints"].append(
                {"id": one.vpc_endpoint_id, "service_name": one.service_name, "state": one.state(now)}
            )
