"""What exists at AWS, by account and region, and when each resource appears, changes and ends.

Every time is in sandbox seconds; `NEVER` is the time of what is stuck. States are computed from these times.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.aws.credential_endpoint import Lifetimes
from sandbox.aws.listener_table import ListenerTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sandbox.aws.policies import Policy
    from sandbox.aws.quotas import Quotas
    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.seed import Seed

NEVER = math.inf


@dataclass(kw_only=True)
class Thing:
    """What all resources have in common."""

    created: datetime
    visible_at: float
    """Time until which reads act as if it did not exist."""
    gone_at: float = NEVER
    """Time from which it does not exist."""
    tags: dict[str, str] = field(default_factory=dict)
    bystander: bool = False
    """Whether it is seeded, not created by a caller."""

    def is_seen(self, now: float) -> bool:
        """Whether reads show it."""
        return self.visible_at <= now < self.gone_at


@dataclass(kw_only=True)
class Target:
    """A registered target; `target_health` computes its health."""

    id: str
    port: int
    availability_zone: str | None
    registered_at: float
    check_seconds: float = 0.0
    """Sandbox seconds that its first health checks take, once it is in use."""
    deregistered: bool = False
    """Whether it is draining, until `gone_at`."""
    gone_at: float = NEVER
    fault_kind: str | None = None
    """"stuck": never leaves `initial`; "failed": becomes unhealthy."""


@dataclass(kw_only=True)
class TargetGroup(Thing):
    """A target group; a repeat of its creation must have equal `settings`."""

    arn: str
    name: str
    settings: dict[str, Any]
    targets: dict[tuple[str, int], Target] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    released_at: float = 0.0
    """Time until which it is not deletable, because a listener has just stopped using it."""

    def registered(self) -> list[Target]:
        """Its targets that are not draining."""
        return [target for target in self.targets.values() if not target.deregistered]


@dataclass(kw_only=True)
class LoadBalancer(Thing):
    """An NLB, or a seeded ALB; `settings` is as for target groups."""

    arn: str
    name: str
    type: str
    vpc_id: str
    settings: dict[str, Any]
    zones: list[dict[str, Any]]
    """Its AvailabilityZones, as AWS describes them."""
    settled_at: float
    """Time until which it is `provisioning`."""
    settles: str
    """State after that: "active", "active_impaired" or "failed"."""
    attributes: dict[str, str] = field(default_factory=dict)
    interface_ids: list[str] = field(default_factory=list)

    deletion_requested: bool = False
    """Whether its deletion has begun: reads show it until `gone_at`, but it has no listeners any more."""

    def state(self, now: float) -> str:
        """`provisioning`, `active`, `active_impaired` or `failed`."""
        return "provisioning" if now < self.settled_at else self.settles


@dataclass(kw_only=True)
class Listener(Thing):
    """A listener. Listeners have no names; their port on the load balancer identifies them."""

    arn: str
    load_balancer_arn: str
    port: int
    protocol: str
    target_group_arns: list[str]
    since: float


@dataclass(kw_only=True)
class EndpointService(Thing):
    """A VPC endpoint service."""

    id: str
    name: str
    load_balancer_arns: list[str]
    acceptance_required: bool
    az_ids: list[str]
    az_names: list[str]
    settled_at: float
    reachable_at: float
    """Time until which consumers find it unavailable, even if it is `Available` already."""
    settles: str
    principals: dict[str, str] = field(default_factory=dict)
    """Allowed principal -> the id of its permission."""
    deletion_requested: bool = False
    deleted_at: float = NEVER

    def state(self, now: float) -> str:
        """`Pending`, `Available` or `Failed`; then `Deleting`, `Deleted`."""
        if self.deletion_requested:
            return "Deleting" if now < self.deleted_at else "Deleted"
        return "Pending" if now < self.settled_at else self.settles


@dataclass(kw_only=True)
class Connection(Thing):
    """A VPC endpoint, which for the provider is a connection to an endpoint service.

    It is in the provider's store; the consumer's reads find it by `owner`.
    """

    vpc_endpoint_id: str
    service_id: str
    service_name: str
    owner: str
    vpc_id: str
    subnet_ids: list[str]
    dns_names: list[str]
    expires_at: float
    accepted: bool = False
    available_at: float = NEVER
    settles: str = "available"
    rejected: bool = False
    deletion_requested: bool = False
    deleted_at: float = NEVER

    def state(self, now: float) -> str:
        """One of AWS's states, from `pendingAcceptance` to `deleted`."""
        if self.deletion_requested:
            return "deleting" if now < self.deleted_at else "deleted"
        if self.rejected:
            return "rejected"
        if self.accepted:
            return "pending" if now < self.available_at else self.settles
        return "pendingAcceptance" if now < self.expires_at else "expired"


@dataclass
class Store:
    """All resources of one account in one region."""

    account: str
    region: str
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    listeners: ListenerTable = field(default_factory=ListenerTable)
    endpoint_services: dict[str, EndpointService] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    client_tokens: dict[tuple[str, str], tuple[Any, str]] = field(default_factory=dict)
    """(action, token) -> (the parameters, the id of what was created)."""
    lingering: dict[str, float] = field(default_factory=dict)
    """Network interface of a load balancer that is gone -> the time when it goes too."""

    def targets_behind(self, load_balancer_arn: str, *more_target_groups: str) -> list[Target]:
        """The targets of a load balancer and of more groups; a target in several groups is there once for each."""
        listeners = self.listeners.on(load_balancer_arn)
        arns = {arn for one in listeners for arn in one.target_group_arns} | set(more_target_groups)
        return [target for arn in arns if arn in self.target_groups for target in self.target_groups[arn].registered()]


class World:
    """All stores, and the one lock under which actions run."""

    def __init__(self, clock: Clock, durations: Durations, quotas: Quotas, seed: Seed) -> None:
        """Begin empty; `sandbox.aws.seeding` fills it from the seed."""
        self.clock = clock
        self.durations = durations
        self.quotas = quotas
        self.seed = seed
        self.lifetimes = Lifetimes()
        self.lock = threading.RLock()
        self.roles: dict[str, Policy] = {}
        """Role ARN -> its policy; a role without one may do everything."""
        self._stores: dict[tuple[str, str], Store] = {}

    def store(self, account: str, region: str) -> Store:
        """The store of an account in a region, created at first use."""
        return self._stores.setdefault((account, region), Store(account, region))

    def stores(self) -> list[Store]:
        """Every store used since the last `clear`."""
        return list(self._stores.values())

    def stores_in(self, region: str) -> Iterator[Store]:
        """The stores of all accounts in one region."""
        return (store for store in self.stores() if store.region == region)

    def clear(self) -> None:
        """Drop everything."""
        self._stores.clear()
        self.roles.clear()
