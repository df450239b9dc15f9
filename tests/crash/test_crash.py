"""Workers killed repeatedly, the server killed once, the clouds unreachable once: nothing lost, nothing twice."""

import pytest

from bench.crash import crash
from scripts.breakable import BreakableStage
from tests.support.hasty_worker import HASTY_WORKER

pytestmark = pytest.mark.chaos

SAGAS = 10
KILLS = 4


async def test_no_crash_loses_a_saga_or_makes_a_thing_twice() -> None:
    """Every create ends complete, with exactly one of everything in the books, and its delete leaves nothing."""
    async with BreakableStage(100, worker=HASTY_WORKER) as stage:
        crashed = await crash(stage, [f"crash-{number}" for number in range(SAGAS)], between_kills=2, kills=KILLS)
    assert () == crashed.failures
    assert (0, 0, 0) == (crashed.duplicates, crashed.missing, crashed.orphans)
    assert KILLS == crashed.kills
    assert crashed.hit
