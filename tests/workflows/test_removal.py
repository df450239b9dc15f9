"""The removal's order: one for rollback and delete, every undo in it, and the platform as a gate before AWS."""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from pydantic import TypeAdapter

from privatelink.errors import CloudRefused, Outcome, RollbackIncomplete
from privatelink.model.request import ApiPlatform, ConsolePlatform
from tests.support.deadlines import BELOW_ANY_FLOOR, SetDeadlines
from tests.support.laws import counts
from tests.support.parts import AT_AWS, TAGGED, one_of_each
from tests.support.person import CONSOLE
from tests.support.requests import full_request
from tests.support.world import World
from workflows.removal import everything, remove
from workflows.saga.compensation import Stage
from workflows.saga.subject import Undo

if TYPE_CHECKING:
    from workflows.saga.saga import Saga

PLATFORMS: dict[str, ApiPlatform | ConsolePlatform] = {
    "api": ApiPlatform(),
    "console": TypeAdapter(ConsolePlatform).validate_python(CONSOLE),
}


class Recorder:
    """A saga of which everything is to be undone, and whose removals are written down in their order."""

    def __init__(self, platform: ApiPlatform | ConsolePlatform) -> None:
        """It is the saga, its `compensation`, and what that may touch."""
        self.spec = self
        self.link = None
        self.platform = platform
        self.order: list[Undo] = []
        self.compensation = self
        self.failure = None
        self.is_ending = True
        self.resets = 0

    def begin(self) -> None:
        """Nothing to forget."""

    async def finish(self) -> None:
        """Nothing to look at."""

    async def look_until_no_reset(self, look: Callable[[], Awaitable[None]]) -> None:
        """Nobody resets it."""
        await look()

    async def undo(self, stage: Stage) -> tuple[str, ...]:
        """Write these down, which run side by side."""
        self.order += stage.removals
        return ()

    def is_due(self, undo: Undo) -> bool:
        """Write down what a person does, and have nobody do it."""
        self.order.append(undo)
        return False


async def _order(mode: str) -> list[Undo]:
    recorder = Recorder(PLATFORMS[mode])
    await remove(cast("Saga", recorder))
    return recorder.order


@pytest.mark.parametrize("mode", PLATFORMS)
async def test_all_that_a_delete_notes_is_removed_once_and_in_that_order(mode: str) -> None:
    """Nothing is noted and never run, or run twice."""
    assert await _order(mode) == list(everything(PLATFORMS[mode]))
    assert len(set(everything(PLATFORMS[mode]))) == len(everything(PLATFORMS[mode]))


def _noted() -> Iterator[str]:
    """The undos that the workflows name beside their steps, as `Class.method`."""
    for path in (Path(__file__).parents[2] / "workflows").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            named = [keyword.value for keyword in call.keywords if keyword.arg == "undo"]
            if isinstance(call.func, ast.Attribute) and call.func.attr == "note":
                named += call.args
            yield from (ast.unparse(one) for one in named if isinstance(one, ast.Attribute))


async def test_every_undo_that_a_story_notes_is_in_the_removals_order() -> None:
    """One that was forgotten there would leave forever what its step made."""
    noted = set(_noted())
    assert len(noted) >= 8
    removed = {undo for mode in PLATFORMS for undo in await _order(mode)}
    assert noted <= {getattr(undo, "__qualname__", "") for undo in removed}


@pytest.mark.parametrize("operation", ["rollback", "delete"])
async def test_nothing_at_aws_goes_while_the_platforms_side_stands(
    world: World, set_deadlines: SetDeadlines, operation: str
) -> None:
    """A connector or a PrivateLink that cannot be removed keeps all that it stands on, and all of it is listed."""
    set_deadlines(removal=BELOW_ANY_FLOOR)

    async def fail() -> None:
        raise CloudRefused("refused on purpose")

    async def run(undo: str) -> dict[str, int]:
        request = full_request(world.sandbox, f"behind-{undo}")
        world.faults.at(request.link.workflow_id, undo, "before", fail)
        if operation == "rollback":
            world.faults.at(request.link.workflow_id, "mark-complete", "before", fail)
        else:
            await world.links.create(request)
        with pytest.raises(RollbackIncomplete) as caught:
            await (world.links.create if operation == "rollback" else world.links.delete)(request)
        details = caught.value.details_model
        assert details.outcome is Outcome.INCOMPLETE
        left = counts(world.sandbox.books(), str(request.link))
        assert {"PrivateLink", *(part.kind for part in TAGGED)} <= {one.kind for one in details.leftovers}
        return {part.book: left.get(part.book, 0) for part in AT_AWS}

    expected = one_of_each(ports=2)
    whole = {part.book: expected[part.book] for part in AT_AWS}
    found = await asyncio.gather(*map(run, ("delete-connector", "delete-private-link")))
    assert found == [whole, whole]
