"""Temporal's own command line: a create without a line of ours on the caller's side."""

from tests.languages.conftest import Run
from tests.support.laws import of_link
from tests.support.pages import blocks
from tests.support.world import World


async def test_the_commands_of_the_page_create_a_link_and_print_its_address(world: World, run: Run) -> None:
    """They run exactly as in docs/backend.md; the result has the address that the platform shows."""
    [commands] = [block for block in blocks("docs/backend.md", "sh") if "CreatePrivateLink" in block]
    code, printed = await run("bash", "-euc", commands)
    assert 0 == code, printed
    [private_link] = of_link(world.sandbox.books(), "w41b11c0/orders-db")["private_links"]
    assert private_link["address"]
    assert private_link["address"] in printed


async def test_a_refusal_reaches_a_caller_without_our_code_by_its_type(run: Run) -> None:
    """The failure that Temporal prints has the type and the finding of our error."""
    [commands] = [block for block in blocks("docs/backend.md", "sh") if "CreatePrivateLink" in block]
    code, printed = await run("bash", "-euc", commands, subnets=["subnet-0000000000000dead"])
    assert 0 != code
    assert "RequestRefused" in printed
    assert "SubnetNotFound" in printed
