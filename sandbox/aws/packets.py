"""What a packet that enters a VPC endpoint finds. No call of AWS's API shows it, and it needs no permission."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws import network
from sandbox.aws.target_health import health

if TYPE_CHECKING:
    from sandbox.aws.state import Connection, Store
    from sandbox.aws.target_health import Interfaces


def answering_ports(stores: list[Store], now: float) -> dict[str, dict[int, bool]]:
    """VPC endpoint -> port of its service's listeners -> whether a healthy target answers there."""
    return {
        endpoint: {port: "healthy" in targets.values() for port, targets in ports.items()}
        for endpoint, ports in targets_behind(stores, now).items()
    }


def targets_behind(stores: list[Store], now: float) -> dict[str, dict[int, dict[str, str]]]:
    """VPC endpoint -> port of its service's listeners -> registered target (`id:port`) -> its state of health.

    Only endpoints whose connection is `available`; all others lose every packet.
    """
    return {
        one.vpc_endpoint_id: _ports(store, holding, one, now)
        for store in stores
        for holding in (network.interfaces(store.account, store.region),)
        for one in store.connections.values()
        if one.state(now) == "available"
    }


def _ports(store: Store, holding: Interfaces, connection: Connection, now: float) -> dict[int, dict[str, str]]:
    service = store.endpoint_services.get(connection.service_id)
    listeners = [one for arn in (service.load_balancer_arns if service else ()) for one in store.listeners.on(arn)]
    ports: dict[int, dict[str, str]] = {}
    for listener in listeners:
        groups = [store.target_groups[arn] for arn in listener.target_group_arns if arn in store.target_groups]
        targets = [(group, target) for group in groups for target in group.targets.values() if now < target.gone_at]
        ports.setdefault(listener.port, {}).update(
            {
                f"{target.id}:{target.port}": health(store, now, holding, group, target)["State"]
                for group, target in targets
            }
        )
    return ports
