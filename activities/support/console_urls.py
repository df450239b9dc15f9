"""The page of AWS's console where a person finds a resource."""

_AWS_DOMAINS = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
"""Console domain by the region's prefix, where it is not `console.aws.amazon.com` ("AWS Management Console
endpoints")."""


def load_balancer_page(region: str, arn: str) -> str:
    """EC2's page of one load balancer."""
    return _aws(region, "ec2", f"LoadBalancer:loadBalancerArn={arn}")


def listener_page(region: str, arn: str) -> str:
    """EC2's page of one listener."""
    return _aws(region, "ec2", f"ELBListenerV2:listenerArn={arn}")


def target_group_page(region: str, arn: str) -> str:
    """EC2's page of one target group."""
    return _aws(region, "ec2", f"TargetGroup:targetGroupArn={arn}")


def endpoint_service_page(region: str, service_id: str) -> str:
    """The VPC console's list of endpoint services, narrowed to one; its endpoint connections are a tab of it."""
    return _aws(region, "vpcconsole", f"EndpointServices:search={service_id}")


def _aws(region: str, service: str, page: str) -> str:
    domain = next((one for prefix, one in _AWS_DOMAINS.items() if region.startswith(f"{prefix}-")), None)
    return f"https://{region}.{domain or 'console.aws.amazon.com'}/{service}/home?region={region}#{page}"
