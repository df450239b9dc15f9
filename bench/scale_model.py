"""The arithmetic of docs/scale.md: how long many concurrent creates take, how many fit, and what they cost.

Every limit is a token bucket or a window, and a create takes a few tokens of each. So many creates take as long as one,
plus the delay of the slowest limit alone. `simulation.py` steps the same creates through the same limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from clouds.aws.budgets import Bucket
from clouds.emqx.platform import PlatformSettings

HOUR = 3600.0

PLATFORM_LIMITS = PlatformSettings()
"""Limits of the platform that a worker assumes by default."""

ACTIONS_PER_CREATE = 35
"""Billed actions per create, as bench/creates.py measures them at real durations."""

SAGAS_PER_SECOND = 3.5
"""Creates a second per worker core, with the server on other cores: bench/cluster.py measures 0.28 s of it a create."""


@dataclass(frozen=True)
class Limit:
    """A token bucket, and how many of it there are: `shards` names the field of `Fleet` that counts them.

    With `by_window`, a token comes back after the time that it takes to refill all of them.
    """

    name: str
    shards: str
    capacity: float
    per_second: float
    by_window: bool = False

    def queue(self, tokens: float) -> float:
        """Seconds until the last of `tokens` is available, when all are requested at once."""
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
    """`links` to create at once, and how many of each thing they are spread over evenly.

    `accounts` are the providers' AWS accounts (one region and VPC each). `consumer_accounts` are EMQX's, which hold the
    deployments. `keys` are the platform's API keys, each with `writes_per_hour` and `reads_per_hour` of each kind.
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
        """Number of these things that the fleet is spread over."""
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
            # Temporal Cloud, "Limits": 500 actions a second unless you ask for more.
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
    # Target group, load balancer and their attributes, targets, listener; then the wait for the load balancer.
    Stage(Bucket.ELB_WRITE.words, 6, 150),
    Stage(Bucket.SERVICE_CREATE.words, 1, 8),
    Stage(Bucket.EC2_WRITE.words, 1),
    # The PrivateLink list is read before the write, and twice until `running`; a deployment's creates may share a read.
    Stage(PLATFORM_READS, 1),
    Stage(PLATFORM, 1),
    Stage(ENDPOINTS, 1, 150),
    # Accepted; then the waits for available, for `running` at the platform, and for the connector.
    Stage(Bucket.CONNECTION_ACCEPT.words, 1, 45),
    Stage(PLATFORM_READS, 2, 10 + 10),
    # The tags that mark the link complete.
    Stage(Bucket.ELB_WRITE.words, 1),
    Stage(Bucket.EC2_WRITE.words, 2),
)
"""Story of a create with one listener, with the sandbox's calls and durations. bench/creates.py prints the calls."""


@dataclass(frozen=True)
class Quota:
    """How many of a thing AWS or EMQX allows by default in each of `shards`, and how many a link takes."""

    name: str
    shards: str
    allowed: int
    taken: int

    @property
    def links(self) -> int:
        """Number of links that fit in one shard."""
        return self.allowed // self.taken


QUOTAS = (
    Quota("Network Load Balancers in an account and region", "accounts", 50, 1),
    Quota("network interfaces of load balancers in a VPC", "accounts", 1200, 2),
    Quota("target groups in an account and region", "accounts", 3000, 1),
    Quota("interface endpoints in a deployment's VPC", "deployments", 50, 1),
    Quota("connectors in a deployment", "deployments", 10, 1),
)
"""Quotas that a link with one listener, two zones and a connector counts against.

AWS: "Quotas for your Network Load Balancers", "AWS PrivateLink quotas". EMQX: "Restrictions", data integration.
"""


def formula(fleet: Fleet) -> tuple[float, str]:
    """Seconds until the last of the fleet's creates is done, and the limit responsible for it.

    The seconds are a single create's, plus the delay of the slowest limit for the tokens that it lacks at the start.
    """
    alone = sum(stage.seconds for stage in STORY)
    queues = {limit.name: limit.queue(_tokens(limit, fleet)) for limit in fleet.limits.values()}
    slowest = max(queues, key=lambda name: queues[name])
    return alone + queues[slowest], slowest


def fitting(fleet: Fleet) -> int:
    """Number of the fleet's links that the quotas allow."""
    return min(fleet.links, *(quota.links * fleet.shards(quota.shards) for quota in QUOTAS))


def _tokens(limit: Limit, fleet: Fleet) -> float:
    """Number of tokens that the fullest shard of a limit must give."""
    calls = sum(stage.calls for stage in STORY if stage.limit == limit.name)
    return calls * ceil(fitting(fleet) / fleet.shards(limit.shards))


PRICE_STEPS = ((5, 50), (5, 45), (10, 40), (30, 35), (50, 30), (100, 25))
"""Temporal Cloud, "Pricing", pay as you go: each step's millions of actions in a month, and US dollars per million."""


def price(links: int) -> float:
    """US dollars for the actions of `links` creates in a month. Raises ValueError where Temporal publishes no price."""
    millions, dollars = links * ACTIONS_PER_CREATE / 1e6, 0.0
    for size, each in PRICE_STEPS:
        dollars += min(millions, size) * each
        millions -= min(millions, size)
    if millions > 0:
        raise ValueError(f"{links} creates: above 200 million actions a month Temporal makes an offer of its own")
    return dollars
