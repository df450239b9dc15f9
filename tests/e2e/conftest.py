"""Every test here is scanned: none of the secrets in use may stand in a log record or in a saga's history."""

from collections.abc import AsyncIterator

import pytest

from tests.support.secrets import SecretsWatch, watching_secrets
from tests.support.world import World


@pytest.fixture
async def secrets_watch(world: World) -> AsyncIterator[SecretsWatch]:
    """What the test has logged so far, and the secrets in use in it; scanned at its end."""
    with watching_secrets(world.sandbox) as watch:
        yield watch
        assert await watch.found(world) == []


@pytest.fixture(autouse=True)
def _no_secret(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        request.getfixturevalue("secrets_watch")
