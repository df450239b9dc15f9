"""The arithmetic of docs/scale.md: how long many creates at once take, how many fit, and what they cost.

Every limit is a token bucket or a window, and a create takes a few tokens of each. So what many creates take beyond the
time of one is the time of the slowest alone. `simulation.py` steps the same creates through the same limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from clouds.aws.budgets import Bucket
from clouds.settings import PlatformSettings

HOUR = 3600.0

PLATFORM_LIMITS = PlatformSettings()
"""What the worker assumes of the platform unless it is told otherwise."""

ACTIONS_PER_CREATE = 35
"""What bench/creates.py measures at real durations."""

SAGAS_PER_SECOND = 3.5
"""What a worker's core carries, its server on other cores: bench/cluster.py measures 0.28 s of its time a create."""


@dataclass(frozen=True)
class Limit:
    """A token bucket and how many of it there are: `shards` names the field of `Fleet` that counts them.

    With `by_window`, a token comes back when the time in which all are refilled has passed since it was taken.
    """

    name: str
    shards: str
    capacity: float
    per_second: float
    by_window: bool = False

    def queue(self, tokens: float) -> float:
        """Seconds until the last of so many tokens is there, all asked for at once."""
        if self.by_window:
            return (ceil(tokens / self.capacity) - 1) * self.capacity / self.per_second
        return max(0.0, tokens - self.capacity) / self.per_second


WORKERS = "the workers and their server"
NAMESPACE = "a namespace's actions"
PLATFORM = "the platform's writes"
PLATFORM_READS = "the platform's reads"
ENDPOINTS = "the consumer's VPC endpoints"


@dataclass(frozen=True)
class Fleet:
    """`links` to create at once, and over how many of each thing they are spread evenly.

    `accounts` are AWS accounts (one region and VPC each) of the providers; `consumer_accounts` those of EMQX that hold
    the deployments; `keys` are the platform's API keys, each with so many writes and reads an hour of each kind.
    """

    links: int
    accounts: int = 1
    deployments: int = 1
    consumer_accounts: int = 1
    keys: int = 1
    workers: int = 1
    namespaces: int = 1
    writes_per_hour: float = PLATFORM_LIMITS.writes_per_hour
    reads_per_hour: float = PLATFORM_LIMITS.reads_per_hour
    sagas_per_second: float = SAGAS_PER_SECOND

    def shards(self, name: str) -> int:
        """Over how many of that thing it is spread."""
        counted: int = getattr(self, name)
        return counted

    @property
    def limits(self) -> dict[str, Limit]:
        """All limits that a create passes, by name."""
        aws = (
            Limit(bucket.words, "accounts", bucket.capacity, bucket.per_second)
            for bucket in (Bucket.ELB_WRITE, Bucket.EC2_WRITE, Bucket.SERVICE_CREATE, Bucket.CONNECTION_ACCEPT)
        )
        others = (
            Limit(WORKERS, "workers", 1, self.sagas_per_second),
            # Temporal Cloud, "Limits": 500 actions a second unless asked for more.
            Limit(NAMESPACE, "namespaces", 500 / ACTIONS_PER_CREATE, 500 / ACTIONS_PER_CREATE),
            Limit(PLATFORM, "keys", self.writes_per_hour, self.writes_per_hour / HOUR, by_window=True),
            Limit(PLATFORM_READS, "keys", self.reads_per_hour, self.reads_per_hour / HOUR, by_window=True),
            # "Request throttling for the Amazon EC2 API": CreateVpcEndpoint.
            Limit(ENDPOINTS, "consumer_accounts", 4, 0.3),
        )
        return {limit.name: limit for limit in (*aws, *others)}


@dataclass(frozen=True)
class Stage:
    """`calls` tokens of one limit, one after another, and then `seconds` in which nothing is asked for."""

    limit: str
    calls: int
    seconds: float = 0


STORY = (
    Stage(WORKERS, 1),
    Stage(NAMESPACE, 1),
    # Target group and load balancer with their attributes, targets, listener; then until the load balancer is active.
    Stage(Bucket.ELB_WRITE.words, 6, 150),
    Stage(Bucket.SERVICE_CREATE.words, 1, 8),
    Stage(Bucket.EC2_WRITE.words, 1),
    # Its list is read before the write, and twice until `running`, unless creates of one deployment share a reading.
    Stage(PLATFORM_READS, 1),
    Stage(PLATFORM, 1),
    Stage(ENDPOINTS, 1, 150),
    # Accepted, then available, then `running` at the platform, then the connector.
    Stage(Bucket.CONNECTION_ACCEPT.words, 1, 45),
    Stage(PLATFORM_READS, 2, 10 + 10),
    # The tags that say complete.
    Stage(Bucket.ELB_WRITE.words, 1),
    Stage(Bucket.EC2_WRITE.words, 2),
)
"""One listener's create, as the sandbox counts its calls and keeps its times: bench/creates.py prints the calls."""


@dataclass(frozen=True)
class Quota:
    """How many of a thing AWS or EMQX allows unless asked for more, in each of `shards`, and how many a link takes."""

    name: str
    shards: str
    allowed: int
    taken: int

    @property
    def links(self) -> int:
        """How many links fit in one shard."""
        return self.allowed // self.taken


QUOTAS = (
    Quota("Network Load Balancers in an account and region", "accounts", 50, 1),
    Quota("network interfaces of load balancers in a VPC", "accounts", 1200, 2),
    Quota("target groups in an account and region", "accounts", 3000, 1),
    Quota("interface endpoints in a deployment's VPC", "deployments", 50, 1),
    Quota("connectors in a deployment", "deployments", 10, 1),
)
"""Of a link with one listener, in two zones, with a connector.

AWS: "Quotas for your Network Load Balancers", "AWS PrivateLink quotas". EMQX: "Restrictions", data integration.
"""


def formula(fleet: Fleet) -> tuple[float, str]:
    """Seconds until the last of the fleet's creates is done, and the limit that this is for.

    A lone create's time, and on top the time that the slowest limit needs beyond what it holds when all begin.
    """
    alone = sum(stage.seconds for stage in STORY)
    queues = {limit.name: limit.queue(_tokens(limit, fleet)) for limit in fleet.limits.values()}
    slowest = max(queues, key=lambda name: queues[name])
    return alone + queues[slowest], slowest


def fitting(fleet: Fleet) -> int:
    """How many of the fleet's links the quotas let through."""
    return min(fleet.links, *(quota.links * fleet.shards(quota.shards) for quota in QUOTAS))


def _tokens(limit: Limit, fleet: Fleet) -> float:
    """How many tokens the fullest shard of a limit must give."""
    calls = sum(stage.calls for stage in STORY if stage.limit == limit.name)
    return calls * ceil(fitting(fleet) / fleet.shards(limit.shards))


PRICE_STEPS = ((5, 50), (5, 45), (10, 40), (30, 35), (50, 30), (100, 25))
"""Temporal Cloud, "Pricing", pay as you go: so many million actions of a month, and US dollars for each million."""


def price(links: int) -> float:
    """US dollars for the actions of so many creates in one month. Raises ValueError where Temporal names no price."""
    millions, dollars = links * ACTIONS_PER_CREATE / 1e6, 0.0
    for size, each in PRICE_STEPS:
        dollars += min(millions, size) * each
        millions -= min(millions, size)
    if millions > 0:
        raise ValueError(f"{links} creates: above 200 million actions a month Temporal makes an offer of its own")
    return dollars
