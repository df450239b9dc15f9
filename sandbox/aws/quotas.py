"""Quotas: how many resources an account may have, and the refusals beyond that.

The numbers are from the NLB user guide, "Quotas for your Network Load Balancers", and the PrivateLink guide, "AWS
PrivateLink quotas". Quotas that AWS raises on request are in `Quotas`; the others are constants.
"""

from collections import Counter
from collections.abc import Iterable

from pydantic import NonNegativeInt

from sandbox.aws.errors import AwsError
from sandbox.aws.state import LoadBalancer, Target
from sandbox.settable import Settable

LISTENERS_PER_LOAD_BALANCER = 50
CROSS_ZONE = "load_balancing.cross_zone.enabled"

_REACHED = {
    "TooManyListeners": "You've reached the limit on the number of listeners per load balancer.",
    "TooManyLoadBalancers": "You've reached the limit on the number of load balancers for your AWS account.",
    "TooManyTargetGroups": "You've reached the limit on the number of target groups for your AWS account.",
    "TooManyTargets": "You've reached the limit on the number of targets.",
    "VpcEndpointLimitExceeded": "You've reached the limit on the number of VPC endpoints that you can create in the AWS"
    " Region.",
}
"""Message by code, from the error lists of the ELB API and of EC2."""


class Quotas(Settable):
    """Settable while running, for every account and region. A lower quota does not affect what exists."""

    load_balancers_per_region: NonNegativeInt = 50
    """Maximum of network load balancers; one counts until it is gone."""
    target_groups_per_region: NonNegativeInt = 3000
    targets_per_target_group: NonNegativeInt = 1000
    targets_per_load_balancer: NonNegativeInt = 3000
    """Maximum of targets; one counts once for each target group that it is registered with."""
    targets_per_zone: NonNegativeInt = 500
    """Maximum of a load balancer's targets in one zone; with cross-zone load balancing, in all its zones together."""
    interface_endpoints_per_vpc: NonNegativeInt = 50
    request_rates: bool = False
    """Whether AWS throttles by its published rates; off, because most tests are about something else."""

    def check_targets(self, balancer: LoadBalancer, targets: Iterable[Target]) -> None:
        """Raise TooManyTargets when these are more targets than the load balancer may have."""
        zones = Counter(one.availability_zone for one in targets)
        cross_zone = balancer.attributes[CROSS_ZONE] == "true"
        in_all = self.targets_per_zone if cross_zone else self.targets_per_load_balancer
        check_quota("TooManyTargets", zones.total(), in_all)
        check_quota("TooManyTargets", max(zones.values(), default=0), self.targets_per_zone)


def check_quota(code: str, wanted: int, quota: int) -> None:
    """Refuse with this code when `wanted` exceeds the quota."""
    if wanted > quota:
        raise AwsError(code, _REACHED[code])
