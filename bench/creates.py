"""What one create costs: wall time relative to the sandbox's own latencies, history, billed actions, calls."""

import time
from collections import Counter
from statistics import median
from typing import Any

import httpx
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

from bench.links import link_request
from bench.measure import Measure
from privatelink import PrivateLinks
from privatelink.temporal.payloads import DATA_CONVERTER
from sandbox.emqx.lifecycle import LOOK_MOVING
from scripts.stage import Stage, stage

SPEED = 3.0
"""Speed of the clouds' clock. A create takes about two minutes, and our own milliseconds count three times."""

RUNS = 3

# What Temporal bills, besides each retry of an activity ("Actions" in its Cloud documentation).
_BILLED = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
}


async def measure_creates() -> list[Measure]:
    """Run creates one after another, and one more with every waiting time doubled."""
    async with stage(SPEED) as running:
        client = await Client.connect(
            running.temporal.address, namespace=running.temporal.namespace, data_converter=DATA_CONVERTER
        )
        bench = _Creates(running, client)
        ratios, costs = [], []
        for _ in range(RUNS):
            ratios.append(await bench.create())
            costs.append(await bench.cost())
        # The maximum of all runs: two steps that happen to end together share a workflow task, which saves 3 events.
        history, actions = (max(values) for values in zip(*costs, strict=True))
        calls = await bench.calls()
        await bench.double_the_durations()
        await bench.create()
        slow_history, slow_actions = await bench.cost()
    return [
        Measure("create_wall_over_longest_chain", median(ratios), 1.05, f"ratio, median of {RUNS}"),
        Measure("history_events_per_create", history, 110, f"events, the most of {RUNS}"),
        Measure("history_events_at_twice_the_waiting", slow_history, history, "events"),
        Measure("actions_per_create", actions, 40, f"billed actions, the most of {RUNS}"),
        Measure("actions_at_twice_the_waiting", slow_actions, None, "billed actions"),
        *(Measure(f"calls {operation}", count, None, "calls a create") for operation, count in sorted(calls.items())),
    ]


class _Creates:
    def __init__(self, running: Stage, client: Client) -> None:
        self._http = httpx.AsyncClient(base_url=f"{running.sandbox['endpoint']}/sandbox")
        self._links = PrivateLinks(client)
        self._client = client
        self._request = link_request(running.sandbox["seed"], "bench")
        self._handle: WorkflowHandle[Any, Any] | None = None
        self._calls: list[dict[str, Any]] = []

    async def create(self) -> float:
        """Create and delete the link; return the create's wall time over the sandbox's longest chain of latencies."""
        await self._http.delete("/calls")
        began = time.monotonic()
        saga = await self._links.start_create(self._request)
        await saga.result()
        wall = time.monotonic() - began
        self._handle = saga.handle
        self._calls = (await self._http.get("/calls")).json()
        await self._links.delete(self._request)
        return wall / (longest_chain((await self._http.get("/durations")).json()) / SPEED)

    async def cost(self) -> tuple[int, int]:
        """History events and billed actions of the last create."""
        assert self._handle is not None  # noqa: S101 - create has run
        events = [event async for event in self._handle.fetch_history_events()]
        retries = sum(max(0, event.activity_task_started_event_attributes.attempt - 1) for event in events)
        return len(events), retries + sum(event.event_type in _BILLED for event in events)

    async def calls(self) -> Counter[str]:
        """Calls of the last create, by operation, without the platform's own calls to AWS."""
        return Counter(
            f"{call['service']} {call['action']}" for call in self._calls if call["account"] != "111122223333"
        )

    async def double_the_durations(self) -> None:
        """Make everything take twice as long from now on."""
        durations = (await self._http.get("/durations")).json()
        (
            await self._http.put("/durations", json={name: 2 * value for name, value in durations.items()})
        ).raise_for_status()


def longest_chain(durations: dict[str, float]) -> float:
    """The longest dependent chain of latencies of a create, in the sandbox's seconds.

    The sandbox's platform polls AWS too. On average it sees half an interval late that a connection is available.
    """
    offered = (
        durations["load_balancer_active"] + durations["endpoint_service_available"] + durations["platform_endpoint"]
    )
    accepted = max(offered, durations["target_healthy"])
    return (
        accepted
        + durations["connection_available"]
        + LOOK_MOVING / 2
        + durations["platform_running"]
        + durations["platform_address"]
        + durations["connector_connected"]
    )
