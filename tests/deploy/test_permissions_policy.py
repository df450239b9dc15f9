"""The policy that a customer attaches to the role: enough for every saga, and nothing in it that no saga needs."""

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ClientError

from privatelink.client.links import SagaHandle
from privatelink.errors import AccessDenied, PrivateLinkError, RequestRefused
from privatelink.model.names import MANAGED_BY, TAG_MANAGED_BY
from privatelink.model.request import PrivateLinkRequest
from privatelink.model.result import PrivateLinkResult
from tests.deploy.role import Role, actions_of, granted, shipped_policy, without
from tests.support.laws import NOTHING
from tests.support.sandbox import Sandbox
from tests.support.world import World

BY_AWS_ITSELF = {("FirstLoadBalancerOfAnAccount", "iam:CreateServiceLinkedRole")}
"""Elastic Load Balancing makes its service-linked role in the caller's name, in accounts that have none (ELB user
guide, "Service-linked role"): nothing that we call, so no record of calls can hold it."""

GRANTED = sorted(granted(shipped_policy()) - BY_AWS_ITSELF)


@pytest.fixture
def role(world: World) -> Role:
    """The role under the shipped policy."""
    return Role(world.sandbox)


async def create_and_delete(world: World, role: Role, request: PrivateLinkRequest, *, endpoint_stays: bool) -> None:
    """A whole life; with a connection that the removal has to reject when `endpoint_stays`."""
    result = await world.links.create(request)
    if endpoint_stays:
        role.keep_an_endpoint(result.service_id, result.service_name)
    await world.links.delete(request)


async def test_whole_sagas_use_all_that_the_policy_grants_and_miss_nothing(world: World, role: Role) -> None:
    """Every target type, adopted leftovers, a rejected connection, a rollback, refusals: least privilege both ways.

    What is called at AWS in the role's account is exactly what the policy names (GetCallerIdentity needs no
    permission), each statement's every action is needed for itself, and nothing was denied.
    """
    adopting = role.request("adopting", listeners=[{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}])
    role.leave_over(adopting)
    everything = role.request("everything", listeners=role.every_target_type())
    failing = role.request("failing", connector=None)
    world.faults.at(failing.link.workflow_id, "mark-complete", "before", _fail)
    refused = role.request("refused", subnets=[next(iter(role.network["subnets"].values()))["id"], "subnet-0a1"])
    role.control.delete("/calls").raise_for_status()
    outcomes = await asyncio.gather(
        create_and_delete(world, role, adopting, endpoint_stays=True),
        create_and_delete(world, role, everything, endpoint_stays=False),
        world.links.create(failing),
        world.links.create(refused),
        return_exceptions=True,
    )
    kinds = [type(outcome) for outcome in outcomes]

    assert [type(None), type(None), AccessDenied, RequestRefused] == kinds, outcomes
    assert [] == role.denied()
    assert set(GRANTED) == role.used()
    services = {call["action"]: call["service"] for call in role.calls()}
    called = {f"{service}:{action}" for action, service in services.items()} - {"sts:GetCallerIdentity"}
    tagging = {"ec2:CreateTags", "elasticloadbalancing:AddTags"}
    assert called | tagging == {action for _, action in GRANTED}
    assert NOTHING == role.books_without_endpoints()


async def _fail() -> None:
    raise AccessDenied("failing mark-complete on purpose", resource="mark-complete")


@pytest.mark.chaos
async def test_without_any_one_permission_a_saga_stops_and_names_it(world: World) -> None:
    """Take one action from one statement: create or delete stops at it and names it, and a delete ends the matter.

    Every action of every statement, each with a role, a policy and a link of its own, all at once.
    """
    lives = [Life(world, number, sid, action) for number, (sid, action) in enumerate(GRANTED)]
    for life in lives:
        life.prepare()
    said = await asyncio.gather(*(life.run() for life in lives))
    missing = {
        (life.sid, life.action): words
        for life, words in zip(lives, said, strict=True)
        if f"not authorized to perform: {life.action} on resource" not in words
    }

    assert {} == missing
    await asyncio.gather(*(world.links.delete(life.request, allow_failed=True) for life in lives))
    for life in lives:
        life.role.books_without_endpoints()
    assert NOTHING == world.sandbox.books()


class Life:
    """A create and a delete by a role that lacks one action of one statement."""

    def __init__(self, world: World, number: int, sid: str, action: str) -> None:
        self.sid, self.action = sid, action
        self.role = Role(world.sandbox, f"lacking-{number}")
        instances = action == "ec2:DescribeInstances"
        ip_targets = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
        listeners = self.role.every_target_type() if instances else ip_targets
        self.request = self.role.request(f"lacking-{number}", listeners=listeners, connector=None)
        self._world = world

    def prepare(self) -> None:
        """A leftover to adopt, for what only an adoption needs; and the policy."""
        if self.action == "elasticloadbalancing:DeregisterTargets":
            self.role.leave_target_group_over(self.request)
        self.role.put(without(shipped_policy(), self.sid, self.action))

    async def run(self) -> str:
        """What is said at the point where something is denied: by the saga's error, or while it waits.

        A removal bears with a denial, since a person may give the permission back: here the shipped policy does.
        """
        saga = await self._world.links.start_create(self.request)
        life = asyncio.create_task(self._live(saga))
        while not life.done():
            status = await self._world.links.status(self.request.link)
            for waiting in status.waiting:
                if "not authorized" in waiting.last_message:
                    self.role.put(shipped_policy())
                    await life
                    return waiting.last_message
            await asyncio.sleep(1)
        self.role.put(shipped_policy())
        return life.result()

    async def _live(self, saga: SagaHandle) -> str:
        try:
            result = await saga.result()
            assert isinstance(result, PrivateLinkResult)
            if self.action == "ec2:RejectVpcEndpointConnections":
                self.role.keep_an_endpoint(result.service_id, result.service_name)
            await self._world.links.delete(self.request)
        except PrivateLinkError as error:
            return error.message
        return "nothing was denied"


def code_of(call: Any, **parameters: Any) -> str:  # noqa: ANN401 - any action, any parameters
    """The error code with which AWS refuses a call."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_what_is_not_ours_is_out_of_reach(sandbox: Sandbox) -> None:
    """Without our tag nothing is changed or deleted, whatever its name; without it nothing is made either."""
    role = Role(sandbox)
    owner, elbv2, ec2 = role.owner("elbv2"), role.session("elbv2"), role.session("ec2")
    settings = {"Protocol": "TCP", "Port": 3306, "VpcId": role.network["vpc_id"], "TargetType": "ip"}
    ours = [{"Key": TAG_MANAGED_BY, "Value": MANAGED_BY}]
    theirs = owner.create_target_group(Name="pl-theirs", **settings)["TargetGroups"][0]["TargetGroupArn"]
    subnets = [role.network["subnets"]["use1-az1"]["id"]]
    balancer = owner.create_load_balancer(Name="pl-theirs", Type="network", Scheme="internal", Subnets=subnets)
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    role.control.put("/clock", json={"advance": 600}).raise_for_status()
    made = role.owner("ec2").create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn])
    service = made["ServiceConfiguration"]["ServiceId"]
    forward = [{"Type": "forward", "TargetGroupArn": theirs}]

    assert {"AccessDenied"} == {
        code_of(elbv2.delete_target_group, TargetGroupArn=theirs),
        code_of(elbv2.register_targets, TargetGroupArn=theirs, Targets=[{"Id": "10.0.1.15"}]),
        code_of(elbv2.add_tags, ResourceArns=[theirs], Tags=ours),
        code_of(elbv2.delete_load_balancer, LoadBalancerArn=arn),
        code_of(elbv2.create_listener, LoadBalancerArn=arn, Protocol="TCP", Port=1, DefaultActions=forward, Tags=ours),
        code_of(elbv2.create_target_group, Name="pl-new", **settings),
        code_of(elbv2.create_target_group, Name="other", Tags=ours, **settings),
    }
    assert {"UnauthorizedOperation"} == {
        code_of(ec2.create_vpc_endpoint_service_configuration, NetworkLoadBalancerArns=[arn]),
        code_of(ec2.create_tags, Resources=[service], Tags=ours),
        code_of(ec2.delete_vpc_endpoint_service_configurations, ServiceIds=[service]),
        code_of(ec2.modify_vpc_endpoint_service_permissions, ServiceId=service, AddAllowedPrincipals=["*"]),
        code_of(ec2.accept_vpc_endpoint_connections, ServiceId=service, VpcEndpointIds=["vpce-0a1b2c3d4e5f6a7b8"]),
        code_of(ec2.create_vpc_endpoint, VpcEndpointType="Interface", ServiceName="x", VpcId=settings["VpcId"]),
        code_of(ec2.create_subnet, VpcId=settings["VpcId"], CidrBlock="10.0.99.0/24"),
    }


def test_every_statement_that_writes_is_bound_to_our_tag() -> None:
    """What is not a read has a condition on our tag, or on the service for which AWS itself makes a role."""
    for statement in shipped_policy()["Statement"]:
        reads = all(":Describe" in action for action in actions_of(statement))
        keys = statement.get("Condition", {}).get("StringEquals", {})
        bound = [key for key in keys if key.endswith(f"Tag/{TAG_MANAGED_BY}") or key == "iam:AWSServiceName"]
        assert reads or bound, statement["Sid"]
        assert all(keys[key] in {MANAGED_BY, "elasticloadbalancing.amazonaws.com"} for key in bound)
