"""TypeScript: the call of starter.py by Temporal's TypeScript SDK, typed by the compiler, run by Node."""

import asyncio
import json
import shutil

import pytest

from privatelink import PrivateLinkResult
from privatelink.errors import ErrorDetails, FindingType
from tests.languages.conftest import Run
from tests.support.laws import counts
from tests.support.pages import ROOT
from tests.support.requests import request_json
from tests.support.world import World

PROGRAM = ROOT / ".cache/typescript/create.js"
LINK = "w41b11c0/orders-db"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no Node on this machine")


@pytest.fixture
def node() -> tuple[str, str]:
    """The command that runs the client."""
    assert PROGRAM.exists(), "the TypeScript client is not built: make typescript"
    return ("node", str(PROGRAM))


async def test_two_creates_at_once_are_one_saga_with_one_result(world: World, run: Run, node: tuple[str, str]) -> None:
    """A repeated call joins; both read the result that Python's client reads."""
    both = await asyncio.gather(run(*node), run(*node))
    assert [0, 0] == [code for code, _ in both], both
    first, second = (PrivateLinkResult.model_validate_json(printed) for _, printed in both)
    assert first == second == PrivateLinkResult.model_validate(await world.handle(LINK).result())
    assert {"private_links": 1, "endpoint_services": 1}.items() <= counts(world.sandbox.books(), LINK).items()


async def test_a_refusal_arrives_with_all_its_findings(run: Run, node: tuple[str, str]) -> None:
    """What the schema of error-details promises, read from Temporal's failure."""
    code, printed = await run(*node, subnets=["subnet-0000000000000dead"])
    error = ErrorDetails.model_validate(json.loads(printed)["error"])
    assert (1, "RequestRefused") == (code, error.type)
    assert FindingType.SUBNET_NOT_FOUND in {found.type for found in error.findings}


async def test_another_request_cannot_join(world: World, run: Run, node: tuple[str, str]) -> None:
    """The Update's refusal names the difference and the running saga."""
    saga = await world.links.start_create(request_json(world.sandbox))
    code, printed = await run(*node, tags={"team": "other"})
    error = ErrorDetails.model_validate(json.loads(printed)["error"])
    assert (1, "RequestDiffers") == (code, error.type)
    assert error.running
    assert saga.saga_id == error.running.saga_id
    await saga.result()
