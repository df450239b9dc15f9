"""A neighbour: another customer of EMQX, whose deployment lives in the same AWS account as ours."""

from typing import Any

import boto3

from tests.support.sandbox import Sandbox

CONSUMER = "111122223333"
"""EMQX's account."""


def connect_neighbour(sandbox: Sandbox, service_name: str) -> str:
    """Let the neighbour connect to an endpoint service that allows the account; the id of the VPC endpoint. Blocks."""
    network = sandbox.seed["accounts"][CONSUMER]["networks"]["us-east-1"]
    made = _consumer(sandbox).create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=network["vpc_id"],
        ServiceName=service_name,
        SubnetIds=[network["subnets"]["use1-az1"]["id"]],
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def delete_endpoint(sandbox: Sandbox, vpc_endpoint_id: str) -> None:
    """Delete a VPC endpoint of EMQX's account, past its console. Blocks."""
    answer = _consumer(sandbox).delete_vpc_endpoints(VpcEndpointIds=[vpc_endpoint_id])
    assert not answer["Unsuccessful"], answer


def _consumer(sandbox: Sandbox) -> Any:  # noqa: ANN401 - boto3 makes clients by name
    account = sandbox.seed["accounts"][CONSUMER]
    return boto3.client(
        "ec2", aws_access_key_id=account["access_key_id"], aws_secret_access_key=account["secret_access_key"]
    )
