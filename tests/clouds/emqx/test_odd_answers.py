"""Whatever answers in EMQX's place, every call ends with what it promises or with an error of ours."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from clouds.api_access import ApiAccess
from clouds.emqx.deployment_api import DeploymentApi
from clouds.emqx.http import Api
from clouds.emqx.platform import Platform, PlatformSettings
from clouds.emqx.wire import PrivateLinkRow
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import PrivateLinkError

ACCESS = ApiAccess(endpoint="http://127.0.0.1:9/api/v5", api_key="key", api_secret=SecretStr("s3cret"), set_by="KEY")
CONNECTOR: dict[str, Any] = {"type": "mysql", "name": "orders"}
Call = Callable[[Platform, DeploymentApi], Awaitable[object]]

CALLS: dict[str, Call] = {
    "get_deployment": lambda platform, _: platform.get_deployment("w1"),
    "get_network": lambda platform, _: platform.get_network("w1"),
    "list_private_links": lambda platform, _: platform.list_private_links("w1"),
    "find_private_link": lambda platform, _: platform.find_private_link("w1", "pl1"),
    "create_private_link": lambda platform, _: platform.create_private_link("w1", "service", "ours"),
    "delete_private_link": lambda platform, _: platform.delete_private_link("w1", "pl1"),
    "list_connectors": lambda _, api: api.list_connectors(),
    "list_holders": lambda _, api: api.list_holders(),
    "probe_connector": lambda _, api: api.probe_connector(CONNECTOR),
    "create_connector": lambda _, api: api.create_connector(CONNECTOR),
    "delete_connector": lambda _, api: api.delete_connector("mysql:orders"),
}
FIELDS = ["code", "message", "deploymentID", "privatelinkID", "status", "name", "type", "sources", "azIDs", "createAt"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=8,
)
BODIES = st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode())
STATUSES = st.sampled_from([200, 201, 202, 204, 206, 301, 304, 400, 401, 403, 404, 405, 409, 410, 418, 429, 500, 503])
HEADERS = st.sampled_from([None, "0", "-1", "9" * 400, "9" * 5000, "soon", "Wed, 21 Oct 9999 07:28:00 GMT", "٣"])


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=60, deadline=None)
@given(status=STATUSES, body=BODIES, retry_after=HEADERS)
@example(status=200, body=b"[" * 200_000, retry_after=None)
@example(status=500, body=b'{"code":' * 100_000, retry_after=None)
@example(status=429, body=b"", retry_after="9" * 400)
@example(status=200, body=b"9" * 100_000, retry_after=None)
def test_no_answer_ends_in_an_error_of_python(name: str, status: int, body: bytes, retry_after: str | None) -> None:
    """Pages of proxies, cut and deep JSON, numbers as large as one likes, under any status."""
    headers = httpx.Headers([] if retry_after is None else [(b"Retry-After", retry_after.encode())])

    async def exchange(*_: object) -> tuple[int, bytes, httpx.Headers]:
        return status, body, headers

    async def call() -> None:
        platform = Platform(PlatformSettings(access=ACCESS, reads_per_hour=10_000, writes_per_hour=10_000))
        # An answer may also be right.
        with suppress(PrivateLinkError):
            await CALLS[name](platform, DeploymentApi("w1", ACCESS, WorkerCount()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Api, "_exchange", exchange)
        asyncio.run(call())


@given(created=st.text(max_size=12) | st.datetimes().map(str))
@example(created="0001-01-01 00:00")
def test_any_time_of_creation_can_be_read(created: str) -> None:
    """A text that says no time says that any may be meant."""
    assert PrivateLinkRow(private_link_id="pl1", create_at=created).earliest_creation.tzinfo is UTC
