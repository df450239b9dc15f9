"""What all who wait for AWS share: one reader for each kind of thing in an account and region.

Least intervals (the cloud's clock) keep a reader at a tenth or less of its budget, however many sagas wait.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from clouds.aws.endpoint_connections import FoundConnection, read_endpoint_connections
from clouds.aws.endpoint_services import FoundEndpointService, read_endpoint_services
from clouds.aws.load_balancers import FoundLoadBalancer, read_load_balancers
from clouds.aws.target_groups import TargetHealth, read_target_health
from clouds.waiting import SharedView

if TYPE_CHECKING:
    from clouds.aws.calls import AccountCalls


class Views:
    """The shared views of one account and region."""

    def __init__(self, account: AccountCalls) -> None:
        """Nothing is read until somebody looks."""
        self._account = account
        self.load_balancers: SharedView[dict[str, FoundLoadBalancer]] = SharedView(
            partial(read_load_balancers, account), least_interval=3
        )
        self.endpoint_services: SharedView[list[FoundEndpointService]] = SharedView(
            partial(read_endpoint_services, account), least_interval=2
        )
        self.endpoint_connections: SharedView[list[FoundConnection]] = SharedView(
            partial(read_endpoint_connections, account), least_interval=2
        )
        # Weak, because target groups come and go while a worker lives: a view lasts as long as somebody looks at it.
        self._target_health: WeakValueDictionary[str, SharedView[list[TargetHealth]]] = WeakValueDictionary()

    def target_health(self, arn: str) -> SharedView[list[TargetHealth]]:
        """The health of one target group's targets: AWS reads it by target group only."""
        view = self._target_health.get(arn)
        if view is None:
            view = SharedView(partial(read_target_health, self._account, arn), least_interval=5)
            self._target_health[arn] = view
        return view
