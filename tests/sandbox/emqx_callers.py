"""The callers of the EMQX half: a client with the platform's key, one with the deployment's, and a provider at AWS."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from tests.support.sandbox import Sandbox

DEPLOYMENT = "w41b11c0"
EMQX_ACCOUNT = "111122223333"
ROOT_ARN = f"arn:aws:iam::{EMQX_ACCOUNT}:root"
NO_SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8"

POST_PRIVATELINK = "POST /deployments/{deploymentID}/privatelinks"
DELETE_PRIVATELINK = "DELETE /deployments/{deploymentID}/privatelinks/{privatelinkID}"

WAIT = 15.0
"""Real seconds after which what a test waits for has not come."""


@dataclass(frozen=True)
class Service:
    """An endpoint service with its load balancer, listener and target group."""

    id: str
    name: str
    load_balancer_arn: str
    target_group_arn: str


class Emqx:
    """Calls one sandbox, in which everything takes one sandbox second unless a test asks for more."""

    def __init__(self, sandbox: Sandbox) -> None:
        env = sandbox.env
        self.sandbox = sandbox
        self.platform = _emqx(sandbox, "PLATFORM")
        self.broker = _emqx(sandbox, "DEPLOYMENT")
        self.control = _http(f"{sandbox.endpoint}/sandbox", None)
        key_id, secret = env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
        self.ec2: EC2Client = _aws("ec2", sandbox.endpoint, key_id, secret)
        self.elbv2: ElasticLoadBalancingv2Client = _aws("elbv2", sandbox.endpoint, key_id, secret)
        self._numbers = itertools.count()
        # Tests look more often than the product may.
        self.put("quirks", {"reads_per_hour": 1_000_000, "writes_per_hour": 1_000_000})
        names = self.put("durations", {})
        self.put("durations", dict.fromkeys(names.keys() - {"connection_expires", "visibility", "platform_address"}, 1))

    def put(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """Set quirks, durations or the clock; the answer is all of them."""
        answer = self.control.put(f"/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def an_hour_later(self) -> None:
        """Let a sandbox hour pass at once."""
        self.put("clock", {"advance": 3600})

    def fault(self, action: str, kind: str, **more: object) -> None:
        """Add one fault to the plan."""
        answer = self.control.post("/faults", json={"action": action, "kind": kind, **more})
        assert answer.is_success, answer.text

    def books(self) -> dict[str, Any]:
        """The sandbox's books."""
        return dict(self.control.get("/books").json())

    def calls(self, action: str) -> list[dict[str, Any]]:
        """The recorded calls of one action."""
        return [call for call in self.control.get("/calls").json() if call["action"] == action]

    def create_service(
        self,
        *,
        az_ids: tuple[str, ...] = ("use1-az1", "use1-az2"),
        principals: tuple[str, ...] = (ROOT_ARN,),
        target: str = "10.0.1.15",
    ) -> Service:
        """What the provider builds for a PrivateLink: a listener on 3306 with one target, as an endpoint service."""
        name = f"orders-{next(self._numbers)}"
        seed = self.sandbox.seed
        [group] = self.elbv2.create_target_group(
            Name=name, Protocol="TCP", Port=3306, VpcId=seed["vpc"], TargetType="ip"
        )["TargetGroups"]
        self.elbv2.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": target}])
        [balancer] = self.elbv2.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=[seed["subnets"][az_id] for az_id in az_ids]
        )["LoadBalancers"]
        arn = balancer["LoadBalancerArn"]
        self.elbv2.create_listener(
            LoadBalancerArn=arn,
            Protocol="TCP",
            Port=3306,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
        )
        until(lambda: self.elbv2.describe_load_balancers()["LoadBalancers"][-1]["State"]["Code"] == "active")
        service = self.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[arn], AcceptanceRequired=True
        )["ServiceConfiguration"]
        self.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=service["ServiceId"], AddAllowedPrincipals=list(principals)
        )
        until(lambda: self._service_state(service["ServiceId"]) == "Available")
        return Service(
            id=service["ServiceId"],
            name=service["ServiceName"],
            load_balancer_arn=arn,
            target_group_arn=group["TargetGroupArn"],
        )

    def _service_state(self, service_id: str) -> str:
        found = self.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])
        return found["ServiceConfigurations"][0]["ServiceState"]

    def connections(self, service: Service) -> list[dict[str, Any]]:
        """The endpoint connections as the provider sees them."""
        answer = self.ec2.describe_vpc_endpoint_connections(Filters=[{"Name": "service-id", "Values": [service.id]}])
        return [dict(connection) for connection in answer["VpcEndpointConnections"]]

    def connection_state(self, service: Service) -> str | None:
        """The state of the one connection, or None before there is one."""
        found = self.connections(service)
        return found[0]["VpcEndpointState"] if found else None

    def create_privatelink(self, service_name: str, deployment: str = DEPLOYMENT) -> str:
        """POST it and return its id."""
        answer = self.platform.post(f"/deployments/{deployment}/privatelinks", json={"serviceName": service_name})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["privatelinkID"])

    def get_privatelink(self, id_: str, deployment: str = DEPLOYMENT) -> dict[str, Any]:
        """GET it."""
        return dict(self.platform.get(f"/deployments/{deployment}/privatelinks/{id_}").json())

    def delete_privatelink(self, id_: str) -> httpx.Response:
        """DELETE it."""
        return self.platform.delete(f"/deployments/{DEPLOYMENT}/privatelinks/{id_}")

    def accept(self, service: Service) -> None:
        """Wait for the connection and accept it."""
        until(lambda: self.connection_state(service) == "pendingAcceptance")
        ids = [connection["VpcEndpointId"] for connection in self.connections(service)]
        assert not self.ec2.accept_vpc_endpoint_connections(ServiceId=service.id, VpcEndpointIds=ids)["Unsuccessful"]

    def reject(self, service: Service) -> None:
        """Reject every connection."""
        ids = [connection["VpcEndpointId"] for connection in self.connections(service)]
        assert not self.ec2.reject_vpc_endpoint_connections(ServiceId=service.id, VpcEndpointIds=ids)["Unsuccessful"]

    def until_status(self, id_: str, status: str) -> None:
        """Wait for a status in the books: GET has a request limit."""
        until(lambda: self.statuses().get(id_) == status)

    def statuses(self) -> dict[str, str]:
        """Status by PrivateLink, of every deployment."""
        rows = itertools.chain.from_iterable(self.books()["platform"].values())
        return {row["privatelinkID"]: row["status"] for row in rows}

    def running_privatelink(self, service: Service) -> dict[str, Any]:
        """A PrivateLink that went all the way."""
        id_ = self.create_privatelink(service.name)
        self.accept(service)
        self.until_status(id_, "running")
        return self.get_privatelink(id_)


def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true; AssertionError after `WAIT`."""
    give_up = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < give_up, "what the test waited for has not come"
        time.sleep(0.01)


def _emqx(sandbox: Sandbox, which: str) -> httpx.Client:
    key, secret, endpoint = (sandbox.env[f"EMQXCLOUD_{which}_{name}"] for name in ("API_KEY", "API_SECRET", "ENDPOINT"))
    return _http(endpoint, (key, secret))


# Making a client costs more than most tests, so those of one sandbox are made once.
@cache
def _http(endpoint: str, auth: tuple[str, str] | None) -> httpx.Client:
    return httpx.Client(base_url=endpoint, auth=auth, timeout=30)


@cache
def _aws(service: str, endpoint: str, key_id: str, secret: str) -> Any:  # noqa: ANN401  two kinds of client
    session = boto3.session.Session(aws_access_key_id=key_id, aws_secret_access_key=secret, region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
