"""A fleet as an operator applies it: the plan, the links, the exit code of the worst, and pruning that asks first."""

import asyncio
import json
from pathlib import Path

import pytest

from scripts.temporal_server import TemporalServer
from tests.support.judged_cli import run
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
    # A deployment that no other test has: a pruning takes what Temporal remembers of its links.
    first, second = (request_json(world.sandbox, name, deployment="w41b11c2") for name in ("e2e-first", "e2e-second"))
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
    assert "not in the file: w41b11c2/e2e-second" in out.splitlines()

    code, _, err = await apply("--prune")
    assert code == 2
    assert "add --yes" in err
    assert len(world.sandbox.books()["platform"]["w41b11c2"]) == 2

    code, _, _ = await apply("--prune", "--yes")
    assert code == 0
    assert len(world.sandbox.books()["platform"]["w41b11c2"]) == 1


BAD_FLEET = """\
defaults: {deployment: w41b11c0, aws: {region: us-east-1}, subnets: [subnet-0a1b2c3d]}
links:
  - {name: a, listeners: [{port: 3306, targets: [10.0.1.15]}], colour: red}
  - {name: b, listeners: [{port: 3306, targets: [10.0.1.15]}, {port: 3306, targets: [10.0.1.16]}]}
  - {name: c, listeners: [{port: 3306, targets: [10.0.1.15]}]}
  - {name: c, listeners: [{port: 3307, targets: [10.0.1.15]}]}
"""


def test_a_bad_fleet_tells_every_fault_at_its_line_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown field, a port twice, a link twice, no link at all; in one file or in a folder."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    faulty, empty = tmp_path / "faulty.yaml", tmp_path / "nothing.yaml"
    faulty.write_text(BAD_FLEET)
    empty.write_text("links: []\n")
    lines = {f"{faulty}, line {number}" for number in (3, 4, 6)}
    for path, expected in ((faulty, lines), (empty, {f"{empty}, line 1"}), (tmp_path, {*lines, f"{empty}, line 1"})):
        assert run(["apply", "-f", str(path), "--output", "json"]) == 2
        error = json.loads(capsys.readouterr().out)["error"]
        assert {one["resource"] for one in error["findings"]} == expected
