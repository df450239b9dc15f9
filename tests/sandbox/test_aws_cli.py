"""The AWS CLI as an independent client: the provider's whole side by its own commands and waiters.

It has its own botocore, its own request signing and its own waiters, so it knows nothing that we may have bent to fit
the sandbox. The platform's half is plain HTTP.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from scripts.aws_cli import AwsCli

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.sandbox import Sandbox

FAST = 2000
"""The CLI's waiters look every 15 s of our clock, so what they wait for has to be there at the first look or two."""
PATIENCE = 120.0


@pytest.fixture
def aws_cli(sandbox: Sandbox) -> AwsCli:
    """The pinned CLI; `make test` installs it into a folder of its own."""
    httpx.put(f"{sandbox.endpoint}/sandbox/clock", json={"speed": FAST}).raise_for_status()
    sandbox.quirk("reads_per_hour", 1_000_000)
    return AwsCli(sandbox.env)


def until(look: Callable[[], Any], wanted: object) -> None:
    """Look until it is as wanted."""
    end = time.monotonic() + PATIENCE
    while (seen := look()) != wanted:
        assert time.monotonic() < end, f"it is still {seen}, not {wanted}"
        time.sleep(0.2)


def test_the_aws_cli_builds_and_removes_the_provider_side(sandbox: Sandbox, aws_cli: AwsCli) -> None:
    """The page that we automate, by hand: create up to a running PrivateLink, then delete until nothing is left."""
    aws = aws_cli
    subnets = [sandbox.seed["subnets"][az_id] for az_id in ("use1-az1", "use1-az2")]
    env = sandbox.env
    platform = httpx.Client(
        base_url=env["EMQXCLOUD_PLATFORM_ENDPOINT"],
        auth=(env["EMQXCLOUD_PLATFORM_API_KEY"], env["EMQXCLOUD_PLATFORM_API_SECRET"]),
        timeout=60,
    )
    links = "/deployments/w41b11c0/privatelinks"

    group = aws(
        *("elbv2", "create-target-group", "--name", "orders", "--protocol", "TCP", "--port", "3306"),
        *("--vpc-id", sandbox.seed["vpc"], "--target-type", "ip", "--health-check-interval-seconds", "10"),
    )["TargetGroups"][0]["TargetGroupArn"]
    aws("elbv2", "register-targets", "--target-group-arn", group, "--targets", "Id=10.0.1.15", "Id=10.0.2.15")
    balancer = aws(
        *("elbv2", "create-load-balancer", "--name", "orders", "--type", "network", "--scheme", "internal"),
        *("--subnets", *subnets),
    )["LoadBalancers"][0]["LoadBalancerArn"]
    aws("elbv2", "wait", "load-balancer-available", "--load-balancer-arns", balancer)
    listener = aws(
        *("elbv2", "create-listener", "--load-balancer-arn", balancer, "--protocol", "TCP", "--port", "3306"),
        *("--default-actions", f"Type=forward,TargetGroupArn={group}"),
    )["Listeners"][0]["ListenerArn"]
    aws("elbv2", "wait", "target-in-service", "--target-group-arn", group)
    service = aws(
        *("ec2", "create-vpc-endpoint-service-configuration", "--network-load-balancer-arns", balancer),
        *("--acceptance-required", "--client-token", "orders-1"),
    )["ServiceConfiguration"]

    def services() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = aws("ec2", "describe-vpc-endpoint-service-configurations")[
            "ServiceConfigurations"
        ]
        return [one for one in listed if one["ServiceState"] != "Deleted"]

    def connections() -> list[tuple[str, str]]:
        wanted = f"Name=service-id,Values={service['ServiceId']}"
        listed = aws("ec2", "describe-vpc-endpoint-connections", "--filters", wanted)["VpcEndpointConnections"]
        return [
            (one["VpcEndpointId"], one["VpcEndpointState"]) for one in listed if one["VpcEndpointState"] != "deleted"
        ]

    until(lambda: [one["ServiceState"] for one in services()], ["Available"])
    principal = platform.get("/deployments/w41b11c0/network").raise_for_status().json()["awsARN"]
    aws(
        *("ec2", "modify-vpc-endpoint-service-permissions", "--service-id", service["ServiceId"]),
        *("--add-allowed-principals", principal),
    )
    made = platform.post(links, json={"name": "orders", "serviceName": service["ServiceName"]}).raise_for_status()
    private_link = f"{links}/{made.json()['privatelinkID']}"
    until(lambda: [state for _, state in connections()], ["pendingAcceptance"])
    [(endpoint, _)] = connections()
    accepted = aws(
        *("ec2", "accept-vpc-endpoint-connections", "--service-id", service["ServiceId"]),
        *("--vpc-endpoint-ids", endpoint),
    )
    assert [] == accepted["Unsuccessful"]
    until(connections, [(endpoint, "available")])
    until(lambda: platform.get(private_link).json()["status"], "running")
    assert platform.get(private_link).json()["address"]

    platform.delete(private_link).raise_for_status()
    until(lambda: platform.get(private_link).status_code, 404)
    until(connections, [])
    deleted = aws("ec2", "delete-vpc-endpoint-service-configurations", "--service-ids", service["ServiceId"])
    assert [] == deleted["Unsuccessful"]
    until(services, [])
    aws("elbv2", "delete-listener", "--listener-arn", listener)
    aws("elbv2", "delete-load-balancer", "--load-balancer-arn", balancer)
    aws("elbv2", "wait", "load-balancers-deleted", "--load-balancer-arns", balancer)
    aws("elbv2", "delete-target-group", "--target-group-arn", group)

    assert {"aws": {}, "platform": {}, "connectors": {}} == sandbox.books()
    codes = {call["code"] for call in sandbox.calls() if call["service"] in {"ec2", "elasticloadbalancing"}}
    assert {None, "LoadBalancerNotFound"} == codes, "the latter is what `wait load-balancers-deleted` ends at"
