"""The callers of the AWS half: boto3 with no retries, and a clock that moves only when a test says so."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_sts import STSClient

    from tests.support.sandbox import Sandbox

PROVIDER = "210987654321"
FOREIGN_ACCOUNT = "410987654321"
EMQX = "111122223333"
EMQX_ROOT = f"arn:aws:iam::{EMQX}:root"
STANDSTILL = 1e-6


class Aws:
    """One fresh sandbox whose time stands still, seen by the provider and by other accounts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.seed = sandbox.seed
        self.control = control_path(sandbox.endpoint)
        self.ec2 = self.ec2_of(PROVIDER)
        self.elbv2: ElasticLoadBalancingv2Client = self._client("elbv2", PROVIDER)
        self.sts: STSClient = self._client("sts", PROVIDER)
        self.set_clock(speed=STANDSTILL)

    def ec2_of(self, account: str, region: str = "us-east-1") -> EC2Client:
        """EC2 as that account sees it."""
        client: EC2Client = self._client("ec2", account, region)
        return client

    def _client(self, service: str, account: str, region: str = "us-east-1") -> Any:  # noqa: ANN401 - of three types
        owner = self.seed["accounts"][account]
        return client(service, self.sandbox.endpoint, owner["access_key_id"], owner["secret_access_key"], None, region)

    def set_clock(self, **wanted: float) -> None:
        """`speed` and `advance`."""
        self.control.put("/clock", json=wanted).raise_for_status()

    def set_quotas(self, **most: int) -> None:
        """Quotas of AWS, by their names in `sandbox.aws.quotas`."""
        self.control.put("/quotas", json=most).raise_for_status()

    def later(self, seconds: float) -> None:
        """Let sandbox seconds pass."""
        self.set_clock(advance=seconds)

    def subnet(self, key: str = "use1-az1") -> str:
        """A seeded subnet of the provider."""
        return str(self.seed["subnets"][key])

    def target_group(self, name: str = "orders", **more: Any) -> str:  # noqa: ANN401 - any parameter of the action
        """A new target group's ARN."""
        wanted: dict[str, Any] = {"Protocol": "TCP", "Port": 3306, "VpcId": self.seed["vpc"], "TargetType": "ip"}
        made = self.elbv2.create_target_group(Name=name, **(wanted | more))
        return made["TargetGroups"][0]["TargetGroupArn"]

    def load_balancer(self, name: str = "orders", *keys: str, **more: Any) -> str:  # noqa: ANN401 - as above
        """A new NLB's ARN; it is provisioning."""
        wanted: dict[str, Any] = {"Type": "network", "Scheme": "internal"}
        wanted["Subnets"] = [self.subnet(key) for key in keys or ("use1-az1", "use1-az2")]
        made = self.elbv2.create_load_balancer(Name=name, **(wanted | more))
        return made["LoadBalancers"][0]["LoadBalancerArn"]

    def listener(self, load_balancer: str, target_group: str, port: int = 3306) -> str:
        """A new listener's ARN."""
        forward = {"Type": "forward", "TargetGroupArn": target_group}
        made = self.elbv2.create_listener(
            LoadBalancerArn=load_balancer,
            Protocol="TCP",
            Port=port,
            DefaultActions=[forward],  # type: ignore[list-item]  # the stubs want a TypedDict's literal
        )
        return made["Listeners"][0]["ListenerArn"]

    def endpoint_service(self, load_balancer: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """A new endpoint service, `Available` for EMQX's account."""
        arn = load_balancer or self.load_balancer()
        self.later(150)
        made = self.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn], **more)
        service: dict[str, Any] = dict(made["ServiceConfiguration"])
        self.later(8)
        self.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=service["ServiceId"], AddAllowedPrincipals=[EMQX_ROOT]
        )
        return service

    def vpc_endpoint(self, service: dict[str, Any], *az_ids: str, account: str = EMQX, **more: Any) -> str:  # noqa: ANN401
        """The id of a new VPC endpoint of a consumer."""
        network = self.seed["accounts"][account]["networks"]["us-east-1"]
        made = self.ec2_of(account).create_vpc_endpoint(
            VpcEndpointType="Interface",
            ServiceName=service["ServiceName"],
            VpcId=network["vpc_id"],
            SubnetIds=[network["subnets"][az_id]["id"] for az_id in az_ids or ("use1-az1", "use1-az2")],
            **more,
        )
        return made["VpcEndpoint"]["VpcEndpointId"]

    def connection_state(self, vpc_endpoint: str) -> str:
        """What the provider reads of a connection; "" when it is not listed."""
        wanted = [{"Name": "vpc-endpoint-id", "Values": [vpc_endpoint]}]
        listed = self.ec2.describe_vpc_endpoint_connections(Filters=wanted)["VpcEndpointConnections"]  # type: ignore[arg-type]  # as above
        return listed[0]["VpcEndpointState"] if listed else ""

    def service_state(self, service: dict[str, Any]) -> str:
        """What the provider reads of an endpoint service; "" when it is not listed."""
        listed = self.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        return next((one["ServiceState"] for one in listed if one["ServiceId"] == service["ServiceId"]), "")

    def health(self, target_group: str) -> list[tuple[str, str]]:
        """(state, reason) of each target; reason "" when healthy."""
        listed = self.elbv2.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return [(one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", "")) for one in listed]


@cache
def client(  # noqa: PLR0917 - one way to call it keeps the cache one
    service: str, endpoint: str, key: str, secret: str, token: str | None, region: str
) -> Any:  # noqa: ANN401 - of three types
    """A boto3 client without retries; making one is slow, so they are shared."""
    return boto3.client(  # type: ignore[call-overload]  # the stubs want the service's name as a literal
        service,
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        region_name=region,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20),
    )


@cache
def control_path(endpoint: str) -> httpx.Client:
    """A client of the control path; making one is slow, so it is shared."""
    return httpx.Client(base_url=f"{endpoint}/sandbox", timeout=30)


def refused(call: Callable[..., object], **parameters: Any) -> tuple[str, int]:  # noqa: ANN401 - any parameter
    """The error code and HTTP status with which AWS refuses the call."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def aws(sandbox: Sandbox) -> Aws:
    """A fresh sandbox whose time stands still."""
    return Aws(sandbox)
