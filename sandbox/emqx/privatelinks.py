"""The PrivateLinks of every deployment, and their states.

`pending -> running | failed`; `running -> failed`; `pending | running | failed -> terminated -> gone`
(docs/emqx-platform.openapi.yaml, assumed half). A delete that fails takes `terminated` back to `failed`. Nothing here
calls AWS.
"""

from __future__ import annotations

import math
import secrets
import threading
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Literal

from sandbox.emqx.answers import Refusal

if TYPE_CHECKING:
    from sandbox.clock import Clock
    from sandbox.emqx.quirks import Quirks
    from sandbox.seed import Deployment

Status = Literal["pending", "running", "failed", "terminated"]

PRIVATELINK_TYPES = frozenset({"dedicated", "dedicatedFlex"})
"""Deployment types with PrivateLink. Dedicated: "AWS PrivateLink". Dedicated Flex, which EMQX's page on VPC peering
includes: assumed: no public source."""


@dataclass
class PrivateLink:
    """One PrivateLink, a row of `PrivateLinks`, which alone changes its state. Its times are sandbox seconds."""

    id: str
    deployment: Deployment
    service_name: str
    description: str
    created_at: str
    hidden_until: float = 0.0
    """Time until which reads do not show it."""
    status: Status = "pending"
    reason: str = ""
    vpc_endpoint_id: str = ""
    dns_name: str = ""
    """The VPC endpoint's first DNS name, which becomes the address."""
    address_from: float = math.inf
    """Time from which a `running` PrivateLink shows its address."""
    settling: bool = field(default=False, repr=False)
    """Whether its connection is `available`, so that it will be `running` soon."""

    def address(self, now: float) -> str:
        """The address that the platform shows: empty until it is running, and possibly for a while longer."""
        return self.dns_name if self.status == "running" and now >= self.address_from else ""


class PrivateLinks:
    """Every PrivateLink. A transition that the row's state does not allow is ignored. Thread-safe."""

    def __init__(self, clock: Clock, quirks: Quirks) -> None:
        """Begin empty."""
        self._clock = clock
        self._quirks = quirks
        self._lock = threading.RLock()
        self._rows: dict[str, PrivateLink] = {}
        # Counted up from a random start: if each id were random, two of 500 would be equal in one of 130 runs.
        self._numbers = count(secrets.randbelow(1 << 23))

    def add(self, deployment: Deployment, service_name: str, description: str) -> PrivateLink:
        """Store a new row, which is pending.

        Refuses a deployment that cannot have PrivateLinks (BAD_REQUEST) or is not running (INVALID_STATUS), the same
        service name twice on one deployment (ALREADY_EXISTS), and more rows than the quirk
        `privatelinks_per_deployment` allows (EXCEED_LIMIT).
        """
        if deployment.type not in PRIVATELINK_TYPES or deployment.platform != "AWS":
            raise Refusal(400, "BAD_REQUEST", f"deployment {deployment.id} cannot have an AWS PrivateLink")
        if deployment.status != "running":
            raise self._refuse("INVALID_STATUS", f"deployment {deployment.id} is {deployment.status}, not running")
        with self._lock:
            rows = [row for row in self._rows.values() if row.deployment.id == deployment.id]
            if any(row.service_name == service_name for row in rows):
                raise self._refuse("ALREADY_EXISTS", f"deployment {deployment.id} already has a PrivateLink to it")
            limit = self._quirks.privatelinks_per_deployment
            if limit is not None and len(rows) >= limit:
                raise self._refuse("EXCEED_LIMIT", f"deployment {deployment.id} may have {limit} PrivateLinks")
            row = PrivateLink(
                id=f"pl{next(self._numbers):06x}",
                deployment=deployment,
                service_name=service_name,
                description=description,
                created_at=self._clock.datetime().strftime("%Y-%m-%d %H:%M"),
            )
            self._rows[row.id] = row
            return row

    def all(self) -> list[PrivateLink]:
        """Every row, oldest first, hidden ones too."""
        with self._lock:
            return list(self._rows.values())

    def seen(self, deployment_id: str) -> list[PrivateLink]:
        """The rows of a deployment that reads show."""
        now = self._clock.now()
        return [row for row in self.all() if row.deployment.id == deployment_id and row.hidden_until <= now]

    def find(self, deployment_id: str, id_: str) -> PrivateLink | None:
        """One row that reads show, if there is one."""
        return next((row for row in self.seen(deployment_id) if row.id == id_), None)

    def at_address(self, deployment_id: str, host: str) -> PrivateLink | None:
        """The row of a deployment that shows this address, if there is one."""
        now = self._clock.now()
        rows = (row for row in self.all() if row.deployment.id == deployment_id)
        return next((row for row in rows if host and row.address(now) == host), None)

    def endpoint_made(self, row: PrivateLink, vpc_endpoint_id: str) -> None:
        """Store the id of the VPC endpoint that the platform created for this row."""
        with self._lock:
            row.vpc_endpoint_id = vpc_endpoint_id

    def settle(self, row: PrivateLink, dns_name: str) -> bool:
        """Note that the connection is available. True only the first time; the caller then calls `run` later."""
        with self._lock:
            if row.status != "pending" or row.settling:
                return False
            row.settling, row.dns_name = True, dns_name
            return True

    def run(self, row: PrivateLink, address_after: float) -> None:
        """`pending` to `running`; the address is shown `address_after` sandbox seconds later."""
        with self._lock:
            if row.status == "pending":
                row.status, row.address_from = "running", self._clock.now() + address_after

    def fail(self, row: PrivateLink, reason: str) -> None:
        """`pending` or `running` to `failed`, with the console's reason."""
        with self._lock:
            if row.status in {"pending", "running"}:
                row.status, row.reason = "failed", reason

    def fail_delete(self, row: PrivateLink, reason: str) -> None:
        """`terminated` to `failed`, with the console's reason."""
        with self._lock:
            if row.status == "terminated":
                row.status, row.reason = "failed", reason

    def terminate(self, row: PrivateLink) -> None:
        """Any other state to `terminated`.

        INVALID_STATUS when it is `terminated` already, or `failed` while the quirk `failed_deletable` is off.
        """
        with self._lock:
            if row.status == "terminated" or (row.status == "failed" and not self._quirks.failed_deletable):
                raise self._refuse("INVALID_STATUS", f"PrivateLink {row.id} is {row.status}")
            row.status, row.reason = "terminated", ""

    def remove(self, row: PrivateLink) -> None:
        """`terminated` to gone."""
        with self._lock:
            if row.status == "terminated":
                self._rows.pop(row.id, None)

    def _refuse(self, code: str, message: str) -> Refusal:
        return Refusal(self._quirks.refusal_status, code, message)
