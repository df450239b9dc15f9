"""The fault matrix in numbers: every step under every fault, as `make fault-matrix` runs it."""

import asyncio
import json
import sys

from bench.measure import Measure


async def measure_matrix() -> list[Measure]:
    """Run the whole matrix in a separate process, which has its own deadlines."""
    matrix = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos", "--json", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await matrix.communicate()
    if matrix.returncode not in {0, 1}:
        raise RuntimeError(f"running the fault matrix: it ended with {matrix.returncode}; its last words are above")
    ran = json.loads(out.decode().splitlines()[-1])
    return [
        Measure("matrix_cells", len(ran["outcomes"]), None, "cells: a step with a fault"),
        Measure("matrix_broken_laws", len(ran["broken"]), 0, "cells in which a law of the books broke"),
        Measure("matrix_changed", len(ran["changed"]), 0, "cells that end otherwise than docs/fault-matrix.md says"),
        Measure("matrix_orphans", ran["orphans"], 0, "things left where nothing of ours may be"),
        Measure("matrix_duplicates", ran["duplicates"], 0, "things beyond one of each"),
        Measure("matrix_strangers_touched", len(ran["touched"]), 0, "things of others that are not as they were"),
        Measure("matrix_seconds", ran["seconds"], 600, "s"),
    ]
