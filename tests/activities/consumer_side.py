"""What a test of EMQX's side puts in place by hand: an endpoint service, its connection, a link that works."""

from typing import Any

import boto3
import httpx

from activities.inputs import EndpointService
from clouds.aws.tags import ec2_tags, elb_tags
from privatelink.model.names import TAG_COMPLETE, Link, aws_name, description
from tests.support.sandbox import Sandbox
from tests.support.steps import ACCESS, LINK, SAGA


def make_endpoint_service(
    sandbox: Sandbox, *, saga_id: str = SAGA, complete: bool = False, link: Link = LINK
) -> EndpointService:
    """The link's endpoint service, which the deployment's account may use; made by hand, as an earlier step would."""
    sandbox.durations(load_balancer_active=0, endpoint_service_available=0)
    more = {TAG_COMPLETE: "true"} if complete else {}
    session = boto3.Session(region_name=ACCESS.region)
    subnets = sandbox.seed["subnets"]
    load_balancer = session.client("elbv2").create_load_balancer(
        Name=aws_name(link),
        Type="network",
        Scheme="internal",
        Subnets=[subnets["use1-az1"], subnets["use1-az2"]],
        Tags=elb_tags(link, saga_id, more),
    )["LoadBalancers"][0]["LoadBalancerArn"]
    ec2 = session.client("ec2")
    service = ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[load_balancer],
        AcceptanceRequired=True,
        TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": ec2_tags(link, saga_id, more)}],
    )["ServiceConfiguration"]
    principal = sandbox.seed["deployments"][link.deployment]["aws_arn"]
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"], AddAllowedPrincipals=[principal])
    return EndpointService(service_id=service["ServiceId"], service_name=service["ServiceName"])


def accept_connection(service: EndpointService, vpc_endpoint_id: str) -> None:
    """Accept it by hand, as an earlier step would."""
    boto3.Session(region_name=ACCESS.region).client("ec2").accept_vpc_endpoint_connections(
        ServiceId=service.service_id, VpcEndpointIds=[vpc_endpoint_id]
    )


def private_links(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The platform's rows of the link's deployment."""
    return list(sandbox.books().get("platform", {}).get(LINK.deployment, []))


def vpc_endpoint_id(sandbox: Sandbox) -> str:
    """The VPC endpoint that the platform makes a moment after it was asked for the PrivateLink."""
    while True:
        (row,) = private_links(sandbox)
        if row["vpcEndpointID"]:
            return str(row["vpcEndpointID"])


def listen(sandbox: Sandbox, port: int) -> None:
    """Put a listener with a healthy target on the link's load balancer."""
    sandbox.durations(target_healthy=0)
    elb = boto3.Session(region_name=ACCESS.region).client("elbv2")
    load_balancer = elb.describe_load_balancers(Names=[aws_name(LINK)])["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        Name=aws_name(LINK, port), Protocol="TCP", Port=port, VpcId=sandbox.seed["vpc"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": sandbox.seed["targets"][0]}])
    elb.create_listener(
        LoadBalancerArn=load_balancer,
        Protocol="TCP",
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )


def make_address(sandbox: Sandbox, *, saga_id: str = SAGA, complete: bool = False) -> str:
    """The address of a running PrivateLink that leads to a healthy target on port 3306."""
    sandbox.durations(platform_endpoint=0, connection_available=0, platform_running=0)
    service = make_endpoint_service(sandbox, saga_id=saga_id, complete=complete)
    listen(sandbox, 3306)
    httpx.post(
        f"{sandbox.env['EMQXCLOUD_PLATFORM_ENDPOINT']}/deployments/{LINK.deployment}/privatelinks",
        json={"serviceName": service.service_name, "description": description(LINK, saga_id)},
        auth=(sandbox.env["EMQXCLOUD_PLATFORM_API_KEY"], sandbox.env["EMQXCLOUD_PLATFORM_API_SECRET"]),
    ).raise_for_status()
    accept_connection(service, vpc_endpoint_id(sandbox))
    while True:
        (row,) = private_links(sandbox)
        if row["address"]:
            return str(row["address"])
