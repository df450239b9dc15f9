"""The life of a link as an operator lives it: create, list, status, delete, by the CLI."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from scripts.temporal_server import TemporalServer
from tests.support.deadlines import SetDeadlines
from tests.support.judged_cli import run
from tests.support.laws import NOTHING
from tests.support.requests import SECRET, full_request
from tests.support.visibility import listed
from tests.support.world import World

LINK = "w41b11c0/orders-db"


@pytest.fixture(autouse=True)
def _address(server: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)


async def test_the_life_of_a_link(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command ends with 0 and one JSON object; between them the books say the same as the commands."""
    file = tmp_path / "orders-db.json"
    file.write_text(full_request(world.sandbox).model_dump_json())

    async def command(*arguments: str) -> Any:  # noqa: ANN401 - JSON of many shapes
        assert await asyncio.to_thread(run, [*arguments, "--output", "json"]) == 0
        shown = capsys.readouterr()
        assert SECRET not in shown.out + shown.err
        return json.loads(shown.out)

    created = await command("create", "-f", str(file))
    assert created["address"] == world.sandbox.books()["platform"]["w41b11c0"][0]["address"]

    async def running() -> list[str]:
        return [row["link"] for row in (await command("list", "--phase", "running"))["links"] if row["link"] == LINK]

    assert await listed(running, [LINK]) == [LINK]
    status = await command("status", LINK)
    assert (status["phase"], status["result"]["address"]) == ("running", created["address"])
    assert {step["state"] for step in status["progress"]["steps"]} == {"done"}
    deleted = await command("delete", LINK)
    assert deleted["status"] == "deleted"
    assert world.sandbox.books() == NOTHING


async def test_the_doctor_finds_nothing_to_mend_where_a_worker_runs(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Temporal, search attributes and this very worker are there, and the command says so with exit 0."""
    assert await asyncio.to_thread(run, ["check", "--output", "json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(found["name"], found["ok"]) for found in findings] == [
        ("payload key", True),
        ("Temporal", True),
        ("search attributes", True),
        ("worker", True),
    ]
    assert world.client.identity in findings[-1]["message"]


async def test_a_mistyped_link_proposes_the_one_that_temporal_knows(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks, deletes or steers under a mistyped name reads the right one, and exits with 2."""
    file = tmp_path / "orders-db.json"
    file.write_text(full_request(world.sandbox, connector=None).model_dump_json())
    assert await asyncio.to_thread(run, ["create", "-f", str(file)]) == 0
    for verb in (["status"], ["delete"], ["pause", "--reason", "x"]):
        capsys.readouterr()
        assert await asyncio.to_thread(run, [*verb, "w41b11c0/order-db", "--output", "json"]) == 2
        error = json.loads(capsys.readouterr().out)["error"]
        assert (error["type"], LINK in error["next_step"]) == ("LinkUnknown", True)
    assert await asyncio.to_thread(run, ["delete", LINK]) == 0


async def test_a_failed_create_exits_with_3_and_names_the_first_cause(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Failed and rolled back: the error is the clouds' first refusal, and nothing is left."""
    file = tmp_path / "orders-db.json"
    file.write_text(full_request(world.sandbox).model_dump_json())
    world.sandbox.fault("CreateVpcEndpointServiceConfiguration", "access_denied", times=None)
    code = await asyncio.to_thread(run, ["create", "-f", str(file)])
    assert code == 3
    assert "CreateVpcEndpointServiceConfiguration" in capsys.readouterr().err
    assert world.sandbox.books() == NOTHING


async def test_a_rollback_that_cannot_finish_exits_with_4_and_lists_what_is_left(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], set_deadlines: SetDeadlines
) -> None:
    """The list has the load balancer's ARN and AWS's reason; a later delete finishes it."""
    file = tmp_path / "orders-db.json"
    file.write_text(full_request(world.sandbox).model_dump_json())
    world.sandbox.fault("CreateVpcEndpointServiceConfiguration", "access_denied", times=None)
    world.sandbox.fault("DeleteLoadBalancer", "access_denied", times=None)
    set_deadlines(removal=12)
    code = await asyncio.to_thread(run, ["create", "-f", str(file), "--output", "json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["type"], error["outcome"]) == (4, "RollbackIncomplete", "incomplete")
    [account] = world.sandbox.books()["aws"].values()
    arns = {load_balancer["arn"] for load_balancer in account["us-east-1"]["load_balancers"]}
    assert arns <= {left["id"] for left in error["leftovers"]}
    assert "AccessDenied" in json.dumps(error["leftovers"])
    world.sandbox.clear_faults()
    assert await asyncio.to_thread(run, ["delete", "-f", str(file)]) == 0
    assert world.sandbox.books() == NOTHING
