"""Whether answers are true: random interleavings of everything that callers, machines, clouds and other people do."""

import asyncio
import json
import sys

from bench.measure import Measure

DRAWN = 300


async def measure_interleavings() -> list[Measure]:
    """Draw new ones in a separate process, and read the counts that it prints."""
    drawing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.interleavings", str(DRAWN), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await drawing.communicate()
    if drawing.returncode not in {0, 1}:
        raise RuntimeError(f"drawing interleavings: it ended with {drawing.returncode}; its last words are above")
    ran = json.loads(out.decode().splitlines()[-1])
    return [
        Measure("interleavings_drawn", ran["drawn"], DRAWN, "histories of several links", more_is_better=True),
        Measure("answers_judged", ran["judged"], None, "endings held against the books of all places"),
        Measure("false_endings", len(ran["false_endings"]), 0, "answers that the books contradict"),
        Measure("interleavings_broken", len(ran["broken"]), 0, "histories that hung or broke another law"),
        Measure("interleavings_seconds", ran["seconds"], None, "s"),
    ]
