"""The product's own worker, whose activities are answered at once by stand-ins: no cloud is called, the rest is real.

`python -m bench.standing_in` runs it; with `--wait`, load balancers never become active, so that every saga waits.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities import inputs
from activities.load_balancers import ACTIVATION
from clouds.polling.schedule import Pending
from clouds.polling.shared_poller import SharedPoller
from clouds.polling.worker_count import WorkerCount
from privatelink.temporal.connection import connect_to_temporal
from privatelink.temporal.search_attributes import ensure_search_attributes
from runtime.settings import Settings
from worker import build_worker

WAITING_STEP = "wait_for_load_balancer"

_LOAD_BALANCER = "arn:aws:elasticloadbalancing:us-east-1:210987654321:loadbalancer/net/pl-bench/0a1b2c3d4e5f6a7b"
_LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:210987654321:listener/net/pl-bench/0a1b2c3d4e5f6a7b/8c9d0e1f2a3b4c5d"
)
_TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:210987654321:targetgroup/pl-bench-3306/0a1b2c3d4e5f6a7b"
_SERVICE = "vpce-svc-0a1b2c3d4e5f6a7b8"
_ENDPOINT = "vpce-0a1b2c3d4e5f6a7b8"
_ADDRESS = f"{_ENDPOINT}-x1y2z3a4.{_SERVICE}.us-east-1.vpce.amazonaws.com"

_ANSWERS = {
    "look_up_deployment": inputs.DeploymentFacts(
        region="us-east-1",
        az_ids=("use1-az1", "use1-az2"),
        principal_arn="arn:aws:iam::111122223333:root",
        account_id="111122223333",
    ),
    "check_provider": inputs.ProviderFacts(
        account_id="210987654321",
        vpc_id="vpc-0a1b2c3d4e5f6a7b8",
        subnets={"use1-az1": "subnet-0a1b2c3d4e5f6a7b8", "use1-az2": "subnet-0b1c2d3e4f5a6b7c8"},
        is_new=True,
    ),
    "check_connector": None,
    "create_target_group": inputs.TargetGroup(arn=_TARGET_GROUP, port=3306),
    "create_load_balancer": inputs.LoadBalancer(arn=_LOAD_BALANCER),
    "create_listener": _LISTENER,
    WAITING_STEP: "",
    "wait_for_targets": None,
    "create_endpoint_service": inputs.EndpointService(
        service_id=_SERVICE, service_name=f"com.amazonaws.vpce.us-east-1.{_SERVICE}"
    ),
    "add_allowed_principal": None,
    "create_private_link": inputs.PrivateLink(
        private_link_id="65f1a2b3c4d5e6f7a8b9c0d1", asked_at=datetime(2026, 1, 1, tzinfo=UTC)
    ),
    "wait_for_endpoint_connection": inputs.Sighting(
        connection=inputs.Connection(service_id=_SERVICE, vpc_endpoint_id=_ENDPOINT)
    ),
    "accept_endpoint_connection": [_ADDRESS],
    "wait_for_private_link": _ADDRESS,
    "create_connector": "mysql:bench",
    "mark_complete": None,
    "notify": False,
}


class StandIns(Interceptor):
    """The innermost of the worker's interceptors. It answers in place of the activities, which never run."""

    def __init__(self, *, waits: bool) -> None:
        """With `waits`, no load balancer becomes active."""
        # Polled as real ones are: a poll ends at once when nothing is read within it.
        self._load_balancers = SharedPoller(_read, least_interval=2, workers=WorkerCount()) if waits else None

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's
        """Answer every attempt of the worker."""
        return _StandIn(next, self._load_balancers)


class _StandIn(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, load_balancers: SharedPoller[None] | None) -> None:  # noqa: A002 - the SDK's
        super().__init__(next)
        self._load_balancers = load_balancers

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's
        step = activity.info().activity_type
        if self._load_balancers and step == WAITING_STEP:
            spec: inputs.LoadBalancerWait = input.args[0]
            moving = Pending("the load balancer is provisioning", spec.load_balancer.arn)
            return await self._load_balancers.poll(lambda _: moving, deadline=spec.deadline, schedule=ACTIVATION)
        return _ANSWERS[step]


async def _read() -> None:
    """Read nothing."""


async def main(*, waits: bool) -> None:
    """Work until killed. Prints its process ID when it begins."""
    client = await connect_to_temporal()
    await ensure_search_attributes(client)
    async with build_worker(client, Settings.from_environment(), interceptors=[StandIns(waits=waits)]):
        print(os.getpid(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(waits="--wait" in sys.argv[1:]))
