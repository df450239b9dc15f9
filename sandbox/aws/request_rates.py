"""Request rates: how many calls of an action an account may make in a region before it is throttled.

Token buckets in sandbox time. Each EC2 action has its own bucket (EC2 API, "Request throttling"). All ELB reads share
one (ELB, "API throttling"). The rates of ELB's writes are unknown, so these are never throttled.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.aws.errors import EC2, ELB, throttled

if TYPE_CHECKING:
    from sandbox.clock import Clock


@dataclass(frozen=True)
class Rate:
    """A bucket's maximum of calls, and how many of them it regains each second."""

    capacity: float
    refill: float


_EC2_READ = Rate(100, 20)
_EC2_WRITE = Rate(50, 5)
_EC2_ACTIONS = {
    "AcceptVpcEndpointConnections": Rate(10, 1),
    "CreateVpcEndpoint": Rate(4, 0.3),
    "CreateVpcEndpointServiceConfiguration": Rate(10, 1),
    "DeleteVpcEndpointServiceConfigurations": Rate(10, 1),
    "DeleteVpcEndpoints": Rate(4, 0.3),
    "ModifyVpcEndpoint": Rate(4, 0.3),
    "ModifyVpcEndpointServiceConfiguration": Rate(10, 1),
    "RejectVpcEndpointConnections": Rate(10, 1),
}
_ELB_READ = Rate(40, 10)


class RequestRates:
    """The buckets of every account and region. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        """Begin with full buckets."""
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], tuple[float, float]] = {}

    def take(self, account: str, region: str, service: str, action: str, *, read: bool) -> None:
        """Take one call from its bucket; refuse it as throttled when the bucket is empty."""
        if service == EC2:
            bucket, rate = action, _EC2_ACTIONS.get(action, _EC2_READ if read else _EC2_WRITE)
        elif service == ELB and read:
            bucket, rate = ELB, _ELB_READ
        else:
            return
        key = (account, region, bucket)
        with self._lock:
            now = self._clock.now()
            had, at = self._buckets.get(key, (rate.capacity, now))
            has = min(rate.capacity, had + (now - at) * rate.refill)
            self._buckets[key] = (has - 1 if has >= 1 else has, now)
        if has < 1:
            raise throttled(service)

    def clear(self) -> None:
        """Fill every bucket."""
        with self._lock:
            self._buckets.clear()
