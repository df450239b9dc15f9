"""The product on a real Temporal cluster: creates a second, compared with a dev server, and what killed servers cost.

`python -m bench.cluster` runs a cluster in the foreground, for your own tests and workers. It prints the
`TEMPORAL_ADDRESS` to run them with, and ends with Ctrl-C.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
import time
from dataclasses import dataclass

from bench.crash import crash, crash_request
from bench.measure import Measure
from bench.postgres import NoPostgresError
from bench.temporal_cluster import NODES, TemporalCluster
from bench.temporal_programs import NoClusterError
from privatelink import PrivateLinks
from scripts.breakable import BreakableStage
from scripts.ending import end

AT_ONCE = 50
"""Number of concurrent creates in the throughput run.

It is below the 60 look-ups of a deployment that the platform answers in an hour, the one limit that the sandbox never
lifts.
"""

SPEED = 50.0
"""Speed of the clouds' clock. All their waits together take seconds, so the bench measures work."""

CRASHED = 30
"""Number of sagas in flight while workers and servers are killed."""

KILLS = 6
"""Number of workers killed during the creates, and again during the deletes. Both servers die after the second."""


async def measure_cluster() -> list[Measure]:
    """Count creates a second on a dev server and on the cluster, then kill both of the cluster's servers during a run.

    Raises NoPostgresError or NoClusterError, with what to install.
    """
    async with BreakableStage(SPEED) as stage:
        dev_server = await throughput(stage)
    async with ClusterStage(SPEED) as stage:
        cluster = await throughput(stage)
    async with ClusterStage(SPEED) as stage:
        crashed = await crash(stage, [f"crash-{number}" for number in range(CRASHED)], between_kills=2, kills=KILLS)
    ratio = cluster.creates_per_second / dev_server.creates_per_second
    at_once = f"creates/s, {AT_ONCE} at once, one worker"
    return [
        Measure("creates_per_second_dev_server", dev_server.creates_per_second, None, at_once),
        Measure("creates_per_second_cluster", cluster.creates_per_second, None, at_once),
        Measure("cluster_over_dev_server", ratio, None, "ratio of creates a second"),
        Measure("worker_seconds_per_create", cluster.worker_seconds_per_create, None, "s of a core"),
        Measure(
            "cluster_crash_lost",
            crashed.lost,
            0,
            f"of {CRASHED} sagas, both servers and {crashed.kills + crashed.kills_in_deletes} workers killed",
        ),
        Measure("cluster_crash_duplicates", crashed.duplicates, 0, "things"),
        Measure("cluster_crash_orphans", crashed.orphans, 0, "things left after every link's delete"),
    ]


class ClusterStage(BreakableStage):
    """A breakable stage on the cluster. All clients connect to its first server; the second one works as much."""

    async def restart_temporal(self) -> None:
        """`kill -9` one server after the other, each while the rest of the cluster runs, and start it again."""
        for node in NODES:
            await self._cluster.kill(node)
            await self._cluster.start(node)
            await self._cluster.answers(node)

    async def _start_temporal(self, *, port: int | None) -> None:
        if port is not None:
            raise NoClusterError(f"starting a Temporal cluster on port {port}: it chooses its own ports")
        self._cluster = await self._temporal.enter_async_context(TemporalCluster())
        self.temporal_address = self._cluster.addresses[NODES[0]]


@dataclass(frozen=True)
class Throughput:
    """Creates a second by one worker, and the processor seconds that the worker used for each."""

    creates_per_second: float
    worker_seconds_per_create: float


async def throughput(stage: BreakableStage) -> Throughput:
    """Run AT_ONCE creates by one worker. The very first create, which warms everything up, is not timed."""
    await stage.start_worker("only")
    await stage.new_identity()
    links = PrivateLinks(stage.client)
    await links.create(crash_request(stage, "warm"))
    began = time.monotonic()
    await asyncio.gather(*(links.create(crash_request(stage, f"counted-{number}")) for number in range(AT_ONCE)))
    seconds = time.monotonic() - began
    # The system reports a program's processor time once it has ended, so this includes its start and the first create.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    await stage.kill_worker("only")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worker = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Throughput(AT_ONCE / seconds, worker / (AT_ONCE + 1))


async def _hold() -> None:
    """Run a cluster until Ctrl-C or SIGTERM, and print its addresses."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with TemporalCluster() as cluster:
        for node in NODES:
            print(f"TEMPORAL_ADDRESS={cluster.addresses[node]}", flush=True)
        await stop.wait()


def main() -> None:
    """Run a cluster in the foreground. Its state is in a folder that is deleted at the end."""
    code = 0
    try:
        asyncio.run(_hold())
    except (NoPostgresError, NoClusterError) as error:
        print(error, file=sys.stderr)
        code = 5
    end(code)


if __name__ == "__main__":
    main()
