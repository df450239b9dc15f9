"""A saga that does not answer: nobody works, a worker of another version does, or one that fails at it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from privatelink import PrivateLinks
from privatelink.client import answering, silence, status
from privatelink.client.status import LinkStatus
from privatelink.errors import ErrorDetails, NoWorker, PrivateLinkError, WorkerCannotGoOn
from privatelink.model.names import Link
from tests.support.cli import Links, run_command
from tests.support.requests import request_json
from tests.support.sandbox import Sandbox

LINK = Link(deployment="w41b11c0", name="silent")
BEGUN_EVENTS = 4
"""Started; its first workflow task scheduled, started and completed."""


class _Story:
    @workflow.run
    async def run(self, _: dict[str, object]) -> None:
        """Wait, as the version does that begins the saga."""
        await workflow.sleep(1000)

    @workflow.query
    def progress(self) -> dict[str, object]:
        """Say how far it is."""
        return {"link": str(LINK), "operation": "create", "saga_id": "1", "phase": "creating"}

    @workflow.signal
    def go(self) -> None:
        """Wake up."""


@workflow.defn(name="CreatePrivateLink")
class ThisVersion(_Story):
    """Begins the saga."""

    @workflow.run
    async def run(self, _: dict[str, object]) -> None:
        """Wait."""
        await workflow.sleep(1000)


@workflow.defn(name="CreatePrivateLink")
class AnotherVersion(_Story):
    """Has another first step."""

    @workflow.run
    async def run(self, _: dict[str, object]) -> None:
        """Begin otherwise."""
        await workflow.execute_activity("another", start_to_close_timeout=timedelta(seconds=1))


@workflow.defn(name="CreatePrivateLink")
class WithAFault(_Story):
    """Is the same workflow, and fails when it is woken."""

    @workflow.run
    async def run(self, _: dict[str, object]) -> None:
        """Wait."""
        await workflow.sleep(1000)

    @workflow.signal
    def go(self) -> None:
        """Fail."""
        raise KeyError("Subnets")


@workflow.defn(name="SomethingElse")
class WithoutIt:
    """Of a time when there was no create."""

    @workflow.run
    async def run(self) -> None:
        """Do nothing."""


@pytest.fixture
async def saga(client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkflowHandle[object, object]]:
    """One that has begun, by a worker of this version, which has gone then."""
    monkeypatch.setattr(answering, "ANSWER_SECONDS", 3.0)
    monkeypatch.setattr(status, "QUERY_TIMEOUT", timedelta(seconds=3))
    queue = f"silence-{uuid.uuid4()}"
    handle: WorkflowHandle[object, object] = await client.start_workflow(
        "CreatePrivateLink", {}, id=LINK.workflow_id, task_queue=queue
    )
    async with working(client, handle, ThisVersion):
        while (await handle.describe()).history_length < BEGUN_EVENTS:  # noqa: ASYNC110 - a count of the server
            await asyncio.sleep(0.05)
    yield handle
    await handle.terminate("its test has ended")


@asynccontextmanager
async def working(client: Client, saga: WorkflowHandle[object, object], story: type) -> AsyncIterator[None]:
    """A worker with this workflow on the saga's queue; it caches nothing, so that it replays what it is asked for."""
    queue = (await saga.describe()).task_queue
    async with Worker(
        client,
        task_queue=queue,
        workflows=[story],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=0,
    ):
        yield


async def fails(saga: WorkflowHandle[object, object], client: Client) -> None:
    """Wake it, and wait until the worker has failed at it: until then it is only slow."""
    await saga.signal("go")
    while await silence.last_failure(client, saga.id) is None:  # noqa: ASYNC110 - of the server
        await asyncio.sleep(0.05)


async def errors(links: PrivateLinks, sandbox: Sandbox) -> tuple[LinkStatus, list[ErrorDetails]]:
    """The state of the link, and the answer to somebody who reads it, gives it up, or repeats the create."""
    seen = await links.status(LINK)
    assert seen.unanswered
    told = [seen.unanswered]
    for call in (
        links.roll_back(LINK, reason="stuck"),
        links.start_create(request_json(sandbox, LINK.name, deployment=LINK.deployment)),
    ):
        with pytest.raises(PrivateLinkError) as caught:
            await call
        told.append(caught.value.details_model)
    return seen, told


async def test_without_a_worker_one_is_to_be_started(
    saga: WorkflowHandle[object, object], client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the last one that tried has failed, and has gone since."""
    links = PrivateLinks(client)
    monkeypatch.setattr(silence, "SEEN_WITHIN", timedelta(0))
    seen, told = await errors(links, sandbox)
    assert [NoWorker.__name__] * 3 == [one.type for one in told]
    assert "start one: python worker.py" in await _shown(seen, interactive=False)
    async with working(client, saga, AnotherVersion):
        await errors(links, sandbox)
    assert NoWorker.__name__ == (await links.status(LINK)).unanswered.type  # type: ignore[union-attr]


@pytest.mark.parametrize("story", [AnotherVersion, WithoutIt])
async def test_a_worker_of_another_version_is_told_from_none(
    saga: WorkflowHandle[object, object], client: Client, sandbox: Sandbox, story: type
) -> None:
    """Another worker of its version would not help: what helps is the version that began the saga."""
    async with working(client, saga, story):
        await fails(saga, client)
        seen, told = await errors(PrivateLinks(client), sandbox)
    for one in told:
        assert (one.type, "another version" in one.message) == (WorkerCannotGoOn.__name__, True), one
        assert "the version that began the saga" in one.next_step
    for interactive in (True, False):
        assert "another version" in await _shown(seen, interactive=interactive)


async def test_a_worker_that_fails_at_the_saga_is_told_by_its_failure(
    saga: WorkflowHandle[object, object], client: Client, sandbox: Sandbox
) -> None:
    """The version is right, and the sentence says what it fails with."""
    async with working(client, saga, WithAFault):
        await fails(saga, client)
        _, told = await errors(PrivateLinks(client), sandbox)
    for one in told:
        assert one.type == WorkerCannotGoOn.__name__
        assert "the worker fails each time it tries" in one.message
        assert "Subnets" in one.message


async def _shown(seen: LinkStatus, *, interactive: bool) -> str:
    """What the command line shows of it, without its line breaks; it has an event loop of its own."""
    ran = await asyncio.to_thread(run_command, Links(seen), "status", str(LINK), interactive=interactive)
    return " ".join(" ".join(ran.out.lines).split())
