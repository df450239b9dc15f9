"""Which addresses of a VPC are someone's."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from clouds.aws.networks import read_held_addresses

if TYPE_CHECKING:
    from clouds.aws.accounts import AwsAccount


class OnePage:
    """An account whose answers are one page that a test gives."""

    def __init__(self, page: dict[str, Any]) -> None:
        """The sandbox's EC2 keeps no prefixes, so the answer is written here."""
        paginator = SimpleNamespace(paginate=lambda **_: [page])
        self._clients = SimpleNamespace(ec2=SimpleNamespace(get_paginator=lambda _: paginator))

    async def call(self, _bucket: object, _doing: str, _concerns: str, operation: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as the answer is
        """What the operation makes of the page."""
        return operation(self._clients)


async def test_an_address_is_held_by_itself_or_within_a_prefix() -> None:
    """Secondary addresses count, and so do the prefixes out of which pods get theirs."""
    interfaces = [
        {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.15"}, {"PrivateIpAddress": "10.0.1.16"}]},
        {"PrivateIpAddresses": [], "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.96/28"}]},
    ]
    account = cast("AwsAccount", OnePage({"NetworkInterfaces": interfaces}))
    asked = ["10.0.1.15", "10.0.1.16", "10.0.1.17", "10.0.1.95", "10.0.1.96", "10.0.1.111", "10.0.1.112"]
    held = await read_held_addresses(account, "vpc-1")
    assert ["10.0.1.17", "10.0.1.95", "10.0.1.112"] == [address for address in asked if not held.hold(address)]
