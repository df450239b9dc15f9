"""The pollers that all sagas of an account and region share: one per kind of resource, however many sagas use it.

The minimum intervals (the cloud's clock) keep a poller at a tenth or less of its budget; AWS advises against polling
faster (aws.amazon.com, "Request throttling for the Amazon EC2 API").
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from clouds.aws.endpoint_connections import FoundConnection, read_endpoint_connections
from clouds.aws.endpoint_services import FoundEndpointService, read_endpoint_services
from clouds.aws.load_balancers import FoundLoadBalancer, read_load_balancers
from clouds.aws.networks import FoundSubnet, FoundVpc, HeldAddresses, find_subnets, read_held_addresses, read_vpc
from clouds.aws.target_groups import read_target_groups
from clouds.aws.targets import TargetHealth, read_target_health
from clouds.polling.shared_poller import SharedPoller, SharedPollersByKey

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef

    from clouds.aws.calls import AccountCalls
    from clouds.polling.worker_count import WorkerCount

ASKED = 5.0
"""Maximum age of, and minimum interval between, reads that only checks use (the cloud's clock). No saga changes this
data."""


class Pollers:
    """The shared pollers of one account and region. Nothing is read before the first use."""

    def __init__(self, account: AccountCalls, workers: WorkerCount) -> None:
        """`account` makes the calls; `workers` divide the limits."""
        self._account = account
        self.load_balancers: SharedPoller[dict[str, FoundLoadBalancer]] = SharedPoller(
            partial(read_load_balancers, account), least_interval=2, workers=workers
        )
        self.target_groups: SharedPoller[list[TargetGroupTypeDef]] = SharedPoller(
            partial(read_target_groups, account), least_interval=3, workers=workers
        )
        self.endpoint_services: SharedPoller[list[FoundEndpointService]] = SharedPoller(
            # A lone saga's few readings fit in the burst. In a crowd, each saga would otherwise cause its own readings.
            partial(read_endpoint_services, account),
            least_interval=8,
            workers=workers,
        )
        self.endpoint_connections: SharedPoller[list[FoundConnection]] = SharedPoller(
            partial(read_endpoint_connections, account), least_interval=2, workers=workers
        )
        self._subnets: SharedPollersByKey[dict[str, FoundSubnet]] = SharedPollersByKey(workers)
        self._vpcs: SharedPollersByKey[FoundVpc] = SharedPollersByKey(workers)
        self._held_addresses: SharedPollersByKey[HeldAddresses] = SharedPollersByKey(workers)
        self._target_health: SharedPollersByKey[list[TargetHealth]] = SharedPollersByKey(workers)

    @property
    def are_in_use(self) -> bool:
        """Whether anyone is waiting for one of them."""
        whole = (self.load_balancers, self.target_groups, self.endpoint_services, self.endpoint_connections)
        by_key = (self._subnets, self._vpcs, self._held_addresses, self._target_health)
        return any(view.is_in_use for view in (*whole, *by_key))

    async def subnets(self, subnet_ids: tuple[str, ...]) -> dict[str, FoundSubnet]:
        """Those of the subnets that exist, by id. Sagas that ask for the same subnets share one reading."""
        return await self._subnets.of(subnet_ids, partial(find_subnets, self._account, subnet_ids), ASKED).reading(
            not_older=ASKED
        )

    async def vpc(self, vpc_id: str) -> FoundVpc:
        """The blocks and subnets of a VPC."""
        return await self._vpcs.of(vpc_id, partial(read_vpc, self._account, vpc_id), ASKED).reading(not_older=ASKED)

    async def held_addresses(self, vpc_id: str) -> HeldAddresses:
        """The addresses and prefixes that the network interfaces of a VPC hold."""
        return await self._held_addresses.of(
            vpc_id, partial(read_held_addresses, self._account, vpc_id), ASKED
        ).reading(not_older=ASKED)

    def target_health(self, arn: str) -> SharedPoller[list[TargetHealth]]:
        """The health of one target group's targets. AWS reads only one target group per call, so they take turns."""
        return self._target_health.of(
            arn, partial(read_target_health, self._account, arn), lambda: max(5, len(self._target_health)), burst=1
        )
