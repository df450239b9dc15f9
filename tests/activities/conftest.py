"""Fixtures of the steps' tests."""

import pytest

from tests.activities.standing_link import StandingLink
from tests.support.sandbox import Sandbox


@pytest.fixture
def standing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> StandingLink:
    """The clouds in their seeded state, in which a link can be put in place."""
    return StandingLink(sandbox, monkeypatch)
