"""AWS's throttle buckets, per account and region, as our own rate limiters.

EC2: "Request throttling for the Amazon EC2 API" (capacity, refill per second). ELB: "Request throttling for the Elastic
Load Balancing API"; the values for reads are known, those for writes are assumed to be lower.
"""

from enum import Enum

from clouds.polling.budgets import TokenBucket
from clouds.polling.worker_count import WorkerCount


class Bucket(Enum):
    """The bucket in which AWS counts a call: a name for people, capacity, refill per second, and whether it writes."""

    EC2_READ = ("EC2 reads", 100, 20, False)
    EC2_WRITE = ("EC2 writes", 50, 5, True)
    SERVICE_CREATE = ("endpoint service creations", 10, 1, True)
    SERVICE_DELETE = ("endpoint service deletions", 10, 1, True)
    CONNECTION_ACCEPT = ("acceptances of endpoint connections", 10, 1, True)
    CONNECTION_REJECT = ("rejections of endpoint connections", 10, 1, True)
    ELB_READ = ("load balancing reads", 40, 10, False)
    ELB_WRITE = ("load balancing writes", 20, 3, True)
    STS_READ = ("STS reads", 10, 10, False)

    def __init__(self, words: str, capacity: float, per_second: float, writes: bool) -> None:  # noqa: FBT001 - a table
        """One row of the table above."""
        self.words = words
        self.capacity = capacity
        self.per_second = per_second
        self.writes = writes


class Budgets:
    """The limiters of one account and region, one for each bucket."""

    def __init__(self, account: str, region: str, workers: WorkerCount) -> None:
        """`account` and `region` appear in the limiters' names; `workers` divide the limits."""
        self._budgets = {
            bucket: TokenBucket(
                f"{bucket.words} of {account} in {region}",
                capacity=bucket.capacity,
                per_second=bucket.per_second,
                workers=workers,
            )
            for bucket in Bucket
        }

    async def take(self, bucket: Bucket) -> None:
        """Wait for a turn. Raises `Throttled` if that would take too long."""
        await self._budgets[bucket].take()
