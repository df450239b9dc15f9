"""The doctor and the inquiries, over a real Temporal server: each thing that can be wrong is named, with its remedy."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio import workflow
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from privatelink import DeleteRequest, PrivateLinks
from privatelink.client import inquiries
from privatelink.client.doctor import CLOUDS, KEY, SEARCH_ATTRIBUTES, TEMPORAL, WORKER, check_set_up
from privatelink.errors import CredentialsRefused, NoWorker, Outcome, PrivateLinkError, StepFailed
from privatelink.model.names import TASK_QUEUE
from privatelink.model.result import FoundThing, InspectionResult, SetUpCheck, SetUpResult
from privatelink.temporal.payloads import DATA_CONVERTER
from scripts.temporal_server import TemporalServer

REQUEST = DeleteRequest.model_validate({"name": "looked-at", "deployment": "w1", "aws": {"region": "us-east-1"}})
WITHOUT_CREDENTIALS = REQUEST.model_copy(update={"name": "refused"})
BROKEN = REQUEST.model_copy(update={"name": "broken"})
PLATFORM_KEY = SetUpCheck(name="platform key", ok=True, message="accepted")


@workflow.defn(name=inquiries.INSPECT, sandboxed=False)
class Inspect:
    """Finds the link itself, or what its name says."""

    @workflow.run
    async def run(self, request: DeleteRequest) -> InspectionResult:
        """Look."""
        _fail(request)
        return InspectionResult(link=str(request.link), things=(FoundThing(kind="link", id=str(request.link)),))


@workflow.defn(name=inquiries.CHECK_SET_UP, sandboxed=False)
class CheckSetUp:
    """Finds the platform key right, or what the request's name says."""

    @workflow.run
    async def run(self, request: DeleteRequest) -> SetUpResult:
        """Look."""
        _fail(request)
        return SetUpResult(findings=(PLATFORM_KEY,))


def _fail(request: DeleteRequest) -> None:
    if request.name == WITHOUT_CREDENTIALS.name:
        raise CredentialsRefused("assuming the role: no", next_step="correct the role")
    if request.name == BROKEN.name:
        raise ApplicationError("a fault", type="ValueError", non_retryable=True)


@pytest.fixture(autouse=True)
def _address(server: TemporalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", server.namespace)
    monkeypatch.delenv("PRIVATELINK_PAYLOAD_KEY", raising=False)


@pytest.fixture
async def worker(client: Client) -> AsyncIterator[None]:
    """A worker that looks, and that Temporal has seen."""
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[Inspect, CheckSetUp]):
        await PrivateLinks(client).inspect(REQUEST)
        yield


@pytest.fixture
async def bare_namespace(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a namespace that no worker has ever seen."""
    name = f"bare-{uuid.uuid4()}"
    kept = Duration(seconds=86_400)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=kept)
    )
    monkeypatch.setenv("TEMPORAL_NAMESPACE", name)
    bare = await Client.connect(client.service_client.config.target_host, namespace=name, data_converter=DATA_CONVERTER)
    for _ in range(300):
        try:
            [_ async for _ in bare.list_workflows()]
        except RPCError:  # the server refreshes its list of namespaces now and then
            await asyncio.sleep(0.1)
        else:
            return bare
    pytest.fail(f"namespace {name} does not come up")


def named(result: SetUpResult) -> dict[str, bool]:
    """What was looked at, and whether it is right."""
    return {finding.name: finding.ok for finding in result.findings}


@pytest.mark.usefixtures("worker")
async def test_a_set_up_that_works_has_nothing_to_mend() -> None:
    """Everything is right, and the worker is named; with a request the worker's own findings follow."""
    result = await check_set_up()
    assert {KEY: True, TEMPORAL: True, SEARCH_ATTRIBUTES: True, WORKER: True} == named(result)
    assert result.ok
    assert "is polled by" in result.findings[-1].message
    assert (*result.findings[:3], PLATFORM_KEY) == tuple(
        finding for finding in (await check_set_up(REQUEST)).findings if finding.name != WORKER
    )


async def test_no_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing further is looked at, and the address is in the words."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    result = await check_set_up(REQUEST)
    assert {KEY: True, TEMPORAL: False} == named(result)
    assert "127.0.0.1:1" in result.findings[-1].message
    assert "start the server" in result.findings[-1].next_step


async def test_a_namespace_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporal answers, and has no such namespace: the command that makes it is given."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    result = await check_set_up()
    assert {KEY: True, TEMPORAL: False} == named(result)
    assert "temporal operator namespace create --namespace nowhere" in result.findings[-1].next_step


@pytest.mark.parametrize("setting", ["nonsense", "env:NOT_SET_ANYWHERE", "file:/not/there"])
async def test_a_payload_key_that_cannot_be_read(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named before anything is sent."""
    monkeypatch.setenv("PRIVATELINK_PAYLOAD_KEY", setting)
    result = await check_set_up()
    assert {KEY: False} == named(result)
    assert "PRIVATELINK_PAYLOAD_KEY" in result.findings[0].next_step


@pytest.mark.usefixtures("bare_namespace")
async def test_a_namespace_without_search_attributes_and_without_a_worker() -> None:
    """Both are named at once, each with its remedy, and no worker is asked for what only one could tell."""
    result = await check_set_up(REQUEST)
    assert {KEY: True, TEMPORAL: True, SEARCH_ATTRIBUTES: False, WORKER: False} == named(result)
    attributes, worker = result.findings[2:]
    assert "PrivateLinkPhase" in attributes.message
    assert "temporal operator search-attribute create" in attributes.next_step
    assert "python worker.py" in worker.next_step


@pytest.mark.usefixtures("worker")
async def test_a_worker_that_was_seen_long_ago_is_gone() -> None:
    """Temporal lists a killed worker for minutes: what counts is when it was last seen."""
    [worker] = [found for found in (await check_set_up(seen_within=timedelta(seconds=-60))).findings if not found.ok]
    assert WORKER == worker.name
    assert "the last was seen" in worker.message


@pytest.mark.usefixtures("worker")
async def test_what_the_worker_s_keys_are_refused_with_is_a_finding() -> None:
    """The doctor goes on to its end, and says it."""
    [refused] = [found for found in (await check_set_up(WITHOUT_CREDENTIALS)).findings if not found.ok]
    assert SetUpCheck(name=CLOUDS, ok=False, message="assuming the role: no", next_step="correct the role") == refused


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("request_", "expected"), [(WITHOUT_CREDENTIALS, CredentialsRefused), (BROKEN, StepFailed)])
async def test_a_look_that_fails_has_changed_nothing(
    client: Client, request_: DeleteRequest, expected: type[PrivateLinkError]
) -> None:
    """Its error says so, whoever raised it."""
    with pytest.raises(expected) as caught:
        await PrivateLinks(client).inspect(request_)
    assert Outcome.REFUSED == caught.value.details_model.outcome


@pytest.mark.usefixtures("worker")
async def test_a_look_gives_what_the_worker_found(client: Client) -> None:
    """For the link of the request, under an id that names it and is no link's saga."""
    result = await PrivateLinks(client).inspect(REQUEST)
    assert [str(REQUEST.link)] == [thing.id for thing in result.things]
    assert str(REQUEST.link) not in {summary.link for summary in await PrivateLinks(client).list()}


async def test_a_worker_that_cannot_look_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of an older version takes the look up and can't run it: nobody waits for that to end."""
    monkeypatch.setattr(inquiries, "ANSWER_SECONDS", 3)
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[CheckSetUp]):
        with pytest.raises(StepFailed, match="cannot run InspectPrivateLink") as caught:
            await PrivateLinks(client).inspect(REQUEST)
    assert Outcome.REFUSED == caught.value.details_model.outcome


async def test_a_look_that_no_worker_takes_up_is_called_off(
    bare_namespace: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits, and nothing of it runs later."""
    monkeypatch.setattr(inquiries, "ANSWER_SECONDS", 0.5)
    with pytest.raises(NoWorker, match="no worker answered"):
        await PrivateLinks(bare_namespace).inspect(REQUEST)
    for _ in range(100):
        found = [one.status async for one in bare_namespace.list_workflows()]
        if found == [WorkflowExecutionStatus.TERMINATED]:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"the inquiry still stands as {found}")
