"""The harness for the cells that run with all other tests."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.chaos.harness import MatrixHarness
from tests.chaos.matrix import MANY, harness_of
from tests.support.requests import SECRET, SECRET_VARIABLE
from tests.support.sandbox import Sandbox


@pytest.fixture
async def harness(sandbox: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MatrixHarness]:
    """A fresh sandbox with foreign things in it, and a worker that no request limit of EMQX holds up."""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    for kind in ("READS", "WRITES"):
        monkeypatch.setenv(f"PRIVATELINK_PLATFORM_{kind}_PER_HOUR", str(MANY))
    async with harness_of(sandbox, client) as opened:
        yield opened
