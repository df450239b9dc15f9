"""The doctor: checks everything that must be right before a create can work, and says how to fix what is not."""

from collections.abc import AsyncIterator
from datetime import timedelta

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from privatelink.client.inquiries import check_clouds
from privatelink.errors import NoWorker, PrivateLinkError, TemporalUnreachable
from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import DeleteRequest
from privatelink.model.result import SetUpCheck, SetUpResult
from privatelink.settings import PAYLOAD_KEY, PayloadKeyError, variable
from privatelink.temporal.connection import connect_to_temporal
from privatelink.temporal.payloads import data_converter
from privatelink.temporal.polling import SEEN_WITHIN, workers_seen
from privatelink.temporal.queues import task_queue
from privatelink.temporal.search_attributes import ALL, not_registered
from privatelink.temporal.troubles import of_call

KEY = "payload key"
TEMPORAL = "Temporal"
SEARCH_ATTRIBUTES = "search attributes"
WORKER = "worker"
CLOUDS = "clouds"

_START_WORKER = "start one: python worker.py"


async def check_set_up(request: DeleteRequest | None = None, *, seen_within: timedelta = SEEN_WITHIN) -> SetUpResult:
    """Check payload key, Temporal, search attributes and worker, in this order, until a failure hides the rest.

    With a request, the worker, which holds the keys, also checks the platform and AWS for the request's deployment,
    account and region. It raises nothing that a finding can say.
    """
    return SetUpResult(findings=tuple([finding async for finding in _findings(request, seen_within)]))


async def _findings(request: DeleteRequest | None, seen_within: timedelta) -> AsyncIterator[SetUpCheck]:
    key = _payload_key()
    yield key
    if not key.ok:
        return
    try:
        client = await connect_to_temporal()
    except TemporalUnreachable as error:
        yield _failed(TEMPORAL, error)
        return
    temporal = await _temporal(client)
    yield temporal
    if not temporal.ok:
        return
    yield await _search_attributes(client)
    worker = await _worker(client, task_queue(request.aws) if request else TASK_QUEUE, seen_within)
    yield worker
    if request is None or not worker.ok:
        return
    try:
        for finding in (await check_clouds(client, request)).findings:
            yield finding
    except NoWorker as error:
        yield _failed(WORKER, error)
    except PrivateLinkError as error:
        yield _failed(CLOUDS, error)


def _payload_key() -> SetUpCheck:
    try:
        data_converter()
    except PayloadKeyError as error:
        return SetUpCheck(name=KEY, ok=False, message=str(error), next_step=f"correct {PAYLOAD_KEY}")
    is_set = bool(variable(PAYLOAD_KEY))
    return SetUpCheck(
        name=KEY,
        ok=True,
        message=f"{PAYLOAD_KEY} can be read; the worker needs the same key"
        if is_set
        else f"{PAYLOAD_KEY} is not set: Temporal stores requests and results in the clear",
    )


async def _temporal(client: Client) -> SetUpCheck:
    where = f"{client.service_client.config.target_host}, namespace {client.namespace}"
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        trouble = of_call(error)
        return SetUpCheck(name=TEMPORAL, ok=False, message=f"{where}: {trouble.why}", next_step=trouble.next_step)
    return SetUpCheck(name=TEMPORAL, ok=True, message=f"answers at {where}")


async def _search_attributes(client: Client) -> SetUpCheck:
    try:
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        return _failed(SEARCH_ATTRIBUTES, not_registered(client.namespace, error.message))
    missing = [key.name for key in ALL if key.name not in known.custom_attributes]
    if missing:
        why = f"{', '.join(missing)} not registered; a worker registers them when it starts"
        return _failed(SEARCH_ATTRIBUTES, not_registered(client.namespace, why))
    return SetUpCheck(name=SEARCH_ATTRIBUTES, ok=True, message=f"all {len(ALL)} are registered")


async def _worker(client: Client, queue: str, seen_within: timedelta) -> SetUpCheck:
    try:
        seen = await workers_seen(client, queue)
    except RPCError as error:
        trouble = of_call(error)
        return SetUpCheck(name=WORKER, ok=False, message=trouble.why, next_step=trouble.next_step)
    alive = {identity: ago for identity, ago in seen.items() if ago <= seen_within}
    if alive:
        polling = ", ".join(f"{identity} (seen {_seconds(ago)} ago)" for identity, ago in sorted(alive.items()))
        return SetUpCheck(name=WORKER, ok=True, message=f"task queue {queue} is polled by {polling}")
    last = f"; the last was seen {_seconds(min(seen.values()))} ago" if seen else ""
    why = f"no worker polls task queue {queue}{last}"
    return SetUpCheck(name=WORKER, ok=False, message=why, next_step=_START_WORKER)


def _seconds(ago: timedelta) -> str:
    return f"{max(ago.total_seconds(), 0):.0f} s"


def _failed(what: str, error: PrivateLinkError) -> SetUpCheck:
    details = error.details_model
    return SetUpCheck(name=what, ok=False, message=details.message, next_step=details.next_step)
