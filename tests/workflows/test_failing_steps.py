"""Failure at each step, taken from the happy run: nothing is left, and the first error is the cause."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from privatelink.errors import CloudRefused, Outcome, PrivateLinkError
from tests.support.laws import NOTHING
from tests.support.requests import full_request
from tests.support.step_faults import Moment
from tests.support.world import World


def _failure(step: str, moment: Moment) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise CloudRefused(f"failing {step} on purpose, {moment} its effect", resource=step)

    return fail


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_failure_at_any_step_leaves_nothing_and_names_the_first_cause(world: World, moment: Moment) -> None:
    """For every step of the happy run: fail it before its effect, or after it with the reply lost."""
    happy = full_request(world.sandbox, "happy")
    await world.links.create(happy)
    await world.links.delete(happy)
    steps = [
        step
        for step in world.faults.seen[happy.link.workflow_id]
        if not step.startswith(("delete", "reject", "remove"))
    ]
    create_steps = steps[: steps.index("mark-complete") + 1]

    async def run(step: str) -> tuple[str, Outcome | None, str]:
        request = full_request(world.sandbox, f"f-{step}"[:60].strip("-"))
        world.faults.at(request.link.workflow_id, step, moment, _failure(step, moment))
        try:
            await world.links.create(request)
        except PrivateLinkError as error:
            return type(error).__name__, error.details_model.outcome, error.details_model.resource
        return "no error", None, ""

    outcomes = dict(zip(create_steps, await asyncio.gather(*(run(step) for step in create_steps)), strict=True))
    checks = {"look-up-deployment", "check-provider", "check-connector"}
    assert outcomes == {
        step: ("CloudRefused", Outcome.REFUSED if step in checks else Outcome.ROLLED_BACK, step)
        for step in create_steps
    }
    assert world.sandbox.books() == NOTHING
