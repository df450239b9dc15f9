"""A fleet as an operator applies it: the plan, the links, the exit code of the worst, and pruning that asks first."""

import asyncio
import json
from pathlib import Path

import pytest

from privatelink.cli import run
from scripts.temporal_server import TemporalServer
from tests.support.laws import NOTHING
from tests.support.requests import request_json
from tests.support.world import World


@pytest.fixture(autouse=True)
def _address(server: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)


async def test_a_fleet_from_its_plan_to_its_pruning(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan makes nothing; a refused link makes the exit code 2 and stops no other; nobody prunes without a yes."""
    first, second = request_json(world.sandbox, "e2e-first"), request_json(world.sandbox, "e2e-second")
    unknown = request_json(world.sandbox, "e2e-third", deployment="wunknown")
    file = tmp_path / "fleet.json"
    file.write_text(json.dumps({"links": [first, second, unknown]}))

    async def apply(*options: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, ["apply", "-f", str(file), *options])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    code, out, _ = await apply("--plan")
    # Temporal remembers the links of other tests too, so the numbers of what is not in the file are not ours.
    assert (0, True) == (code, out.splitlines()[-1].startswith("plan: 3 create"))
    assert NOTHING == world.sandbox.books()

    code, out, _ = await apply("--output", "json")
    assert (2, ["done", "done", "refused"]) == (code, [one["ending"] for one in json.loads(out)["links"]])

    file.write_text(json.dumps({"links": [first]}))
    code, out, _ = await apply()
    assert (0, "1 unchanged") == (code, out.splitlines()[-1])
    assert "not in the file: w41b11c0/e2e-second" in out.splitlines()

    code, _, err = await apply("--prune")
    assert code == 2
    assert "add --yes" in err
    assert len(world.sandbox.books()["platform"]["w41b11c0"]) == 2

    code, _, _ = await apply("--prune", "--yes")
    assert code == 0
    assert len(world.sandbox.books()["platform"]["w41b11c0"]) == 1


def test_a_bad_fleet_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every fault is told before Temporal is asked anything: the address here leads nowhere."""
    file = tmp_path / "fleet.yaml"
    file.write_text("links:\n  - name: a\n    colour: red\n")
    assert run(["apply", "-f", str(file), "--output", "json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert f"{file}, line 3" in [one["concerns"] for one in error["findings"]]
