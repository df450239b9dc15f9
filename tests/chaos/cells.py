"""One cell of the matrix: a real saga with one fault at one step."""

import asyncio
from collections import defaultdict
from typing import Any

from temporalio.exceptions import ApplicationError

from privatelink.errors import CloudRefused, Outcome, PrivateLinkError, RollbackIncomplete
from privatelink.model.request import DeleteRequest
from tests.chaos.cell_laws import FIRST_CAUSE, CellLaws
from tests.chaos.console_clicks import ConsoleClicks
from tests.chaos.faults import FAULTS, HIDDEN_SECONDS, SLOW_SECONDS, Cell, Fault
from tests.chaos.harness import MatrixHarness
from tests.chaos.steps import STEPS, Story
from tests.support.person import CONSOLE
from tests.support.requests import full_request
from tests.support.sandbox import SPEED
from tests.support.step_faults import Hook, Moment, once

AWS_REMOVALS = (
    "reject-endpoint-connections",
    "remove-allowed-principals",
    "delete-endpoint-service",
    "delete-listeners",
    "delete-load-balancer",
    "delete-target-groups",
)
WAIT_FOR_CREATION, WAIT_FOR_DELETION = "wait-for-creation-by-hand", "wait-for-deletion-by-hand"


class CellRun:
    """One run of one cell. `outcome` is the word for the table; `finish` does what must be done later."""

    def __init__(self, harness: MatrixHarness, cell: Cell, number: int) -> None:
        """`number` makes the link's name unique."""
        self.cell = cell
        self.step = STEPS[cell.step]
        self._harness = harness
        name = f"c{number:03d}-{cell.fault}-{cell.step}"[:60].strip("-")
        listeners = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
        # A connector only if the step is about one: other cells are faster without it.
        connects = "connector" in cell.step
        more = {} if connects else {"connector": None}
        by_hand = {"platform": CONSOLE} if self.step.by_hand else {}
        self.request = full_request(harness.world.sandbox, name, listeners=listeners, **more, **by_hand)
        self.link = self.request.link
        self.left_behind = False
        self._clicks = ConsoleClicks(harness, self.link)
        self._laws = CellLaws(harness, cell, self.request)
        self._hooks: defaultdict[tuple[str, Moment], list[Hook]] = defaultdict(list)
        self._planted: list[dict[str, Any]] = []
        self._later: list[asyncio.Task[None]] = []
        harness.links.add(str(self.link))

    async def run(self) -> str:
        """Run it, and return the outcome in words. Raises `BrokenLawError`."""
        self._arm()
        try:
            outcome = await self._run()
            await asyncio.gather(*self._later)
        finally:
            await self._clicks.leave()
        self._laws.order_was_kept(left_behind=self.left_behind)
        return outcome

    async def _run(self) -> str:
        if self.step.story is Story.DELETE:
            return await self._deleting()
        try:
            created = await self._harness.world.links.create(self.request)
        except PrivateLinkError as error:
            await self._laws.fired(self._planted, error)
            await self._laws.answer(error, "create")
            return await self._ended(error)
        await self._laws.answer(created, "create")
        self._laws.hold(self.step.story is Story.CREATE, "a create that fails at its last step must not end well")
        await self._laws.fired(self._planted)
        await self._laws.counts(self._laws.one_of_each)
        await self.delete()
        return "complete"

    async def finish(self) -> str:
        """Delete what an incomplete run left, once the faults are over, and return the outcome in words."""
        if self.step.by_hand:
            await self._clicks.delete()
        try:
            await self._harness.world.links.delete(DeleteRequest.of(self.request), allow_failed=True)
        except RollbackIncomplete as error:
            self._laws.hold(self.cell.fault == "stuck", f"a later delete must finish it, but {error}")
            await self._laws.listed(error)
            return "listed again, since the cloud is stuck"
        await self._laws.counts({})
        return "finished by a delete"

    async def delete(self) -> None:
        """Delete a complete link, and check that nothing of it is left."""
        await self._harness.world.links.delete(DeleteRequest.of(self.request), allow_failed=True)
        await self._laws.counts({})

    async def _deleting(self) -> str:
        await self._harness.world.links.create(self.request)
        try:
            deleted = await self._harness.world.links.delete(DeleteRequest.of(self.request), allow_failed=True)
        except PrivateLinkError as error:
            await self._laws.fired(self._planted, error)
            await self._laws.answer(error, "delete")
            await self._laws.counts(self._laws.one_of_each)
            self._laws.cause(error)
            self.left_behind = True
            return f"nothing removed ({type(error).__name__})"
        await self._laws.fired(self._planted)
        await self._laws.answer(deleted, "delete")
        await self._laws.counts({})
        return "deleted"

    def _arm(self) -> None:
        harness, fault = self._harness, FAULTS[self.cell.fault]
        for removal in AWS_REMOVALS:
            self._at(removal, "before", self._laws.platform_is_first)
        if self.step.story is Story.ROLLBACK:
            self._at("mark-complete", "before", _failing)
        if fault.kind:
            self._arm_the_sandbox(fault)
        elif self.cell.fault == "killed":
            self._at(self.cell.step, "after", once(_vanish))
        elif self.cell.fault == "cancel":
            self._at(self.cell.step, "after", once(self._cancel))
        elif self.step.deleted:
            moment, by_hand = self.step.deleted

            async def delete() -> None:
                await asyncio.to_thread(by_hand, harness.clients, await harness.ids(self.link))

            if moment == "amid":
                # The step is held up, so that for a while the thing exists and the step is still running.
                self._arm_the_sandbox(FAULTS["stuck"])
                self._at(self.cell.step, "before", once(self._when_the_fault_has_hit(delete)))
            else:
                self._at(self.cell.step, moment, once(delete))
        if self.step.by_hand:
            # After the fault: a click before its step has begun would leave nothing to hit.
            self._at(WAIT_FOR_CREATION, "before", once(self._clicks.create))
            self._at("accept-endpoint-connection", "after", once(self._clicks.confirm_later))
            self._at(WAIT_FOR_DELETION, "before", once(self._clicks.delete))

    def _arm_the_sandbox(self, fault: Fault) -> None:
        """Plan the fault when its step begins: only then are the IDs known by which it hits this link alone."""
        at, action, match = self.cell.step, self.step.action, self.step.match
        if fault.kind in {"stuck", "failed"} and self.step.state_set_by:
            at, action, match = self.step.state_set_by

        async def plant() -> None:
            text = match(self.link, await self._harness.ids(self.link)) if match else None
            seconds = {"not_visible": HIDDEN_SECONDS, "slow": SLOW_SECONDS * SPEED}.get(fault.kind)
            more: dict[str, object] = {"times": fault.times, "match": text}
            await asyncio.to_thread(self._harness.world.sandbox.fault, action, fault.kind, seconds=seconds, **more)
            self._planted.append({"action": action, "kind": fault.kind} | more)

        self._at(at, "before", once(plant))

    def _when_the_fault_has_hit(self, hook: Hook) -> Hook:
        """A hook that returns at once, and runs `hook` once the fault has hit."""

        async def later() -> None:
            while not await self._laws.hits(self._planted):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)
            await hook()

        async def begin() -> None:
            self._later.append(asyncio.create_task(later()))

        return begin

    async def _cancel(self) -> None:
        await self._harness.world.handle(str(self.link)).cancel(reason="chaos")

    def _at(self, step: str, moment: Moment, hook: Hook) -> None:
        """Run the hook at that moment, after those that are already set."""
        hooks = self._hooks[step, moment]
        hooks.append(hook)

        async def all_of_them() -> None:
            for one in hooks:
                await one()

        self._harness.recorder.at(self.link.workflow_id, step, moment, all_of_them)

    async def _ended(self, error: PrivateLinkError) -> str:
        """Check the laws of a create that did not end well."""
        name, outcome = type(error).__name__, error.details_model.outcome
        self._laws.cause(error)
        if isinstance(error, RollbackIncomplete):
            self.left_behind = True
            await self._laws.listed(error)
            return "incomplete"
        self._laws.hold(outcome in {Outcome.REFUSED, Outcome.ROLLED_BACK}, f"{name} has no outcome: {error}")
        if self.step.by_hand and (await self._harness.ids(self.link)).private_link_id:
            # Its endpoint was deleted behind our back: only the console shows it, and the error asks a person to look.
            self._laws.hold(
                "still shows its PrivateLink as failed, delete it there" in str(error), f"nobody looks: {error}"
            )
            await self._clicks.delete()
        await self._laws.counts({})
        return f"{outcome} ({name})"


async def _vanish() -> None:
    raise ApplicationError("the worker is gone before it could tell")


async def _failing() -> None:
    raise CloudRefused(FIRST_CAUSE, resource="mark-complete")
