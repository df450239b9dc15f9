"""The page of AWS's console where a person finds a resource."""

import re
from collections.abc import Callable

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


_KINDS: tuple[tuple[str, str, Callable[[str, str], str] | None], ...] = (
    (r"arn:.*:loadbalancer/", "load balancer", load_balancer_page),
    (r"arn:.*:listener/", "listener", listener_page),
    (r"arn:.*:targetgroup/", "target group", target_group_page),
    (r"vpce-svc-", "endpoint service", endpoint_service_page),
    (r"vpce-", "endpoint connection", None),
    (r"\w+:", "connector", None),
    (r"", "PrivateLink", None),
)
"""Kind, in the words of `FoundThing`, and page (None if AWS's console has none), by how the ID or ARN begins."""


def kind_of(made: str) -> str:
    """The kind of resource that a create has made, by its ID or ARN."""
    return next(kind for begins, kind, _ in _KINDS if re.match(begins, made))


def page_of(region: str, made: str) -> str:
    """The page of what a create made, by its ID or ARN; empty if the provider's console has none."""
    page = next(page for begins, _, page in _KINDS if re.match(begins, made))
    return page(region, made) if page else ""


def _aws(region: str, service: str, page: str) -> str:
    domain = next((one for prefix, one in _AWS_DOMAINS.items() if region.startswith(f"{prefix}-")), None)
    return f"https://{region}.{domain or 'console.aws.amazon.com'}/{service}/home?region={region}#{page}"
