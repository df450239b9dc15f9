"""The page of AWS's console where a person finds a thing."""

_AWS_DOMAINS = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
"""By the region's prefix, where it is not `console.aws.amazon.com` ("AWS Management Console endpoints")."""


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


def page_of(region: str, made: str) -> str:
    """The page of what a create made, by its id or ARN; empty for what stands in no console of the provider's."""
    if ":loadbalancer/" in made:
        return load_balancer_page(region, made)
    return endpoint_service_page(region, made) if made.startswith("vpce-svc-") else ""


def _aws(region: str, service: str, page: str) -> str:
    domain = next((one for prefix, one in _AWS_DOMAINS.items() if region.startswith(f"{prefix}-")), None)
    return f"https://{region}.{domain or 'console.aws.amazon.com'}/{service}/home?region={region}#{page}"
