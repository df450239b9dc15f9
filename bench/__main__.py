"""`make bench`: measure, print the table, write bench/results.json.

`python -m bench` measures everything in turn; `python -m bench creates`, for example, measures one thing.
"""

import argparse
import asyncio
import os
import sys

from bench.cluster import measure_cluster
from bench.creates import measure_creates
from bench.crowd import measure_crowd
from bench.interleavings import measure_interleavings
from bench.matrix import measure_matrix
from bench.measure import show
from bench.people import measure_people
from bench.recovery import measure_recovery
from bench.replays import measure_replays
from bench.rivals import measure_rivals
from bench.simulation import measure_simulation
from bench.throughput import measure_throughput

MEASURES = {
    "creates": measure_creates,
    "people": measure_people,
    "rivals": measure_rivals,
    "throughput": measure_throughput,
    "crowd": measure_crowd,
    "recovery": measure_recovery,
    "matrix": measure_matrix,
    "interleavings": measure_interleavings,
    "replays": measure_replays,
    "cluster": measure_cluster,
    "simulation": measure_simulation,
}


async def main() -> None:
    """Run one measure after another: two cores are too few for two benches at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help=f"of {', '.join(MEASURES)}; all of them when none is named")
    asked = parser.parse_args().what
    if unknown := [what for what in asked if what not in MEASURES]:
        parser.error(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    for what in asked or MEASURES:
        show(await MEASURES[what]())


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # Some processes that used the SDK abort while the interpreter shuts down (temporalio/sdk-python#300).
    os._exit(0)
