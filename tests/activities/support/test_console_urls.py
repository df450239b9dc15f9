"""The console pages of what a removal leaves."""

from collections.abc import Callable

import pytest

from activities.support.console_urls import (
    endpoint_service_page,
    kind_of,
    listener_page,
    load_balancer_page,
    page_of,
    target_group_page,
)

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/pl-orders-db-abcdefghij/50dc6c495c0c9188"


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eu-west-1", "console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_a_page_is_in_its_regions_own_console(region: str, domain: str) -> None:
    """China and GovCloud have consoles of their own."""
    assert f"https://{region}.{domain}/ec2/home?region={region}#LoadBalancer:loadBalancerArn={ARN}" == (
        load_balancer_page(region, ARN)
    )


@pytest.mark.parametrize("page", [load_balancer_page, listener_page, target_group_page, endpoint_service_page])
def test_every_page_names_the_thing(page: Callable[[str, str], str]) -> None:
    """A person lands on the thing, not on a list to search."""
    assert page("eu-west-1", ARN).endswith(f"={ARN}")


@pytest.mark.parametrize(
    ("made", "kind", "page"),
    [
        (ARN, "load balancer", load_balancer_page),
        (ARN.replace(":loadbalancer/", ":listener/"), "listener", listener_page),
        (ARN.replace(":loadbalancer/", ":targetgroup/"), "target group", target_group_page),
        ("vpce-svc-0a1b2c3d", "endpoint service", endpoint_service_page),
        ("vpce-0a1b2c3d", "endpoint connection", None),
        ("mysql:vpce-svc-arn:", "connector", None),
        ("pl3f9c21", "PrivateLink", None),
    ],
)
def test_an_id_tells_what_it_is(made: str, kind: str, page: Callable[[str, str], str] | None) -> None:
    """So that a list of ids alone can be explained to a person."""
    assert kind_of(made) == kind
    assert page_of("eu-west-1", made) == (page("eu-west-1", made) if page else "")
