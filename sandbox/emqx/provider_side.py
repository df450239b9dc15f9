"""What lies behind a VPC endpoint, in whichever account it lies: what a broker's packets would find out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from sandbox.seed import Seed

OWN_LOOK = "sandbox-own-look"
"""In the User-Agent of a call that nobody made: the server neither records it nor lets a fault hit it."""

SAME_LOOK_SECONDS = 0.1
"""Of our clock: a listing of many connectors reads the books once, and looks at each address once."""


class ProviderSide:
    """Looks into the sandbox's books, and asks the provider's own account for the health of targets.

    A packet needs nobody's permission, which no API of the consumer's account can stand for. Nor does it call AWS, so
    the two calls of a look (DescribeListeners, DescribeTargetHealth) are marked with `OWN_LOOK`.
    """

    def __init__(self, seed: Seed, endpoint: Callable[[], str]) -> None:
        """Take who there is, and where the sandbox serves; that is asked at the first look."""
        self._seed = seed
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], ElasticLoadBalancingv2Client] = {}
        self._seen: dict[tuple[str, int], tuple[float, str | None]] = {}
        self._read: tuple[float, dict[str, dict[str, dict[str, Any]]]] = (float("-inf"), {})

    def trouble(self, vpc_endpoint_id: str, port: int) -> str | None:
        """Why a connection to this port of a VPC endpoint does not open; None when it does.

        `timeout` when the endpoint connection is not available or no target is healthy, so that packets get lost;
        `econnrefused` when no listener has the port.
        """
        seen_at, trouble = self._seen.get((vpc_endpoint_id, port), (float("-inf"), None))
        if time.monotonic() - seen_at > SAME_LOOK_SECONDS:
            trouble = self._look(vpc_endpoint_id, port)
            self._seen[vpc_endpoint_id, port] = (time.monotonic(), trouble)
        return trouble

    def _look(self, vpc_endpoint_id: str, port: int) -> str | None:
        for account, region, books in self._books():
            for connection in books["endpoint_connections"]:
                if (connection["vpc_endpoint_id"], connection["state"]) == (vpc_endpoint_id, "available"):
                    listeners = _listeners(books, connection["service_id"], port)
                    if not listeners:
                        return "econnrefused"
                    return None if self._any_healthy(account, region, listeners) else "timeout"
        return "timeout"

    def _books(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        read_at, aws = self._read
        if time.monotonic() - read_at > SAME_LOOK_SECONDS:
            with urlopen(f"{self._endpoint()}/sandbox/books", timeout=60) as answer:  # noqa: S310  our own address
                aws = json.load(answer)["aws"]
            self._read = (time.monotonic(), aws)
        return ((account, region, books) for account, regions in aws.items() for region, books in regions.items())

    def _any_healthy(self, account: str, region: str, listener_arns: list[str]) -> bool:
        client = self._client(account, region)
        try:
            found = client.describe_listeners(ListenerArns=listener_arns)["Listeners"]
            groups = {action["TargetGroupArn"] for listener in found for action in listener["DefaultActions"]}
            targets = [
                target
                for arn in groups
                for target in client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            ]
        except ClientError:
            # Deleted since the books were read, or not visible yet: what cannot be looked at is not healthy.
            return False
        return any(target["TargetHealth"]["State"] == "healthy" for target in targets)

    def _client(self, account: str, region: str) -> ElasticLoadBalancingv2Client:
        if (account, region) not in self._clients:
            self._clients[account, region] = boto3.session.Session().client(
                "elbv2",
                region_name=region,
                endpoint_url=self._endpoint(),
                aws_access_key_id=self._seed.accounts[account].access_key_id,
                aws_secret_access_key=self._seed.accounts[account].secret_access_key,
                config=Config(retries={"total_max_attempts": 1}, user_agent_extra=OWN_LOOK),
            )
        return self._clients[account, region]


def _listeners(books: dict[str, Any], service_id: str, port: int) -> list[str]:
    """The ARNs of the listeners with this port on the load balancers of an endpoint service."""
    balancers = {
        arn for one in books["endpoint_services"] if one["id"] == service_id for arn in one["load_balancer_arns"]
    }
    return [one["arn"] for one in books["listeners"] if one["load_balancer_arn"] in balancers and one["port"] == port]
