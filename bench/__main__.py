"""`make bench`: measure, print the table, write bench/results.json.

`python -m bench` measures creates; `python -m bench recovery` measures crashes, at real durations and for longer.
"""

import argparse
import asyncio
import os
import sys

from bench.creates import measure_creates
from bench.measure import show
from bench.recovery import measure_recovery

MEASURES = {"creates": measure_creates, "recovery": measure_recovery}


async def main() -> None:
    """Run one measure: two cores are no place for two benches at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=MEASURES, default="creates")
    show(await MEASURES[parser.parse_args().what]())


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # Some processes that used the SDK abort while the interpreter shuts down (temporalio/sdk-python#300).
    os._exit(0)
