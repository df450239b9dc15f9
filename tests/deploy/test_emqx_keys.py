"""The page about EMQX's API keys, held to what the worker calls."""

from pathlib import Path

import pytest

from clouds.emqx.address_holders import GATEWAYS, KINDS, Kind

PAGE = Path(__file__).parents[2] / "deploy/emqx/README.md"


@pytest.mark.parametrize("kind", [*KINDS, GATEWAYS])
def test_the_page_names_the_scope_of_every_place_that_a_delete_reads(kind: Kind) -> None:
    """A key that is narrowed as the page says must not be refused later."""
    rows = [row.split("|") for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `")]
    scopes = [row[2].strip() for row in rows if f"`GET {kind.path}`" in row[1]]
    assert scopes == [f"`{kind.scope}`"]
