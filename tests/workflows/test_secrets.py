"""No secret is anywhere that a person or a database can read; every other test here is scanned at its end too."""

import asyncio
import base64
import json
import logging
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError

from privatelink.errors import InvalidRequest, from_failure
from privatelink.model.names import TASK_QUEUE, Link
from scripts.temporal_server import TemporalServer
from tests.support.histories import readable_text
from tests.support.judged_cli import run
from tests.support.laws import NOTHING
from tests.support.requests import SECRET, full_request, request_json
from tests.support.secrets import SecretsWatch
from tests.support.world import World

LINK = "w41b11c0/of-secrets"
"""A name of its own: of one that ran before in another account, Temporal remembers where it is."""


@pytest.fixture
def _address(server: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)


@pytest.mark.usefixtures("_address")
async def test_no_secret_can_be_read_in_the_life_of_a_link_by_an_assumed_role(
    world: World,
    secrets_watch: SecretsWatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the CLI: a create whose connector fails with the password in the database's error, a create, a delete.

    The scan covers histories, logs, query answers, errors and all output.
    """
    seed = world.sandbox.seed
    network = seed["accounts"]["310987654321"]["networks"]["us-east-1"]
    request = full_request(
        world.sandbox,
        LINK.partition("/")[2],
        aws={"region": "us-east-1", "role_arn": seed["role_arn"], "external_id": seed["external_id"]},
        subnets=[network["subnets"]["use1-az1"]["id"], network["subnets"]["use1-az2"]["id"]],
        listeners=[{"port": 3306, "targets": [network["targets"][0]["address"]]}],
    )
    file = tmp_path / "orders-db.json"
    file.write_text(request.model_dump_json())
    codes, shown = [], []

    async def command(*arguments: str) -> None:
        codes.append(await asyncio.to_thread(run, arguments))
        output = capsys.readouterr()
        shown.extend([output.out, output.err])

    world.sandbox.fault("POST /connectors_probe", "failed", times=None)
    await command("create", "-f", str(file))
    failed = await world.links.status(LINK)
    await command("status", LINK)
    world.sandbox.clear_faults()
    await command("create", "-f", str(file), "--output", "json")
    running = await world.links.status(LINK)
    await command("delete", LINK)

    assert codes == [3, 0, 0, 0]
    assert world.sandbox.books() == NOTHING
    assert failed.error is not None
    assert "failed by the fault plan, given" in failed.error.message
    assert "******" in failed.error.message
    assert {name for name in secrets_watch.secrets if name.startswith("session token")}
    answers = f"{failed.model_dump_json()} {running.model_dump_json()}"
    assert await secrets_watch.found(world, answers=answers, output="\n".join(shown)) == []


async def test_the_scan_finds_a_secret_wherever_it_stands(world: World, secrets_watch: SecretsWatch) -> None:
    """In a log's extra field, in a payload that Temporal's JSON holds in base64, in an error's details."""
    request = full_request(world.sandbox, tags={"team": "in the clear"})
    await world.links.create(request)
    history = await world.handle(str(request.link)).fetch_history()
    text = "\n".join(readable_text(event) for event in history.events)
    assert "in the clear" in text
    assert "in the clear" not in history.to_json()
    logger = logging.getLogger("a library")
    logger.info("a record", extra={"headers": {"Authorization": "in the clear too"}})
    assert "in the clear too" in secrets_watch.logged
    assert secrets_watch.found_in(text=f"a {SECRET} b") == ["the connector's password in text"]
    env = world.sandbox.env
    pair = f"{env['EMQXCLOUD_PLATFORM_API_KEY']}:{env['EMQXCLOUD_PLATFORM_API_SECRET']}"
    header = json.dumps({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})
    assert secrets_watch.found_in(header=header) == ["the Authorization header of the platform API in header"]


async def test_a_secret_that_another_program_sent_stands_in_what_it_sent_and_nowhere_else(world: World) -> None:
    """The run fails at once, nothing is made, and the failure says that the secret is to be changed."""
    value = "sent-in-the-clear"
    parameters = {"url": "http://{address}:3306", "headers": {"x-api-key": value}}
    request = request_json(world.sandbox, connector={"type": "http", "name": "a", "parameters": parameters})
    handle = await world.client.start_workflow(
        "CreatePrivateLink", request, id=Link.parse(LINK).workflow_id, task_queue=TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    error = from_failure(failed.value)
    assert isinstance(error, InvalidRequest)
    assert "change that secret, because Temporal's history holds the request" in error.details_model.next_step
    history = await handle.fetch_history()
    assert [value in readable_text(event) for event in history.events] == [True] + [False] * (len(history.events) - 1)
    assert world.sandbox.books() == NOTHING
