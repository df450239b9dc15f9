"""The two sides of the throughput bench do the same work, and the replay bench replays."""

import shutil
from pathlib import Path

import pytest

from bench import replays
from bench.sides import bare_side, our_side
from runtime.sizes import USUAL
from scripts.temporal_server import TemporalServer


async def test_a_create_by_stand_ins_ends_well_and_has_the_activities_of_the_bare_workflow(
    server: TemporalServer,
) -> None:
    """Else the bench would compare sagas that failed, or that do more or less than their rival."""
    async with our_side(server, USUAL) as ours, bare_side(server, USUAL) as bare:
        assert (await ours.history())["activities"] == (await bare.history())["activities"]


async def test_a_saga_that_is_made_to_wait_waits(server: TemporalServer) -> None:
    """The memory is measured while all sagas are in this wait."""
    async with our_side(server, USUAL, waits=True) as ours:
        await ours.let_wait(1)


async def test_the_replay_bench_replays_a_stored_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the workflow ID that it was recorded with."""
    shutil.copy(replays.HISTORIES / "created.json", tmp_path)
    monkeypatch.setattr(replays, "HISTORIES", tmp_path)
    counted = {one.name: one.value for one in await replays.measure_replays()}
    assert counted["replayed_histories"] == 1
