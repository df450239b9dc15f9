"""What a broker's packets find behind a VPC endpoint, in whichever account that is."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable

SAME_LOOK_SECONDS = 0.1
"""Real seconds for which a reading is reused, so that a listing of many connectors needs only one."""


class ProviderSide:
    """Learns about packets over the sandbox's control path, because no API of AWS shows them."""

    def __init__(self, endpoint: Callable[[], str]) -> None:
        """`endpoint` returns the sandbox's URL; it is not called before the first request."""
        self._endpoint = endpoint
        self._seen: tuple[float, dict[str, dict[str, bool]]] = (float("-inf"), {})

    def trouble(self, vpc_endpoint_id: str, port: int) -> str | None:
        """Why a connection to this port of a VPC endpoint does not open; None when it does.

        `timeout` (packets get lost) when the endpoint connection is not available or no target is healthy;
        `econnrefused` when no listener has the port.
        """
        ports = self._answering_ports().get(vpc_endpoint_id)
        if ports is None:
            return "timeout"
        if str(port) not in ports:
            return "econnrefused"
        return None if ports[str(port)] else "timeout"

    def _answering_ports(self) -> dict[str, dict[str, bool]]:
        seen_at, ports = self._seen
        if time.monotonic() - seen_at > SAME_LOOK_SECONDS:
            with urlopen(f"{self._endpoint()}/sandbox/packets", timeout=60) as answer:  # noqa: S310  our own address
                ports = json.load(answer)
            self._seen = (time.monotonic(), ports)
        return ports
