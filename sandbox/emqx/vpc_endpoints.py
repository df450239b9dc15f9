"""EMQX's own AWS account, the consumer side; reached with boto3 over HTTP, as the real platform reaches AWS."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.seed import EMQX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef

    from sandbox.emqx.privatelinks import PrivateLink
    from sandbox.seed import Deployment, Seed

PATIENCE = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "Unavailable"})
"""Error codes after which the platform tries again; `Unavailable` can come right after a service is `Available`
(aws/aws-sdk issue 805)."""


MOST_VALUES = 200
"""Maximum of filter values in one call; AWS refuses more with FilterLimitExceeded (EC2 API, "Error codes")."""


class EndpointRefusedError(Exception):
    """AWS refuses permanently; the text is its code and message."""


class AwsUnavailableError(Exception):
    """AWS did not answer, or asked to try later: the outcome is unknown, and the call should be repeated."""


@dataclass(frozen=True)
class VpcEndpoint:
    """A VPC endpoint as DescribeVpcEndpoints shows it."""

    id: str
    state: str
    """The state in lower case, because AWS's model and its answers differ in case."""
    dns_name: str
    """The first of its DNS names; "" before it has one."""


class ConsumerAccount:
    """The VPC endpoints of EMQX's account, which has one VPC in each region. Thread-safe."""

    def __init__(self, seed: Seed, aws_endpoint: Callable[[], str]) -> None:
        """`aws_endpoint` returns AWS's URL; it is not called before the first request."""
        self._seed = seed
        self._account = seed.accounts[EMQX]
        self._aws_endpoint = aws_endpoint
        self._lock = threading.Lock()
        self._clients: dict[str, EC2Client] = {}

    def create_vpc_endpoint(self, row: PrivateLink) -> str:
        """Create an interface endpoint to the row's service in every AZ of its deployment, and return its id.

        A repeat creates no second one, because the client token is the row's id. Raises `EndpointRefusedError`
        (principal not allowed, unknown service, AZ not supported, ...) or `AwsUnavailableError`.
        """
        deployment = row.deployment
        network = self._seed.network(EMQX, deployment.region)
        with _errors_translated():
            answer = self._client(deployment).create_vpc_endpoint(
                VpcEndpointType="Interface",
                VpcId=network.vpc_id,
                SubnetIds=[network.subnets[az_id].id for az_id in deployment.az_ids],
                ServiceName=row.service_name,
                ClientToken=row.id,
            )
        return answer["VpcEndpoint"]["VpcEndpointId"]

    def vpc_endpoints(self, deployment: Deployment, ids: list[str]) -> dict[str, VpcEndpoint]:
        """The existing ones among these VPC endpoints, by id; raises as `create_vpc_endpoint`.

        With more ids than a filter takes, it returns every endpoint in the deployment's region.
        """
        # A filter, because one absent id in the parameter `VpcEndpointIds` fails the whole call.
        filters: list[FilterTypeDef] = [{"Name": "vpc-endpoint-id", "Values": ids}] if len(ids) <= MOST_VALUES else []
        with _errors_translated():
            pages = self._client(deployment).get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
            found = [endpoint for page in pages for endpoint in page["VpcEndpoints"]]
        return {
            endpoint["VpcEndpointId"]: VpcEndpoint(
                id=endpoint["VpcEndpointId"],
                state=endpoint["State"].lower(),
                dns_name=next((entry["DnsName"] for entry in endpoint.get("DnsEntries", [])), ""),
            )
            for endpoint in found
        }

    def delete_vpc_endpoint(self, deployment: Deployment, vpc_endpoint_id: str) -> None:
        """Request the deletion; an endpoint that is already gone is no error. Raises as `create_vpc_endpoint`."""
        with _errors_translated():
            answer = self._client(deployment).delete_vpc_endpoints(VpcEndpointIds=[vpc_endpoint_id])
        for item in answer.get("Unsuccessful", []):
            error = item.get("Error", {})
            if "NotFound" not in error.get("Code", ""):
                raise EndpointRefusedError(f"{error.get('Code')}: {error.get('Message')}")

    def _client(self, deployment: Deployment) -> EC2Client:
        with self._lock:
            if deployment.region not in self._clients:
                self._clients[deployment.region] = boto3.session.Session().client(
                    "ec2",
                    region_name=deployment.region,
                    endpoint_url=self._aws_endpoint(),
                    aws_access_key_id=self._account.access_key_id,
                    aws_secret_access_key=self._account.secret_access_key,
                    config=Config(retries={"total_max_attempts": 1}),
                )
            return self._clients[deployment.region]


@contextmanager
def _errors_translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if code in PATIENCE or status >= 500:  # noqa: PLR2004
            raise AwsUnavailableError(f"{code}: {message}") from error
        raise EndpointRefusedError(f"{code}: {message}") from error
    except BotoCoreError as error:
        raise AwsUnavailableError(str(error)) from error
