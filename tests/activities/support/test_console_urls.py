"""The console pages of what a removal leaves."""

from collections.abc import Callable

import pytest

from activities.support.console_urls import (
    endpoint_service_page,
    listener_page,
    load_balancer_page,
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
