"""A co-tenant: another customer of EMQX, whose deployment is in the same AWS account as ours."""

import boto3

from tests.support.sandbox import Sandbox

CONSUMER = "111122223333"
"""EMQX's AWS account."""


def connect_co_tenant(sandbox: Sandbox, service_name: str) -> str:
    """Connect the co-tenant to an endpoint service that allows the account; return the VPC endpoint's ID. Blocks."""
    account = sandbox.seed["accounts"][CONSUMER]
    network = account["networks"]["us-east-1"]
    consumer = boto3.client(
        "ec2", aws_access_key_id=account["access_key_id"], aws_secret_access_key=account["secret_access_key"]
    )
    made = consumer.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=network["vpc_id"],
        ServiceName=service_name,
        SubnetIds=[network["subnets"]["use1-az1"]["id"]],
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])
