"""Activities run as by a worker, but without a Temporal server: retried while their errors allow it."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import boto3
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import inputs
from activities.checks.address_users import AddressUsers
from activities.endpoint_services import EndpointServices
from activities.listeners import Listeners
from activities.load_balancers import LoadBalancers
from activities.scopes import RemovalScope, Scope
from activities.target_groups import TargetGroups
from clouds.aws.accounts import AwsAccount, AwsAccounts
from clouds.emqx.deployment_api import DeploymentApis
from privatelink.errors import PrivateLinkError, from_failure
from privatelink.model.deadlines import Deadline
from privatelink.model.listeners import Listener
from privatelink.model.names import Link
from privatelink.model.progress import TRIED_AGAIN
from privatelink.model.request import AwsAccess, PrivateLinkRequest
from privatelink.pace import paced_delta
from runtime.settings import Settings
from tests.support.parts import AT_AWS
from tests.support.sandbox import Sandbox

S = TypeVar("S")
R = TypeVar("R")

SAGA = "saga-1"
"""ID of the saga that most tests are about; others are `saga-2` and so on."""

PROVIDER = "210987654321"
CONSUMER = "111122223333"
"""EMQX's AWS account."""
PRINCIPAL = f"arn:aws:iam::{CONSUMER}:root"

ACCESS = AwsAccess(region="us-east-1")
LINK = Link(deployment="w41b11c0", name="orders-db")


def address_users() -> AddressUsers:
    """The finder of users of an address, with the environment's keys for deployments."""
    return AddressUsers(DeploymentApis(Settings.from_environment().deployment_access))


RUN_ID = ActivityEnvironment().info.workflow_run_id
"""Default run ID of the steps below."""


async def attempt(
    step: Callable[[S], Awaitable[R]],
    spec: S,
    *,
    number: int = 1,
    scheduled: timedelta = timedelta(),
    beats: Sequence[Any] = (),
    tried_again: bool = False,
    run_id: str | None = RUN_ID,
) -> R:
    """One attempt of a step that was scheduled `scheduled` ago; `beats` are the last attempt's heartbeat details.

    `tried_again` means by an operator's `retry_now`. `run_id` is that of the step's workflow.
    """
    environment = _environment(datetime.now(UTC) - scheduled, list(beats), number)
    environment.info = dataclasses.replace(environment.info, workflow_run_id=run_id)
    if tried_again:
        id_ = f"{environment.info.activity_id}{TRIED_AGAIN}2"
        environment.info = dataclasses.replace(environment.info, activity_id=id_)
    return await _run(environment, step, spec)


async def perform(step: Callable[[S], Awaitable[R]], spec: S, *, seconds: float = 20) -> R:
    """Make attempts as Temporal does, for at most `seconds`.

    Ends with the first that succeeds, or that fails with an error that Temporal would not retry.
    """
    begun = datetime.now(UTC)
    beats: list[Any] = []
    for number in count(1):
        try:
            return await _run(_environment(begun, beats, number), step, spec)
        except ApplicationError as error:
            if error.non_retryable or (datetime.now(UTC) - begun).total_seconds() > seconds:
                raise
            await asyncio.sleep((error.next_retry_delay or timedelta(milliseconds=10)).total_seconds())
    raise AssertionError


async def refusal(
    kind: type[PrivateLinkError],
    step: Callable[[S], Awaitable[object]],
    spec: S,
    *,
    scheduled: timedelta = timedelta(),
    beats: Sequence[Any] = (),
    tried_again: bool = False,
) -> PrivateLinkError:
    """Return the error of one attempt, which must be of this kind."""
    with pytest.raises(ApplicationError) as raised:
        await attempt(step, spec, scheduled=scheduled, beats=beats, tried_again=tried_again)
    error = from_failure(raised.value)
    assert isinstance(error, kind), raised.value
    return error


async def failure(kind: type[PrivateLinkError], step: Callable[[S], Awaitable[object]], spec: S) -> PrivateLinkError:
    """Return the error that ends the attempts, which Temporal would not retry and which must be of this kind."""
    with pytest.raises(ApplicationError) as raised:
        await perform(step, spec)
    error = from_failure(raised.value)
    assert isinstance(error, kind), raised.value
    return error


def _environment(scheduled: datetime, beats: list[Any], attempt: int) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        environment.info,
        attempt=attempt,
        scheduled_time=scheduled,
        schedule_to_close_timeout=timedelta(minutes=5),
        heartbeat_details=list(beats),
    )

    def keep(*details: object) -> None:
        beats[:] = details

    environment.on_heartbeat = keep
    return environment


async def _run(environment: ActivityEnvironment, step: Callable[[S], Awaitable[R]], spec: S) -> R:
    result: R = await environment.run(step, spec)
    return result


def a_deadline(seconds: float = 1200, *, since: float = 0) -> Deadline:
    """A wait that began `since` seconds ago and lasts `seconds` from now, on the cloud's clock."""
    now = datetime.now(UTC)
    return Deadline(since=now - paced_delta(since), until=now + paced_delta(seconds))


def a_scope(saga_id: str = SAGA, *, link: Link = LINK, tags: dict[str, str] | None = None) -> Scope:
    """The saga and link for which a test makes things."""
    return Scope(link=link, saga_id=saga_id, aws=ACCESS, tags=tags or {})


def a_removal(saga_id: str | None = None, **more: Any) -> RemovalScope:  # noqa: ANN401 - fields of the spec
    """A delete of the link, or a rollback of one saga."""
    return RemovalScope(link=LINK, aws=ACCESS, saga_id=saga_id, **more)


class Provider:
    """The seeded provider account for tests: its IDs, its books, and a client that is not ours."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Make the sandbox's clouds quick: a test waits for order, not for time."""
        self.sandbox = sandbox
        self.aws = AwsAccounts()
        self.subnets = {az_id: sandbox.seed["subnets"][az_id] for az_id in ("use1-az1", "use1-az2")}
        self.vpc_id: str = sandbox.seed["vpc"]
        sandbox.durations(
            load_balancer_active=10,
            load_balancer_delete=5,
            target_healthy=10,
            target_group_release=2,
            endpoint_service_available=4,
            endpoint_service_delete=4,
            connection_available=4,
            vpc_endpoint_delete=4,
        )

    @property
    def account(self) -> AwsAccount:
        """The account, as the product accesses it."""
        return self.aws.account(ACCESS)

    def client(self, service: str, account_id: str = PROVIDER) -> Any:  # noqa: ANN401 - boto3 makes clients by name
        """A client that is not ours: boto3 with an account's own credentials."""
        account = self.sandbox.seed["accounts"][account_id]
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service that a test names
            region_name="us-east-1",
            endpoint_url=self.sandbox.endpoint,
            aws_access_key_id=account["access_key_id"],
            aws_secret_access_key=account["secret_access_key"],
        )

    def books(self) -> dict[str, list[dict[str, Any]]]:
        """What exists in the account and region; empty lists where there is nothing."""
        everything = self.sandbox.books()["aws"]
        mine = everything.get(PROVIDER, {}).get("us-east-1", {})
        return {part.book: mine.get(part.book, []) for part in AT_AWS}

    def request(self, **changes: Any) -> PrivateLinkRequest:  # noqa: ANN401 - fields of the request
        """A request that the seeded account can satisfy."""
        fields: dict[str, Any] = {
            "name": LINK.name,
            "deployment": LINK.deployment,
            "aws": {"region": "us-east-1"},
            "subnets": list(self.subnets.values()),
            "listeners": [{"port": 3306, "targets": self.sandbox.seed["targets"][:2]}],
        }
        return PrivateLinkRequest.model_validate(fields | changes)

    def things(self) -> dict[str, list[dict[str, Any]]]:
        """The books without states, which change by themselves: for checks that nothing was touched."""
        return {
            kind: [{field: value for field, value in one.items() if field != "state"} for one in ones]
            for kind, ones in self.books().items()
        }

    async def make_target_group(self, saga_id: str = SAGA, **listener: Any) -> inputs.TargetGroup:  # noqa: ANN401 - its fields
        """The link's target group, by our own step."""
        return await perform(TargetGroups(self.aws).create_target_group, self.target_group_spec(saga_id, **listener))

    def target_group_spec(
        self,
        saga_id: str = SAGA,
        *,
        outside: frozenset[str] = frozenset(),
        **listener: Any,  # noqa: ANN401 - its fields
    ) -> inputs.TargetGroupSpec:
        """What `create_target_group` takes."""
        fields = {"port": 3306, "targets": tuple(self.sandbox.seed["targets"][:2])} | listener
        return inputs.TargetGroupSpec(
            scope=a_scope(saga_id),
            listener=Listener.model_validate(fields),
            vpc_id=self.vpc_id,
            outside=outside,
        )

    async def make_load_balancer(self, saga_id: str = SAGA) -> inputs.LoadBalancer:
        """The link's load balancer, by our own step."""
        return await perform(LoadBalancers(self.aws).create_load_balancer, self.load_balancer_spec(saga_id))

    def load_balancer_spec(self, saga_id: str = SAGA, ports: tuple[int, ...] = (3306,)) -> inputs.LoadBalancerSpec:
        """What `create_load_balancer` takes."""
        return inputs.LoadBalancerSpec(scope=a_scope(saga_id), subnets=self.subnets, ports=ports)

    async def make_listener(
        self, load_balancer: inputs.LoadBalancer, group: inputs.TargetGroup, saga_id: str = SAGA
    ) -> str:
        """The listener on the group's port, by our own step."""
        spec = inputs.ListenerSpec(scope=a_scope(saga_id), load_balancer=load_balancer, target_group=group)
        return await perform(Listeners(self.aws).create_listener, spec)

    async def make_active_load_balancer(self, saga_id: str = SAGA) -> inputs.LoadBalancer:
        """The link's load balancer, and wait until it is active."""
        load_balancer = await self.make_load_balancer(saga_id)
        deadline = inputs.LoadBalancerWait(scope=a_scope(saga_id), load_balancer=load_balancer, deadline=a_deadline())
        await perform(LoadBalancers(self.aws).wait_for_load_balancer, deadline)
        return load_balancer

    async def make_endpoint_service(self, saga_id: str = SAGA) -> inputs.EndpointService:
        """The link's endpoint service over an active load balancer, available, with the principal allowed."""
        steps, scope = EndpointServices(self.aws), a_scope(saga_id)
        load_balancer = await self.make_active_load_balancer(saga_id)
        service = await perform(
            steps.create_endpoint_service,
            inputs.EndpointServiceSpec(scope=scope, load_balancer=load_balancer, deadline=a_deadline()),
        )
        allow = inputs.PrincipalSpec(scope=scope, endpoint_service=service, principal_arn=PRINCIPAL)
        await perform(steps.add_allowed_principal, allow)
        return service

    def make_vpc_endpoint(self, service: inputs.EndpointService, account_id: str = CONSUMER) -> str:
        """Connect an account's VPC endpoint to the endpoint service by its own client, and return the endpoint's ID."""
        network = self.sandbox.seed["accounts"][account_id]["networks"]["us-east-1"]
        made = self.client("ec2", account_id).create_vpc_endpoint(
            VpcEndpointType="Interface",
            VpcId=network["vpc_id"],
            ServiceName=service.service_name,
            SubnetIds=[network["subnets"]["use1-az1"]["id"]],
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])
