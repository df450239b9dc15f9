"""What a crowd costs: 500 concurrent creates under AWS's documented throttling, compared with a single create.

The sandbox throttles each EC2 action and ELB's reads by AWS's published buckets. AWS publishes none for ELB's writes;
there our own budget's bucket counts. The platform's limits are lifted for the 500, which would take 83 hours at 6
writes an hour. A smaller crowd runs against those limits, on a faster clock.
"""

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench.crash import crash_request, insist
from bench.measure import Measure
from bench.scale_model import ENDPOINTS, PLATFORM, PLATFORM_LIMITS, Fleet
from clouds.aws.budgets import Bucket
from privatelink import PrivateLinkRequest, PrivateLinks
from scripts.breakable import BreakableStage
from workflows.saga.deadlines import Deadlines

SPEED = 4.0
"""Speed of the clouds' clock. A create's waits take 100 s, in which two cores can do the work of 500 sagas. At 5 both
cores are 93 % busy, and the bench measures the machine."""

CROWD = 500

AS_SHIPPED = {f"PRIVATELINK_DEADLINE_{name.upper()}": f"{seconds:g}" for name, seconds in Deadlines()}
"""Default deadlines, as a worker's settings. A stage's own deadlines allow for crashes; a saga in a crowd must not need
more time than a user's worker gives it."""

WORKERS = (1, 2, 4)
"""Numbers of workers that share one queue, each in a run of its own."""

SHARING = 60
"""Number of concurrent creates in those runs."""

QUEUING = 18
"""Number of concurrent creates at the platform's documented limits: three hours' worth."""

QUEUING_SPEED = 100.0

CONSUMER = "111122223333"
"""EMQX's AWS account, in which the platform makes its VPC endpoints."""

REFUSED = frozenset({"RequestLimitExceeded", "ThrottlingException"})
"""Error codes of AWS's EC2 and load balancing for a throttled call."""

LIMITS = Fleet(CROWD).limits
"""Limits that docs/scale.md calculates with, by name: one account on either side, one key."""


@dataclass(frozen=True)
class Crowd:
    """One run: when each create was complete, the errors of those that failed, and all calls.

    `seconds` count from the first start, on the cloud's clock, in the order of the starts.
    """

    seconds: list[float]
    failures: list[BaseException]
    calls: list[dict[str, Any]]

    @property
    def reads_per_saga(self) -> float:
        """Reads per saga by our own workers: at AWS, at the platform and at the deployments' APIs."""
        return sum(1 for call in self._ours if call["read"]) / (len(self.seconds) + len(self.failures))

    @property
    def throttled(self) -> int:
        """Number of our calls that a cloud throttled."""
        return sum(_is_throttled(call) for call in self._ours)

    @property
    def throttled_there(self) -> int:
        """Number of EMQX's own calls that AWS throttled."""
        return sum(_is_throttled(call) for call in self.calls) - self.throttled

    @property
    def _ours(self) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["account"] != CONSUMER]

    def bucket_seconds(self) -> dict[str, float]:
        """Seconds that the calls of each bucket take because of that bucket alone."""
        writes = [call for call in self.calls if not call["read"] and not _is_throttled(call)]
        made = Counter(call["action"] for call in writes)
        elb = sum(1 for call in writes if call["service"] == "elasticloadbalancing")
        calls = {
            Bucket.SERVICE_CREATE.words: made["CreateVpcEndpointServiceConfiguration"],
            Bucket.CONNECTION_ACCEPT.words: made["AcceptVpcEndpointConnections"],
            Bucket.ELB_WRITE.words: elb,
            ENDPOINTS: made["CreateVpcEndpoint"],
        }
        return {name: LIMITS[name].queue(number) for name, number in calls.items()}


async def measure_crowd() -> list[Measure]:
    """Run one create alone, then the crowd on one worker; smaller ones on several, and at the platform's limits."""
    return [*await _measure_crowd(), *await _measure_workers(), *await _measure_platform()]


async def _measure_crowd() -> list[Measure]:
    async with BreakableStage(SPEED, settings=AS_SHIPPED) as stage:
        alone = await run_crowd(stage, 1)
    async with BreakableStage(SPEED, settings=AS_SHIPPED) as stage:
        crowd = await run_crowd(stage, CROWD)
    buckets = crowd.bucket_seconds()
    tightest = max(buckets, key=lambda name: buckets[name])
    dictated = alone.seconds[0] + buckets[tightest]
    # Equal sagas start one after another: compare each with the time that its own place in the queue dictates.
    ratios = sorted(
        seconds / (alone.seconds[0] + buckets[tightest] * place / CROWD)
        for place, seconds in enumerate(crowd.seconds, start=1)
    )
    return [
        Measure("reads_alone", alone.reads_per_saga, None, "reads of AWS, platform and deployment"),
        Measure(f"reads_of_{CROWD}", crowd.reads_per_saga, None, "reads a saga"),
        Measure("read_calls_500_over_1", crowd.reads_per_saga / alone.reads_per_saga, 0.05, "ratio"),
        Measure("throttled_500_failed", len(crowd.failures), 0, "sagas"),
        Measure("throttled_500_calls_refused", crowd.throttled, None, "calls of ours that AWS throttled"),
        Measure(
            "throttled_500_calls_refused_there",
            crowd.throttled_there,
            1,
            "calls of EMQX's that AWS throttled: it does throttle",
            more_is_better=True,
        ),
        Measure(
            "throttled_500_over_bucket_time",
            max(crowd.seconds) / dictated,
            1.1,
            f"ratio to {dictated:.0f} s: one create alone, and its bucket ({tightest})",
        ),
        Measure("throttled_500_p99_over_p50", _at(ratios, 0.99) / _at(ratios, 0.5), 1.5, "ratio, by place"),
    ]


async def _measure_workers() -> list[Measure]:
    reads = {}
    for workers in WORKERS:
        async with BreakableStage(SPEED) as stage:
            reads[workers] = (await run_crowd(stage, SHARING, workers=workers)).reads_per_saga
    return [
        Measure(f"reads_by_{workers}_workers_over_1", reads[workers] / reads[1], None, f"ratio, {SHARING} creates")
        for workers in WORKERS[1:]
    ]


async def _measure_platform() -> list[Measure]:
    writes = PLATFORM_LIMITS.writes_per_hour
    limits = {"writes_per_hour": writes, "reads_per_hour": PLATFORM_LIMITS.reads_per_hour}
    settings = {f"PRIVATELINK_PLATFORM_{name.upper()}": str(number) for name, number in limits.items()}
    async with BreakableStage(QUEUING_SPEED, settings=settings) as stage:
        alone = await run_crowd(stage, 1)
    async with BreakableStage(QUEUING_SPEED, settings=settings) as stage:
        await stage.control("PUT", "/quirks", limits)
        crowd = await run_crowd(stage, QUEUING)
    dictated = alone.seconds[0] + LIMITS[PLATFORM].queue(QUEUING)
    return [
        Measure("platform_limited_failed", len(crowd.failures), 0, f"of {QUEUING} sagas"),
        Measure(
            "platform_limited_over_bucket_time",
            max(crowd.seconds) / dictated,
            1.1,
            f"ratio to {dictated:.0f} s: {QUEUING} creates at {writes} writes an hour",
        ),
    ]


def _is_throttled(call: dict[str, Any]) -> bool:
    return call["status"] == 429 or call["code"] in REFUSED  # noqa: PLR2004 - the platform's HTTP status


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def run_crowd(stage: BreakableStage, number: int, *, workers: int = 1) -> Crowd:
    """Create `number` links at once on `workers` workers."""
    for worker in range(workers):
        await stage.start_worker(f"worker-{worker}")
        await stage.new_identity()
    await stage.control("PUT", "/quotas", {"request_rates": True})
    await stage.control("DELETE", "/calls")
    links = PrivateLinks(stage.client)
    ended = await asyncio.gather(
        *(insist(links.create, crowd_request(stage, f"crowd-{one}")) for one in range(number)), return_exceptions=True
    )
    failures = [error for error in ended if isinstance(error, BaseException)]
    for error in failures:
        print(f"failed: {error!r}", file=sys.stderr)
    runs = [one async for one in stage.client.list_workflows("WorkflowType = 'CreatePrivateLink'")]
    runs.sort(key=lambda run: run.start_time)
    began = runs[0].start_time
    seconds = [
        (run.close_time - began).total_seconds() * stage.speed
        for run in runs
        if run.close_time and run.status and run.status.name == "COMPLETED"
    ]
    return Crowd(seconds, failures, await stage.control("GET", "/calls"))


def crowd_request(stage: BreakableStage, name: str) -> PrivateLinkRequest:
    """A link with one listener and a connector, in subnets that have room for a crowd."""
    subnets = stage.ready["seed"]["subnets"]
    return crash_request(stage, name).model_copy(
        update={"subnets": (subnets["use1-az1-large"], subnets["use1-az2-large"])}
    )
