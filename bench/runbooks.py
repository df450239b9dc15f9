"""The runbook that the product replaces: EMQX's page "AWS PrivateLink" as a good engineer scripts it, step by step.

Written once for any client of AWS, with that client's own waiters at their own intervals. Where there is no waiter,
the script polls as often as the waiters do.

The order is the page's: healthy targets before the endpoint service, the endpoint service before the PrivateLink. The
listener is made when the load balancer is active, as Terraform does. An earlier one gains nothing, because a load
balancer that is still provisioning checks no target's health (assumed: no public source).
"""

from __future__ import annotations

import json
import secrets
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from privatelink import PrivateLinkRequest

WAITER_SECONDS = 15.0
"""Seconds between two polls: the delay of each waiter for a load balancer or a target group. The platform is polled as
often; its documented 60 requests in 60 minutes are enough for one link's quarter of an hour."""

CONNECTOR_SECONDS = 5.0
"""Seconds between two polls of the deployment's API, which allows 100 requests a second."""

LOOKS = 40
"""Maximum number of polls in each wait, as in the waiters."""

CALL_SECONDS = 60.0


class RunbookError(Exception):
    """A step that did not end as the runbook says; the message has the step and the answer."""


class Aws(Protocol):
    """A client of AWS. Operations and waiters have boto3's names, parameters the API's."""

    def call(self, service: str, operation: str, **parameters: Any) -> Any:  # noqa: ANN401 - answers of many shapes
        """Return the answer."""

    def wait(self, service: str, waiter: str, **parameters: Any) -> None:  # noqa: ANN401
        """Return when the waiter does."""


class Runbook:
    """Makes one link, and can remove it. `waited` is how long each wait took, in seconds of the cloud's clock.

    Each step that makes something pushes its removal on a stack, so that the platform's side is removed first.
    """

    def __init__(self, aws: Aws, sandbox: Mapping[str, Any], request: PrivateLinkRequest, speed: float) -> None:
        """`sandbox` is the sandbox's ready line, `speed` that of its clock."""
        env = sandbox["env"]
        self.waited: dict[str, float] = {}
        self._aws = aws
        self._vpc = sandbox["seed"]["vpc"]
        self._request = request
        self._speed = speed
        self._removal = ExitStack()
        self._platform = _emqx(env, "PLATFORM", f"/deployments/{request.deployment}")
        self._deployment = _emqx(env, "DEPLOYMENT")

    def create(self) -> None:
        """Follow the page from its first step to its last. Raises RunbookError, or the client's errors."""
        load_balancer = self._create_load_balancer()
        service_id, service_name = self._create_endpoint_service(load_balancer)
        private_link = self._create_private_link(service_name)
        self._accept_endpoint_connection(service_id)
        self._until("PrivateLink running", lambda: self._platform_says(private_link, "status") == "running")
        self._create_connector(self._platform_says(private_link, "address"))

    def remove(self) -> None:
        """Follow the page's last part, then remove everything that was made in AWS."""
        self._removal.close()

    def _create_load_balancer(self) -> str:
        [listener] = self._request.listeners
        name = f"runbook-{self._request.name}"
        group = self._elb(
            "create_target_group", Name=name, Protocol="TCP", Port=listener.port, VpcId=self._vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        self._removal.callback(self._elb, "delete_target_group", TargetGroupArn=group)
        self._elb("register_targets", TargetGroupArn=group, Targets=[{"Id": target} for target in listener.targets])
        load_balancer: str = self._elb(
            "create_load_balancer", Name=name, Type="network", Scheme="internal", Subnets=list(self._request.subnets)
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self._removal.callback(self._delete_load_balancer, load_balancer)
        self._wait("load balancer active", "load_balancer_available", LoadBalancerArns=[load_balancer])
        self._elb(
            "create_listener",
            LoadBalancerArn=load_balancer,
            Protocol="TCP",
            Port=listener.port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        self._wait("targets healthy", "target_in_service", TargetGroupArn=group)
        return load_balancer

    def _delete_load_balancer(self, load_balancer: str) -> None:
        self._elb("delete_load_balancer", LoadBalancerArn=load_balancer)
        self._wait("load balancer gone", "load_balancers_deleted", LoadBalancerArns=[load_balancer])

    def _create_endpoint_service(self, load_balancer: str) -> tuple[str, str]:
        service = self._ec2(
            "create_vpc_endpoint_service_configuration",
            NetworkLoadBalancerArns=[load_balancer],
            AcceptanceRequired=True,
            SupportedIpAddressTypes=["ipv4"],
        )["ServiceConfiguration"]
        service_id: str = service["ServiceId"]
        self._removal.callback(self._delete_endpoint_service, service_id)
        self._until("endpoint service available", lambda: self._service_state(service_id) == "Available")
        principal = self._answer(self._platform.get("/network")).json()["awsARN"]
        self._ec2("modify_vpc_endpoint_service_permissions", ServiceId=service_id, AddAllowedPrincipals=[principal])
        return service_id, service["ServiceName"]

    def _delete_endpoint_service(self, service_id: str) -> None:
        self._until("endpoint connection gone", lambda: not self._connections(service_id))
        self._ec2("delete_vpc_endpoint_service_configurations", ServiceIds=[service_id])
        self._until("endpoint service gone", lambda: self._service_state(service_id) == "Deleted")

    def _service_state(self, service_id: str) -> str:
        described = self._ec2("describe_vpc_endpoint_service_configurations", ServiceIds=[service_id])
        state: str = described["ServiceConfigurations"][0]["ServiceState"]
        return state

    def _create_private_link(self, service_name: str) -> str:
        body = {"serviceName": service_name, "description": self._request.name}
        made = self._answer(self._platform.post("/privatelinks", json=body)).json()
        private_link = f"/privatelinks/{made['privatelinkID']}"
        self._removal.callback(self._delete_private_link, private_link)
        return private_link

    def _delete_private_link(self, private_link: str) -> None:
        self._answer(self._platform.delete(private_link))
        self._until("PrivateLink gone", lambda: self._platform.get(private_link).status_code == httpx.codes.NOT_FOUND)

    def _platform_says(self, private_link: str, field: str) -> str:
        said: str = self._answer(self._platform.get(private_link)).json()[field]
        return said

    def _accept_endpoint_connection(self, service_id: str) -> None:
        self._until(
            "endpoint connection asked for", lambda: "pendingAcceptance" in self._connections(service_id).values()
        )
        [vpc_endpoint] = self._connections(service_id)
        self._ec2("accept_vpc_endpoint_connections", ServiceId=service_id, VpcEndpointIds=[vpc_endpoint])
        self._until(
            "endpoint connection available", lambda: self._connections(service_id).get(vpc_endpoint) == "available"
        )

    def _connections(self, service_id: str) -> dict[str, str]:
        """The state of each VPC endpoint that is there."""
        wanted = {"Name": "service-id", "Values": [service_id]}
        listed = self._ec2("describe_vpc_endpoint_connections", Filters=[wanted])["VpcEndpointConnections"]
        states = {one["VpcEndpointId"]: one["VpcEndpointState"] for one in listed}
        return {vpc_endpoint: state for vpc_endpoint, state in states.items() if state != "deleted"}

    def _create_connector(self, address: str) -> None:
        connector = self._request.connector
        assert connector is not None  # noqa: S101 - the bench's link has one
        parameters = json.loads(json.dumps(connector.parameters).replace("{address}", address))
        body = {"type": connector.type, "name": connector.name, **parameters, "password": secrets.token_urlsafe()}
        self._answer(self._deployment.post("/connectors_probe", json=body))
        self._answer(self._deployment.post("/connectors", json=body))
        path = f"/connectors/{quote(connector.id, safe='')}"
        self._removal.callback(lambda: self._answer(self._deployment.delete(path)))
        self._until(
            "connector connected",
            lambda: self._answer(self._deployment.get(path)).json()["status"] == "connected",
            CONNECTOR_SECONDS,
        )

    def _elb(self, operation: str, **parameters: Any) -> Any:  # noqa: ANN401
        return self._aws.call("elbv2", operation, **parameters)

    def _ec2(self, operation: str, **parameters: Any) -> Any:  # noqa: ANN401
        answer = self._aws.call("ec2", operation, **parameters)
        # Three batch operations answer 200 and list the failures in the body.
        if answer and answer.get("Unsuccessful"):
            raise RunbookError(f"{operation}: {answer['Unsuccessful']}")
        return answer

    def _answer(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise RunbookError(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}")
        return answer

    def _wait(self, what: str, waiter: str, **parameters: Any) -> None:  # noqa: ANN401
        with self._timed(what):
            self._aws.wait("elbv2", waiter, **parameters)

    def _until(self, what: str, look: Callable[[], bool], seconds: float = WAITER_SECONDS) -> None:
        with self._timed(what):
            for _ in range(LOOKS):
                if look():
                    return
                time.sleep(seconds / self._speed)
        raise RunbookError(f"waiting for {what}: not seen in {LOOKS} looks, {seconds:g} s apart")

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.waited[what] = (time.monotonic() - began) * self._speed


def _emqx(env: Mapping[str, str], api: str, path: str = "") -> httpx.Client:
    """A client of the platform's or of the deployment's API."""
    return httpx.Client(
        base_url=env[f"EMQXCLOUD_{api}_ENDPOINT"] + path,
        auth=(env[f"EMQXCLOUD_{api}_API_KEY"], env[f"EMQXCLOUD_{api}_API_SECRET"]),
        timeout=CALL_SECONDS,
        trust_env=False,
    )
