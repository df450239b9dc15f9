"""The table of a link's parts: what an ID is, where a person finds it, and that the tests know the same parts."""

from collections.abc import Callable

import pytest

from activities.support.console_urls import (
    endpoint_service_page,
    listener_page,
    load_balancer_page,
    target_group_page,
)
from activities.support.emqx_console import connector_page, private_link_page
from activities.support.inventory import PARTS, part_of
from privatelink.model.names import Link
from tests.support import parts

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/pl-orders-db-abcdefghij/50dc6c495c0c9188"
LINK = Link.parse("w41b11c0/orders-db")


@pytest.mark.parametrize(
    ("made", "kind", "url"),
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
def test_an_id_tells_what_it_is(made: str, kind: str, url: Callable[[str, str], str] | None) -> None:
    """So that a list of ids alone can be told to a person."""
    part = part_of(made)
    assert (kind, url) == (part.kind, part.url)
    if url:
        assert url("eu-west-1", made) == part.page(LINK, "eu-west-1", made)


def test_what_has_no_url_is_found_by_the_menus_of_the_console() -> None:
    """EMQX publishes none; and an endpoint connection is a tab of its endpoint service, which its id does not tell."""
    pages = [part_of(made).page(LINK, "eu-west-1", made) for made in ("mysql:orders", "pl3f9c21", "vpce-0a1b2c3d")]
    assert [connector_page(LINK), private_link_page(LINK), ""] == pages


def test_the_tests_know_the_same_parts_in_the_same_order() -> None:
    """A part that only one of the two tables has would be made and never judged, or judged and never made."""
    assert [part.kind for part in parts.PARTS] == [part.kind for part in PARTS]
