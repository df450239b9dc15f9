"""Where links are requested: accounts, regions and ways to reach the platform, and the request for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.links import link_request
from privatelink import PrivateLinkRequest
from tests.support.person import CONSOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME, ROLE, EUROPE, BY_CONSOLE = "home", "role", "europe", "console"
PLACES = (HOME, ROLE, EUROPE, BY_CONSOLE)
OWN_ACCOUNT, OTHER_ACCOUNT = "210987654321", "310987654321"
OWN_PLACE = {"orders": HOME, "billing": ROLE, "desk": BY_CONSOLE}
"""The links, and the place where each is usually requested."""


def request_for(seed: Mapping[str, Any], name: str, place: str) -> PrivateLinkRequest:
    """Request the same link in that place. In Europe there is no deployment of that name: only deletes may succeed."""
    asked = link_request(seed, name).model_dump(mode="json")
    account = OTHER_ACCOUNT if place == ROLE else OWN_ACCOUNT
    region = "eu-west-1" if place == EUROPE else "us-east-1"
    network = seed["accounts"][account]["networks"][region]
    zones = ("euw1-az1", "euw1-az2") if place == EUROPE else ("use1-az1", "use1-az2")
    asked["aws"] = {"region": region}
    if place == ROLE:
        asked["aws"] |= {"role_arn": seed["role_arn"], "external_id": seed["external_id"]}
    asked["subnets"] = [network["subnets"][zone]["id"] for zone in zones]
    if place == BY_CONSOLE:
        asked["platform"] = CONSOLE
    return PrivateLinkRequest.model_validate(asked)
