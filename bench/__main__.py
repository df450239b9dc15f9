"""`make bench`: run every measure, print the table, write bench/results.json."""

import asyncio
import os
import sys

from bench.creates import measure_creates
from bench.measure import show
from bench.recovery import measure_recovery


async def main() -> None:
    """Run them in turn: two cores are no place for two benches at once."""
    show([*await measure_creates(), *await measure_recovery()])


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # Some processes that used the SDK abort while the interpreter shuts down (temporalio/sdk-python#300).
    os._exit(0)
