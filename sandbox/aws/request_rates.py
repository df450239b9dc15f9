"""Request rates: how many calls of an action an account may make in a region before it is throttled.

Token buckets on sandbox time. EC2 API, "Request throttling": each action has a bucket of its own. ELB, "API
throttling": all reads share one. What ELB's writes have is not known, so they are never throttled.
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
    """A bucket holds at most `capacity` calls, and `refill` more come back each second."""

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
        """Take one call from its bucket; refuse it as throttled when that is empty."""
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
