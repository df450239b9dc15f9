"""What the platform does behind its answers: it creates, polls and deletes the VPC endpoint of each PrivateLink.

It knows about AWS only what AWS answers, as the real platform does. Its calls are in the record under EMQX's account.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING

from sandbox.emqx.vpc_endpoints import AwsUnavailableError, ConsumerAccount, EndpointRefusedError, VpcEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.emqx.privatelinks import PrivateLink, PrivateLinks
    from sandbox.faults import Fault

TRY_AGAIN = 15.0
"""Sandbox seconds until the platform repeats a call that failed because AWS was unavailable."""
LOOK_MOVING = 5.0
"""Sandbox seconds between polls of AWS for rows that wait for a change there."""
LOOK_SETTLED = 30.0
"""Sandbox seconds between polls of AWS for settled rows."""
LOOK_REAL_MINIMUM = 0.05
"""Minimum of real seconds between polls at any speed, because a poll costs real milliseconds."""

STOP_REAL = 1.0
"""Real seconds that `stop` waits for running calls; a `slow` fault may keep one for longer."""

WAITING = frozenset({"pendingacceptance", "pending", "partial"})


class Lifecycle:
    """Moves every row of one `PrivateLinks` through its states. Errors in its threads go to stderr."""

    def __init__(self, clock: Clock, durations: Durations, links: PrivateLinks, consumer: ConsumerAccount) -> None:
        """Begin to poll AWS for the rows of `links`."""
        self._clock = clock
        self._durations = durations
        self._links = links
        self._consumer = consumer
        self._changed = threading.Event()
        self._stopped = False
        self._turn = 0
        self._seen: set[str] = set()
        self._asked: deque[PrivateLink] = deque()
        self._threads: set[threading.Thread] = set()
        self._starting = threading.Lock()
        self._start(self._follow_all)

    def stop(self) -> None:
        """Stop, and wait up to `STOP_REAL` for running calls, so that none acts on the state after a reset."""
        self._stopped = True
        self._changed.set()
        give_up = time.monotonic() + STOP_REAL
        with self._starting:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, give_up - time.monotonic()))

    def begin(self, row: PrivateLink, fault: Fault | None) -> None:
        """After a POST: create the VPC endpoint after `platform_endpoint`.

        Fault `stuck`: it is never created. Fault `failed`: instead of its creation, the row becomes `failed`.
        """
        if fault and fault.kind == "stuck":
            return
        if fault and fault.kind == "failed":
            reason = "the VPC endpoint could not be created"
            self._clock.call_later(self._durations.platform_endpoint, lambda: self._links.fail(row, reason))
        else:
            self._later(self._durations.platform_endpoint, lambda: self._create(row))

    def end(self, row: PrivateLink, fault: Fault | None) -> None:
        """After a DELETE: delete the VPC endpoint at once, and remove the row after `platform_delete`.

        Fault `stuck`: both stay forever. Fault `failed`: both stay, and after `platform_delete` the row is `failed`.
        """
        if fault and fault.kind == "stuck":
            return
        if fault and fault.kind == "failed":
            reason = "the VPC endpoint could not be deleted"
            self._clock.call_later(self._durations.platform_delete, lambda: self._links.fail_delete(row, reason))
        else:
            self._later(0, lambda: self._delete(row))
            self._later(self._durations.platform_delete, lambda: self._finish(row))

    def _create(self, row: PrivateLink) -> None:
        self._asked.append(row)
        self._create_first()

    def _create_first(self) -> None:
        """Create the VPC endpoint of the row that has waited longest; so retries keep the order of the POSTs."""
        row = self._asked.popleft()
        if row.status != "pending":
            return
        try:
            vpc_endpoint_id = self._consumer.create_vpc_endpoint(row)
        except AwsUnavailableError:
            self._asked.appendleft(row)
            self._later(TRY_AGAIN, self._create_first)
        except EndpointRefusedError as refused:
            self._links.fail(row, f"creating the VPC endpoint: {refused}")
        else:
            self._links.endpoint_made(row, vpc_endpoint_id)
            self._delete_if_late(row)
            self._changed.set()

    def _delete_if_late(self, row: PrivateLink) -> None:
        """Delete the new VPC endpoint if a DELETE came during its creation, when it had no id yet."""
        if row.status == "terminated":
            self._delete(row)

    def _delete(self, row: PrivateLink) -> None:
        if not row.vpc_endpoint_id:
            return
        try:
            self._consumer.delete_vpc_endpoint(row.deployment, row.vpc_endpoint_id)
        except AwsUnavailableError:
            self._later(TRY_AGAIN, lambda: self._delete(row))
        except EndpointRefusedError as refused:
            self._links.fail_delete(row, f"deleting the VPC endpoint: {refused}")

    def _finish(self, row: PrivateLink) -> None:
        """Remove the row once its VPC endpoint is gone, polling until then."""
        if row.status != "terminated":
            return
        try:
            gone = not row.vpc_endpoint_id or self._is_gone(row)
        except (AwsUnavailableError, EndpointRefusedError):
            gone = False
        if gone:
            self._links.remove(row)
        else:
            self._later(self._pause(LOOK_MOVING), lambda: self._finish(row))

    def _is_gone(self, row: PrivateLink) -> bool:
        found = self._consumer.vpc_endpoints(row.deployment, [row.vpc_endpoint_id]).get(row.vpc_endpoint_id)
        return found is None or found.state == "deleted"

    def _follow_all(self) -> None:
        looked_at_all = -math.inf
        while not self._stopped:
            rows = [row for row in self._links.all() if row.vpc_endpoint_id and row.status in {"pending", "running"}]
            pending = [row for row in rows if row.status == "pending"]
            if not pending or self._clock.now() >= looked_at_all + self._pause(LOOK_SETTLED):
                looked_at_all = self._clock.now()
                self._look(rows)
            else:
                self._look(pending)
            moving = any(row.status == "pending" for row in rows)
            self._rest(self._pause(LOOK_MOVING if moving else LOOK_SETTLED) if rows else math.inf)

    def _rest(self, seconds: float) -> None:
        """Wait until a row has changed or the time is over."""
        self._turn += 1
        turn = self._turn
        if seconds < math.inf:
            self._clock.call_later(seconds, lambda: self._wake(turn))
        self._changed.wait()
        self._changed.clear()

    def _wake(self, turn: int) -> None:
        """End the wait of that turn, but no later one: a wait that ended early leaves its alarm behind."""
        if turn == self._turn:
            self._changed.set()

    def _pause(self, seconds: float) -> float:
        return max(seconds, LOOK_REAL_MINIMUM * self._clock.speed)

    def _look(self, rows: list[PrivateLink]) -> None:
        """Read once in each region, and update every row from it."""
        for region in {row.deployment.region for row in rows}:
            there = [row for row in rows if row.deployment.region == region]
            try:
                found = self._consumer.vpc_endpoints(there[0].deployment, [row.vpc_endpoint_id for row in there])
            except (AwsUnavailableError, EndpointRefusedError):
                continue
            self._seen.update(found)
            for row in there:
                self._move(row, found.get(row.vpc_endpoint_id))

    def _move(self, row: PrivateLink, endpoint: VpcEndpoint | None) -> None:
        if endpoint is None and row.vpc_endpoint_id not in self._seen:
            return  # AWS may not show a new endpoint yet
        state = endpoint.state if endpoint else "deleted"
        if endpoint and state == "available":
            if self._links.settle(row, endpoint.dns_name):
                address_after = self._durations.platform_address
                self._clock.call_later(self._durations.platform_running, lambda: self._links.run(row, address_after))
        elif state not in WAITING:
            self._links.fail(row, f"the endpoint connection of {row.vpc_endpoint_id} is {state}")

    def _later(self, seconds: float, work: Callable[[], object]) -> None:
        """Do work that calls AWS in its own thread, because the clock's thread must not wait for an answer."""
        self._clock.call_later(seconds, lambda: None if self._stopped else self._start(work))

    def _start(self, work: Callable[[], object]) -> None:
        thread = threading.Thread(target=self._loudly, args=(work,), name="sandbox-platform", daemon=True)
        # Under a lock, because `stop` cannot join a thread that has not started.
        with self._starting:
            self._threads.add(thread)
            thread.start()

    def _loudly(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  a thread has no caller to raise to
            print("sandbox platform: background work failed", file=sys.stderr)
            traceback.print_exc()
        finally:
            with self._starting:
                self._threads.discard(threading.current_thread())
