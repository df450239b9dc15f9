"""Steering over a real Temporal server: each word arrives as its Update, and each missing answer has its error."""

import getpass
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RawValue
from temporalio.worker import Worker

from privatelink import DeleteRequest, Link, Phase, PrivateLinks
from privatelink.client import answering, steering
from privatelink.errors import GivenUp, InvalidRequest, LinkUnknown, NoWorker, UpdateRefused
from privatelink.model.names import TASK_QUEUE
from privatelink.model.progress import Ask, Progress
from privatelink.model.updates import Approve, Confirm, Pause, Resume, RetryNow, RollBack, UpdateResult
from privatelink.temporal.search_attributes import at_start

REQUEST = DeleteRequest.model_validate({"name": "steered", "deployment": "w1", "aws": {"region": "us-east-1"}})
LINK = REQUEST.link
NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)

SAID: dict[str, tuple[dict[str, Any], BaseModel]] = {
    "confirm": ({"address": "a.example.com", "by": "ana"}, Confirm(step="s", address="a.example.com", by="ana")),
    "approve": ({"by": "ana", "note": "CHG-1"}, Approve(by="ana", note="CHG-1")),
    "pause": ({"reason": "freeze", "until": NOON}, Pause(reason="freeze", until=NOON, by=steering.caller())),
    "resume": ({}, Resume(by=steering.caller())),
    "retry_now": ({"by": "ana"}, RetryNow(by="ana")),
    "roll_back": ({"reason": "wrong"}, RollBack(reason="wrong", by=steering.caller())),
}


@workflow.defn(name="DeletePrivateLink", sandboxed=False)
class Listening:
    """A saga that asks for one `confirm`, repeats each word that it hears, and ends at `roll_back`."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._over = False

    @workflow.run
    async def run(self, _: DeleteRequest) -> None:
        """Wait for the end."""
        await workflow.wait_condition(lambda: self._over and workflow.all_handlers_finished())
        raise GivenUp("as somebody said")

    @workflow.query
    def progress(self) -> Progress:
        """One step asks."""
        ask = Ask(step="s", message="confirm", commands=(f"privatelink confirm {LINK}",), since=workflow.now())
        return Progress(link=str(LINK), operation="delete", saga_id="1", phase=Phase.WAITING_FOR_PERSON, asks=[ask])

    @workflow.update(dynamic=True)
    async def hear(self, name: str, args: Sequence[RawValue]) -> UpdateResult:
        """Say what was said."""
        said = args[0].payload.data.decode()
        if "refuse" in said:
            raise UpdateRefused(f"{name}: no", resource=str(LINK), next_step="ask again")
        self._over = name == "roll_back"
        return UpdateResult(link=str(LINK), message=said, steps=(name,), at=workflow.now())


@workflow.defn(name="DeletePrivateLink", sandboxed=False)
class Deaf:
    """A saga of a worker that knows no Update."""

    @workflow.run
    async def run(self, _: DeleteRequest) -> None:
        """Never end."""
        await workflow.wait_condition(lambda: False)


@asynccontextmanager
async def running(client: Client, story: type | None) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """The link's saga, and a worker that runs it as `story`; without one, no worker runs."""
    handle = await client.start_workflow(
        "DeletePrivateLink", REQUEST, id=LINK.workflow_id, task_queue=TASK_QUEUE, search_attributes=at_start(REQUEST)
    )
    try:
        if story is None:
            yield handle
        else:
            async with Worker(client, task_queue=TASK_QUEUE, workflows=[story]):
                yield handle
    finally:
        if (await handle.describe()).close_time is None:
            await handle.terminate()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a minute for a worker that is known not to be there."""
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 0.5)


async def say(links: PrivateLinks, word: str, **fields: Any) -> UpdateResult:  # noqa: ANN401 - fields of many types
    """One of the six words."""
    answer: UpdateResult = await getattr(links, word)(str(LINK), **fields)
    return answer


async def test_each_word_is_one_update_whose_answer_comes_back(client: Client) -> None:
    """The Update's name is the method's, its one argument the model; `confirm` finds its step by itself."""
    links = PrivateLinks(client)
    async with running(client, Listening):
        for word, (fields, argument) in SAID.items():
            answer = await say(links, word, **fields)
            assert (word,) == answer.steps
            assert argument == type(argument).model_validate_json(answer.message)


async def test_a_refusal_of_the_saga_keeps_its_name_and_its_next_step(client: Client) -> None:
    """The caller reads the saga's own sentence."""
    async with running(client, Listening):
        with pytest.raises(UpdateRefused, match="pause: no") as caught:
            await say(PrivateLinks(client), "pause", reason="refuse this")
    assert "ask again" == caught.value.details_model.next_step


@pytest.mark.parametrize("word", SAID)
async def test_a_saga_that_has_ended_hears_nothing(client: Client, word: str) -> None:
    """The refusal says that none runs, and how the last one ended."""
    async with running(client, None) as handle:
        await handle.terminate()
        ended = "no saga of it is running; the last one, a delete, was ended from outside"
        with pytest.raises(UpdateRefused, match=ended):
            await say(PrivateLinks(client), word, **SAID[word][0])


@pytest.mark.parametrize("word", SAID)
async def test_a_link_that_temporal_does_not_know(client: Client, word: str) -> None:
    """A mistyped link is distinguished from a saga that has ended."""
    fields = SAID[word][0]
    with pytest.raises(LinkUnknown):
        await getattr(PrivateLinks(client), word)(Link(deployment="w1", name="nobody"), **fields)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("word", SAID)
async def test_without_a_worker_nobody_waits_for_ever(client: Client, word: str) -> None:
    """The error says what to start."""
    async with running(client, None):
        with pytest.raises(NoWorker, match=r"no worker answered") as caught:
            await say(PrivateLinks(client), word, **({"step": "s"} if word == "confirm" else {}), **SAID[word][0])
    assert "python worker.py" in caught.value.details_model.next_step


async def test_a_worker_that_does_not_know_the_update(client: Client) -> None:
    """A worker of an older version is named as what it is, instead of a traceback."""
    async with running(client, Deaf):
        with pytest.raises(UpdateRefused, match="'pause'") as caught:
            await say(PrivateLinks(client), "pause", reason="freeze")
    assert "check the worker's version" in caught.value.details_model.next_step


async def test_an_argument_of_a_wrong_form_is_never_sent_and_never_quoted(client: Client) -> None:
    """Each fault is a finding; what was typed may be a secret in the wrong place."""
    with pytest.raises(InvalidRequest) as caught:
        await PrivateLinks(client).confirm(LINK, step="s", address="hunter2", vpc_endpoint_id="hunter2")
    assert ["address", "vpc_endpoint_id"] == [found.resource for found in caught.value.details_model.findings]
    assert "hunter2" not in str(caught.value)


async def test_a_moment_without_zone_is_no_moment(client: Client) -> None:
    """A pause does not end at a time that depends on the worker's time zone."""
    with pytest.raises(InvalidRequest, match="until: it is not a time with a time zone"):
        await PrivateLinks(client).pause(LINK, reason="freeze", until=NOON.replace(tzinfo=None))


def test_a_process_without_a_user_s_name_has_a_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container under a bare number, the number replaces the name."""

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert steering.caller().partition("@")[0].isdecimal()
