"""Fixtures that every room's tests use. The pace is set before any product module is imported: it is read once."""

import os
from collections.abc import Iterator

import pytest

from tests.support.sandbox import SPEED, Sandbox, running_sandbox

os.environ["PRIVATELINK_PACE"] = str(SPEED)


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox for the whole run."""
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(sandbox_process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox in its seeded state, with the environment of a worker that talks to it."""
    sandbox_process.reset()
    for name, value in sandbox_process.env.items():
        monkeypatch.setenv(name, value)
    return sandbox_process
