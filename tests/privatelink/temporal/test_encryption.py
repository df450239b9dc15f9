"""Encryption of payloads: unreadable without the key, readable with it, here and through the codec server."""

import asyncio
import base64
import json
import os
import re
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client

from privatelink import PrivateLinks
from privatelink.errors import CloudRefused, NotYet, RequestRefused, TemporalUnreachable
from privatelink.model.fleet import Action, Ending
from privatelink.settings import PAYLOAD_KEY, PayloadKeyError, payload_keys
from privatelink.temporal.codec_server import CodecServer
from privatelink.temporal.connection import connect_to_temporal
from privatelink.temporal.encryption import EncryptionCodec, key_id
from privatelink.temporal.payloads import data_converter
from privatelink.temporal.search_attributes import ensure_search_attributes
from scripts.temporal_server import TemporalServer
from tests.chaos.foreign_clients import ForeignClients, Ids
from tests.support.histories import around_payloads, payloads_of
from tests.support.requests import SECRET, SECRET_VARIABLE, full_request
from tests.support.sandbox import Sandbox
from tests.support.world import World, working_world

KEY, OLD_KEY = bytes(range(32)), bytes(range(1, 33))
LINK = "w41b11c0/orders-db"
UI = "http://localhost:8233"


def text_of(key: bytes) -> str:
    """A key as its variable or file holds it."""
    return base64.b64encode(key).decode()


def a_payload(text: str = "hunter2") -> Payload:
    """A value as it comes from the conversion."""
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode())


async def test_what_is_encrypted_comes_back_and_shows_nothing() -> None:
    """Metadata included; and never the same twice, so that equal values can't be recognised."""
    codec = EncryptionCodec([KEY])
    one, two = await codec.encode([a_payload(), a_payload()])
    assert await codec.decode([one, two]) == [a_payload(), a_payload()]
    assert one.data != two.data
    assert b"hunter2" not in one.SerializeToString()
    assert b"json/plain" not in one.SerializeToString()


async def test_a_key_rotates_without_a_moment_in_which_something_is_unreadable() -> None:
    """The first key encrypts, all decrypt; once the old one is gone, what it encrypted names the setting."""
    [old] = await EncryptionCodec([OLD_KEY]).encode([a_payload()])
    both = EncryptionCodec([KEY, OLD_KEY])
    assert await both.decode([old]) == [a_payload()]
    [new] = await both.encode([a_payload()])
    assert new.metadata["encryption-key-id"].decode() == key_id(KEY)
    with pytest.raises(PayloadKeyError, match=PAYLOAD_KEY):
        await EncryptionCodec([KEY]).decode([old])


async def test_what_was_never_encrypted_passes() -> None:
    """A saga that began before encryption was turned on goes on."""
    assert await EncryptionCodec([KEY]).decode([a_payload()]) == [a_payload()]


async def test_a_changed_payload_is_refused() -> None:
    """Every bit is authenticated, the id of the key too."""
    codec = EncryptionCodec([KEY, OLD_KEY])
    [payload] = await codec.encode([a_payload()])
    for changed in (payload.data[:-1] + bytes([payload.data[-1] ^ 1]), b"\0" + payload.data[1:], b"short"):
        with pytest.raises(PayloadKeyError, match="is not what the key"):
            await codec.decode([Payload(metadata=payload.metadata, data=changed)])
    other = {**payload.metadata, "encryption-key-id": key_id(OLD_KEY).encode()}
    with pytest.raises(PayloadKeyError, match="is not what the key"):
        await codec.decode([Payload(metadata=other, data=payload.data)])


BAD = {
    "the key itself": (text_of(KEY), "never the key itself"),
    "an unknown kind": ("vault:payload", "env:NAME or file:PATH"),
    "no name": ("env:", "env:NAME or file:PATH"),
    "a trailing comma": ("env:GOOD,", "env:NAME or file:PATH"),
    "a variable that is not set": ("env:NOT_THERE", "NOT_THERE, which is not set"),
    "a file that is not there": ("file:/not/there", "/not/there: No such file"),
    "a key too short": ("env:SHORT", "SHORT holds 16 bytes instead of 32"),
    "no base64": ("env:WORDS", "WORDS holds is not base64"),
    "a second key that is bad": ("env:GOOD,env:SHORT", "SHORT holds 16 bytes"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_setting_is_a_sentence_that_names_it_and_not_the_key(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets it as an error of ours, before anything is sent."""
    setting, expected = BAD[case]
    held = {"GOOD": text_of(KEY), "SHORT": text_of(KEY[:16]), "WORDS": "correct horse battery staple!"}
    for name, value in held.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(PAYLOAD_KEY, setting)
    with pytest.raises(TemporalUnreachable) as caught:
        await connect_to_temporal()
    assert expected in caught.value.message
    assert PAYLOAD_KEY in caught.value.message
    assert not [secret for secret in held.values() if secret in caught.value.message]


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    """As a mounted secret does, with the line's end that an editor leaves."""
    file = tmp_path / "key"
    file.write_text(text_of(KEY) + "\n")
    assert payload_keys({PAYLOAD_KEY: f"file:{file}, env:OLD", "OLD": text_of(OLD_KEY)}) == (KEY, OLD_KEY)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(PayloadKeyError, match="does not hold base64"):
        payload_keys({PAYLOAD_KEY: f"file:{file}"})


def test_without_the_library_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that encrypts nothing needs no library for it."""
    monkeypatch.setenv(PAYLOAD_KEY, "env:KEY")
    monkeypatch.setitem(sys.modules, "privatelink.temporal.encryption", None)
    with pytest.raises(PayloadKeyError, match=r"privatelink\[encryption\]"):
        data_converter()


@asynccontextmanager
async def encrypting_world(sandbox: Sandbox, client: Client) -> AsyncIterator[World]:
    """The world of a worker and a client with the key of the environment."""
    await ensure_search_attributes(client)
    async with working_world(sandbox, client) as world:
        yield world


@pytest.fixture
async def encrypting(server: TemporalServer, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A client and a worker that encrypt, by the setting alone."""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    monkeypatch.setenv("THE_KEY", text_of(KEY))
    monkeypatch.setenv(PAYLOAD_KEY, "env:THE_KEY")
    async with encrypting_world(sandbox, await connect_to_temporal(server.address, server.namespace)) as world:
        yield world


@pytest.fixture
def codec_server() -> Iterator[str]:
    """A codec server with the key, as it runs beside the UI."""
    with CodecServer(("127.0.0.1", 0), EncryptionCodec([KEY]), UI) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def leaves(value: object) -> Iterator[str]:
    """Every text and number of a request."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


async def test_no_field_of_a_request_can_be_read_without_the_key(encrypting: World, codec_server: str) -> None:
    """Every payload of a create's and a delete's history is encrypted; what is around them is what the docs name.

    Through the codec server, by HTTP as the UI asks it, all of the request is there again.
    """
    request = full_request(encrypting.sandbox, "a-link", tags={"team": "night-shift"})
    link = str(request.link)
    await encrypting.links.create(request)
    created = await encrypting.handle(link).fetch_history()
    await encrypting.links.delete(link)
    deleted = await encrypting.handle(link).fetch_history()

    for history in (created, deleted):
        found = [(path, one) for event in history.events for path, one in payloads_of(event)]
        clear = {path for path, one in found if one.metadata["encoding"] != b"binary/encrypted" and not _of_core(one)}
        assert [path for path in clear if "search_attributes" not in path] == []
    named_by_docs = {request.name, request.deployment, request.aws.region, "3306", "3307"}
    around = around_payloads(created.events)
    asked = set(leaves(request.model_dump(mode="json"))) - named_by_docs
    assert {"night-shift", "10.0.1.15", request.subnets[0]} <= asked
    assert [leaf for leaf in asked if re.search(rf"\b{re.escape(leaf)}\b", around)] == []

    sent = created.events[0].workflow_execution_started_event_attributes.input
    async with httpx.AsyncClient(base_url=codec_server, headers={"Origin": UI}) as ui:
        answer = await ui.post("/decode", json=json_format.MessageToDict(sent))
    assert answer.headers["Access-Control-Allow-Origin"] == UI
    [read] = json_format.Parse(answer.text, Payloads()).payloads
    assert json.loads(read.data) == request.model_dump(mode="json")


def _of_core(payload: Payload) -> bool:
    """What Temporal's core notes of a local activity beside its result: times, numbers, the activity's name."""
    noted = json.loads(payload.data) if payload.metadata["encoding"] == b"json/plain" else None
    return isinstance(noted, dict) and noted.get("activity_type") == "notify" and "activation_index" in noted


async def test_no_error_can_be_read_without_the_key(encrypting: World) -> None:
    """Messages and stack traces are encrypted too; with the key the error is the same as ever."""
    request = full_request(encrypting.sandbox)

    async def fail() -> None:
        raise CloudRefused("the quokka refused", resource="quokka-1")

    encrypting.faults.at(request.link.workflow_id, "create-load-balancer", "before", fail)
    with pytest.raises(CloudRefused, match="the quokka refused"):
        await encrypting.links.create(request)
    history = await encrypting.handle(LINK).fetch_history()
    around = around_payloads(history.events)
    assert "quokka" not in around
    assert "Traceback" not in around
    assert "File " not in around
    status = await encrypting.links.status(LINK)
    assert status.error is not None
    assert "the quokka refused" in status.error.message


async def test_no_fleet_can_be_read_without_the_key(encrypting: World) -> None:
    """Its part, its steps and how its links ended are encrypted like a saga; with the key the answers are the same."""
    request = full_request(encrypting.sandbox, "a-link", tags={"team": "night-shift"})
    run = await encrypting.links.start_apply([request])
    [ended] = (await run.result()).links
    assert ended.address == (await encrypting.links.create(request)).address
    assert (await encrypting.links.plan_fleet([request])).links[0].action is Action.UNCHANGED
    progress = await run.progress()
    assert progress is not None
    assert progress.endings == {Ending.DONE: 1}
    history = await encrypting.client.get_workflow_handle(run.started.workflow_ids[0]).fetch_history()
    found = [(path, one) for event in history.events for path, one in payloads_of(event)]
    assert [path for path, one in found if one.metadata["encoding"] != b"binary/encrypted"] == []
    around = around_payloads(history.events)
    assert [word for word in ("night-shift", "10.0.1.15", ended.address, request.subnets[0]) if word in around] == []


async def test_status_shows_what_an_encrypted_step_waits_for(encrypting: World) -> None:
    """The last word of a step that is being tried again is decrypted for whoever has the key."""
    request = full_request(encrypting.sandbox)
    mended = False

    async def wait() -> None:
        if not mended:
            raise NotYet("the quokka is asleep", resource="quokka-1")

    encrypting.faults.at(request.link.workflow_id, "create-load-balancer", "before", wait)
    saga = await encrypting.links.start_create(request)
    said: tuple[str, ...] = ()
    while not any(said):
        said = tuple(
            one.last_message
            for one in (await encrypting.links.status(LINK)).waiting
            if one.step == "create-load-balancer"
        )
    mended = True
    assert said == ("the quokka is asleep",)
    await saga.result()


async def test_a_caller_without_the_key_is_told_what_is_missing(
    encrypting: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a traceback nor a wrong answer, whatever it calls."""
    await encrypting.links.create(full_request(encrypting.sandbox))
    links = PrivateLinks(client)
    monkeypatch.delenv(PAYLOAD_KEY)
    for call in (links.status(LINK), links.delete(LINK), links.create(full_request(encrypting.sandbox, "other"))):
        with pytest.raises(TemporalUnreachable, match=f"{PAYLOAD_KEY} is not set"):
            await call


async def test_a_worker_without_the_key_knows_where_the_link_stands(
    server: TemporalServer, sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key of an old history may be gone: the search attributes name the place, at which the worker looks itself."""
    there = full_request(sandbox, "keyless", connector=None)
    monkeypatch.setenv("THE_KEY", text_of(KEY))
    monkeypatch.setenv(PAYLOAD_KEY, "env:THE_KEY")
    async with encrypting_world(sandbox, await connect_to_temporal(server.address, server.namespace)) as encrypting:
        await encrypting.links.create(there)
    monkeypatch.delenv(PAYLOAD_KEY)
    with closing(ForeignClients(sandbox)) as clients:
        await asyncio.to_thread(clients.delete_private_link, Ids.of(sandbox.books(), str(there.link)))
    while sandbox.books()["platform"]:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.05)
    role = {"role_arn": sandbox.seed["role_arn"], "external_id": sandbox.seed["external_id"]}
    other_account = full_request(sandbox, there.name, connector=None, aws={"region": "us-east-1", **role})
    async with working_world(sandbox, client) as keyless:
        with pytest.raises(RequestRefused, match=r"LinkElsewhere.* account 210987654321, region us-east-1"):
            await keyless.links.create(other_account)
        sandbox.reset()
        assert (await keyless.links.create(there)).address


REFUSED: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "another page's origin": ("/decode", {"headers": {"Origin": "https://evil.example"}}, 403, "--ui-origin"),
    "another path": ("/", {}, 404, "/encode and /decode"),
    "no JSON": ("/decode", {"content": b"{"}, 400, "protobuf's JSON"),
    "no text": ("/decode", {"content": b"\xff"}, 400, "protobuf's JSON"),
    "another key's payload": ("/decode", {"content": b"another key"}, 400, PAYLOAD_KEY),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_the_codec_server_says_why_it_refuses(case: str, codec_server: str) -> None:
    """A status and a sentence; pages of other origins get nothing."""
    path, call, status, message = REFUSED[case]
    if call.get("content") == b"another key":
        [other] = await EncryptionCodec([OLD_KEY]).encode([a_payload()])
        call = {"content": json_format.MessageToJson(Payloads(payloads=[other]))}
    async with httpx.AsyncClient(base_url=codec_server) as http:
        answer = await http.post(path, **call)
    assert (status, message in answer.text) == (answer.status_code, True)
    assert "hunter2" not in answer.text


async def test_the_codec_server_encodes_and_lets_the_ui_in(codec_server: str) -> None:
    """What the browser asks first; and POST /encode, which the UI sends before a signal or an Update."""
    async with httpx.AsyncClient(base_url=codec_server, headers={"Origin": UI}) as ui:
        asked = await ui.options("/decode", headers={"Access-Control-Request-Method": "POST"})
        encoded = await ui.post("/encode", json=json_format.MessageToDict(Payloads(payloads=[a_payload()])))
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, UI)
    assert {"content-type", "x-namespace"} <= set(
        asked.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    )
    payloads = json_format.Parse(encoded.text, Payloads()).payloads
    assert await EncryptionCodec([KEY]).decode(payloads) == [a_payload()]


async def test_the_codec_server_starts_by_the_setting_alone() -> None:
    """It says where it listens, on the loopback; with a bad setting it ends with the sentence."""
    command = [sys.executable, "-m", "privatelink.temporal.codec_server", "--port", "0"]
    environment = {**os.environ, PAYLOAD_KEY: "env:THE_KEY", "THE_KEY": text_of(KEY)}
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    process.terminate()
    await process.communicate()
    assert line.startswith("codec server at http://127.0.0.1:")
    refused = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, env={**environment, "THE_KEY": "aGk="}
    )
    _, said = await refused.communicate()
    assert refused.returncode == 1
    assert said.decode().strip().startswith(f"reading {PAYLOAD_KEY}: env:THE_KEY holds 2 bytes")
