"""The customer's role under a policy, in the sandbox's second account, and requests that come as this role."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from privatelink.model.names import aws_name, ownership_tags
from tests.sandbox.conftest import client
from tests.support.requests import full_request

if TYPE_CHECKING:
    from privatelink import PrivateLinkRequest
    from tests.support.sandbox import Sandbox

FOLDER = Path(__file__).parents[2] / "deploy" / "iam"
PROVIDER = "210987654321"
ACCOUNT = "310987654321"
EMQX = "111122223333"
REGION = "us-east-1"

Policy = dict[str, Any]


def shipped_policy() -> Policy:
    """The permissions policy as a customer attaches it."""
    policy: Policy = json.loads((FOLDER / "permissions-policy.json").read_text())
    return policy


def actions_of(statement: dict[str, Any]) -> list[str]:
    """A statement's actions, of which IAM lets one stand without a list."""
    return [statement["Action"]] if isinstance(statement["Action"], str) else list(statement["Action"])


def granted(policy: Policy) -> set[tuple[str, str]]:
    """Every (statement, action) of a policy."""
    return {(statement["Sid"], action) for statement in policy["Statement"] for action in actions_of(statement)}


def without(policy: Policy, sid: str, action: str) -> Policy:
    """The policy less one action of one statement; a statement without actions goes."""
    kept = [
        {**one, "Action": [name for name in actions_of(one) if (one["Sid"], name) != (sid, action)]}
        for one in policy["Statement"]
    ]
    return {**policy, "Statement": [one for one in kept if one["Action"]]}


class Role:
    """The sandbox's role, bound to a policy."""

    def __init__(self, sandbox: Sandbox, name: str = "privatelink-provider") -> None:
        """Give the role the shipped policy."""
        self.sandbox = sandbox
        self.arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        self.external_id: str = sandbox.seed["external_id"]
        self.network: dict[str, Any] = sandbox.seed["accounts"][ACCOUNT]["networks"][REGION]
        self.control = httpx.Client(base_url=f"{sandbox.endpoint}/sandbox", timeout=30)
        self._endpoints: list[str] = []
        self.put(shipped_policy())

    def put(self, policy: Policy | None) -> None:
        """Bind the role's sessions to this policy; None: to none."""
        self.control.put("/policy", json={"role_arn": self.arn, "policy": policy}).raise_for_status()

    def used(self) -> set[tuple[str, str]]:
        """The (statement, action) pairs that have allowed something."""
        used = self.control.get("/policy").raise_for_status().json()
        return {(one["sid"], one["action"]) for one in used if one["role_arn"] == self.arn}

    def calls(self) -> list[dict[str, Any]]:
        """What was called in the role's account at AWS."""
        return [call for call in self.sandbox.calls() if call["account"] == ACCOUNT]

    def denied(self) -> list[str]:
        """The actions that were refused for want of a permission, in order."""
        return [call["action"] for call in self.calls() if call["code"] in {"AccessDenied", "UnauthorizedOperation"}]

    def request(self, name: str = "orders-db", **changes: object) -> PrivateLinkRequest:
        """A request with everything in it, to be built by the role."""
        subnets = [self.network["subnets"][az_id]["id"] for az_id in ("use1-az1", "use1-az2")]
        access = {"region": REGION, "role_arn": self.arn, "external_id": self.external_id}
        return full_request(self.sandbox, name, **{"aws": access, "subnets": subnets, **changes})

    def every_target_type(self) -> list[dict[str, Any]]:
        """Listeners with targets of every type."""
        return [
            {"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]},
            {
                "port": 3307,
                "target_port": 3306,
                "target_type": "instance",
                "targets": [one["id"] for one in self.network["instances"]],
            },
            {
                "port": 8080,
                "target_port": 80,
                "target_type": "alb",
                "targets": [self.network["albs"][0]["arn"]],
                "health_check": {"protocol": "http", "port": 80, "path": "/"},
            },
        ]

    def owner(self, service: str, account: str = ACCOUNT) -> Any:  # noqa: ANN401 - boto3 makes clients by name
        """A client of an account's own user, whom no policy binds."""
        user = self.sandbox.seed["accounts"][account]
        return client(service, self.sandbox.endpoint, user["access_key_id"], user["secret_access_key"], None, REGION)

    def session(self, service: str) -> Any:  # noqa: ANN401 - as above
        """A client with a session of the role, as the worker has it."""
        sts = self.owner("sts", PROVIDER)
        made = sts.assume_role(RoleArn=self.arn, RoleSessionName="a-test", ExternalId=self.external_id)["Credentials"]
        endpoint = self.sandbox.endpoint
        return client(service, endpoint, made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], REGION)

    def leave_target_group_over(self, request: PrivateLinkRequest) -> str:
        """Make what a dead saga may have left: the target group of the first listener, with a wrong target."""
        elbv2, listener = self.owner("elbv2"), request.listeners[0]
        group: str = elbv2.create_target_group(
            Name=aws_name(request.link, listener.port),
            Protocol="TCP",
            Port=listener.traffic_port,
            VpcId=self.network["vpc_id"],
            TargetType="ip",
            HealthCheckProtocol="TCP",
            HealthCheckPort="traffic-port",
            HealthCheckIntervalSeconds=10,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
            Tags=_dead_saga(request),
        )["TargetGroups"][0]["TargetGroupArn"]
        elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.2.16"}])
        return group

    def leave_over(self, request: PrivateLinkRequest) -> None:
        """Make all that a dead saga may have left at AWS.

        The sandbox's clock goes ten minutes on, so that the load balancer is active.
        """
        elbv2, ec2, tags = self.owner("elbv2"), self.owner("ec2"), _dead_saga(request)
        group = self.leave_target_group_over(request)
        balancer = elbv2.create_load_balancer(
            Name=aws_name(request.link),
            Type="network",
            Scheme="internal",
            IpAddressType="ipv4",
            Subnets=list(request.subnets),
            Tags=tags,
        )["LoadBalancers"][0]["LoadBalancerArn"]
        elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="TCP",
            Port=request.listeners[0].port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            Tags=tags,
        )
        self.control.put("/clock", json={"advance": 600}).raise_for_status()
        ec2.create_vpc_endpoint_service_configuration(
            AcceptanceRequired=True,
            NetworkLoadBalancerArns=[balancer],
            SupportedIpAddressTypes=["ipv4"],
            TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tags}],
        )

    def books_without_endpoints(self) -> dict[str, Any]:
        """The sandbox's books after EMQX's account has deleted what `keep_an_endpoint` made."""
        if self._endpoints:
            self.owner("ec2", EMQX).delete_vpc_endpoints(VpcEndpointIds=self._endpoints)
            self.control.put("/clock", json={"advance": 600}).raise_for_status()
        return self.sandbox.books()

    def keep_an_endpoint(self, service_id: str, service_name: str) -> None:
        """Let a VPC endpoint stand on the link's endpoint service that the platform's delete does not take away."""
        network = self.sandbox.seed["accounts"][EMQX]["networks"][REGION]
        endpoint = self.owner("ec2", EMQX).create_vpc_endpoint(
            VpcEndpointType="Interface",
            VpcId=network["vpc_id"],
            ServiceName=service_name,
            SubnetIds=[network["subnets"]["use1-az1"]["id"]],
        )["VpcEndpoint"]["VpcEndpointId"]
        self._endpoints.append(endpoint)
        self.owner("ec2").create_tags(
            Resources=[service_id], Tags=[{"Key": "privatelink:vpc-endpoint", "Value": endpoint}]
        )


def _dead_saga(request: PrivateLinkRequest) -> list[dict[str, str]]:
    tags = ownership_tags(request.link, "dead-saga")
    return [{"Key": key, "Value": value} for key, value in tags.items()]
