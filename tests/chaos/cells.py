"""One cell of the matrix: a real saga with one fault at one step, and the laws that its books must keep."""

import asyncio
from collections import defaultdict
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from privatelink.errors import CloudRefused, Outcome, PrivateLinkError, RollbackIncomplete
from privatelink.request import DeleteRequest
from tests.chaos.arena import Arena
from tests.chaos.clicks import Clicks
from tests.chaos.faults import FAULTS, HIDDEN_SECONDS, SLOW_SECONDS, Cell, Fault
from tests.chaos.steps import STEPS, Story
from tests.support.laws import counts, of_link
from tests.support.person import CONSOLE
from tests.support.requests import full_request
from tests.support.sandbox import SPEED
from tests.support.step_faults import Hook, Moment, once

ONE_OF_EACH = (
    "target_groups",
    "load_balancers",
    "listeners",
    "endpoint_services",
    "endpoint_connections",
    "private_links",
    "connectors",
)
AWS_REMOVALS = (
    "reject-endpoint-connections",
    "remove-allowed-principals",
    "delete-endpoint-service",
    "delete-listeners",
    "delete-load-balancer",
    "delete-target-groups",
)
WAIT_FOR_CREATION, WAIT_FOR_DELETION = "wait-for-creation-by-hand", "wait-for-deletion-by-hand"
FIRST_CAUSE = "failing mark-complete on purpose"


class BrokenLawError(AssertionError):
    """A law did not hold; the text names the cell."""


class CellRun:
    """One run of one cell. `outcome` is the word for the table; what must be finished later waits in `finish`."""

    def __init__(self, arena: Arena, cell: Cell, number: int) -> None:
        """`number` makes the link's name unlike every other."""
        self.cell = cell
        self.step = STEPS[cell.step]
        self._arena = arena
        name = f"c{number:03d}-{cell.fault}-{cell.step}"[:60].strip("-")
        listeners = [{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
        # A connector only where the step is about one: each listing of connectors is a look at every one of them.
        connects = "connector" in cell.step
        more = {} if connects else {"connector": None}
        by_hand = {"platform": CONSOLE} if self.step.by_hand else {}
        self.request = full_request(arena.world.sandbox, name, listeners=listeners, **more, **by_hand)
        self._one_of_each = {kind: 1 for kind in ONE_OF_EACH if connects or kind != "connectors"}
        self.link = self.request.link
        self.left_behind = False
        self._clicks = Clicks(arena, self.link)
        self._going = {"terminated", "failed"} if self.step.by_hand else set()
        self._hooks: defaultdict[tuple[str, Moment], list[Hook]] = defaultdict(list)
        self._planted: list[dict[str, Any]] = []
        self._out_of_order: list[str] = []
        arena.links.add(str(self.link))

    async def run(self) -> str:
        """Run it; the outcome in words. Raises `BrokenLawError`."""
        self._arm()
        try:
            outcome = await self._run()
        finally:
            await self._clicks.leave()
        # A rollback that nobody's click helped removes AWS's side all the same, and lists the PrivateLink.
        self._hold(
            not self._out_of_order or (self.step.by_hand and self.left_behind),
            f"the platform must go before AWS: {self._out_of_order}",
        )
        return outcome

    async def _run(self) -> str:
        if self.step.story is Story.DELETE:
            return await self._deleting()
        try:
            await self._arena.world.links.create(self.request)
        except PrivateLinkError as error:
            await self._hold_fired(error)
            return await self._ended(error)
        self._hold(self.step.story is Story.CREATE, "a create that fails at its last step must not end well")
        await self._hold_fired()
        await self._hold_counts(self._one_of_each)
        await self.delete()
        return "complete"

    async def finish(self) -> str:
        """A later delete, when the faults are over, of what an incomplete run left; its outcome in words."""
        if self.step.by_hand:
            await self._clicks.delete()
        try:
            await self._arena.world.links.delete(DeleteRequest.of(self.request), allow_failed=True)
        except RollbackIncomplete as error:
            self._hold(self.cell.fault == "stuck", f"a later delete must finish it, but {error}")
            await self._hold_listed(error)
            return "listed again, since the cloud is stuck"
        await self._hold_counts({})
        return "finished by a delete"

    async def delete(self) -> None:
        """Remove a complete link, and find nothing of it."""
        await self._arena.world.links.delete(DeleteRequest.of(self.request), allow_failed=True)
        await self._hold_counts({})

    async def _deleting(self) -> str:
        await self._arena.world.links.create(self.request)
        try:
            await self._arena.world.links.delete(DeleteRequest.of(self.request), allow_failed=True)
        except PrivateLinkError as error:
            await self._hold_fired(error)
            await self._hold_counts(self._one_of_each)
            self._hold_cause(error)
            self.left_behind = True
            return f"nothing removed ({type(error).__name__})"
        await self._hold_fired()
        await self._hold_counts({})
        return "deleted"

    def _arm(self) -> None:
        arena, fault = self._arena, FAULTS[self.cell.fault]
        for removal in AWS_REMOVALS:
            self._at(removal, "before", self._platform_is_first)
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
                await asyncio.to_thread(by_hand, arena.hands, await arena.ids(self.link))
                if moment == "amid":
                    await _vanish()

            self._at(self.cell.step, "before" if moment == "before" else "after", once(delete))
        if self.step.by_hand:
            # After the fault: a click that comes before its step has begun would leave nothing to hit.
            self._at(WAIT_FOR_CREATION, "before", once(self._clicks.create))
            self._at("accept-endpoint-connection", "after", once(self._clicks.confirm_later))
            self._at(WAIT_FOR_DELETION, "before", once(self._clicks.delete))

    def _arm_the_sandbox(self, fault: Fault) -> None:
        """Plan the fault when its step begins, since only then are the ids known by which it hits this link alone."""
        at, action, match = self.cell.step, self.step.action, self.step.match
        if fault.kind in {"stuck", "failed"} and self.step.fated_by:
            at, action, match = self.step.fated_by

        async def plant() -> None:
            text = match(self.link, await self._arena.ids(self.link)) if match else None
            seconds = {"not_visible": HIDDEN_SECONDS, "slow": SLOW_SECONDS * SPEED}.get(fault.kind)
            more: dict[str, object] = {"times": fault.times, "match": text}
            await asyncio.to_thread(self._arena.world.sandbox.fault, action, fault.kind, seconds=seconds, **more)
            self._planted.append({"action": action, "kind": fault.kind} | more)

        self._at(at, "before", once(plant))

    async def _cancel(self) -> None:
        await self._arena.world.handle(str(self.link)).cancel(reason="chaos")

    def _at(self, step: str, moment: Moment, hook: Hook) -> None:
        """Run the hook at that moment, after those that are there already."""
        hooks = self._hooks[step, moment]
        hooks.append(hook)

        async def all_of_them() -> None:
            for one in hooks:
                await one()

        self._arena.witness.at(self.link.workflow_id, step, moment, all_of_them)

    async def _platform_is_first(self) -> None:
        """Law: when a removal touches AWS, the platform's side of the link is gone."""
        if activity.info().attempt == 1:
            found = of_link(await self._arena.books(), str(self.link))
            # Of one that a person deletes only its end at AWS can be seen to go.
            rows = [one for one in found.get("private_links", []) if one["status"] not in self._going]
            if left := [*rows, *found.get("connectors", [])]:
                self._out_of_order.append(f"{activity.info().activity_id} runs before {left} is gone")

    async def _ended(self, error: PrivateLinkError) -> str:
        """Hold the laws of a create that did not end well."""
        name, outcome = type(error).__name__, error.details_model.outcome
        self._hold_cause(error)
        if isinstance(error, RollbackIncomplete):
            self.left_behind = True
            await self._hold_listed(error)
            return "incomplete"
        self._hold(outcome in {Outcome.REFUSED, Outcome.ROLLED_BACK}, f"{name} has no outcome: {error}")
        if self.step.by_hand and (await self._arena.ids(self.link)).private_link_id:
            # Its endpoint was deleted behind our back: only the console knows of it, and a person is told to look.
            self._hold("still shows its PrivateLink as failed, delete it there" in str(error), f"nobody looks: {error}")
            await self._clicks.delete()
        await self._hold_counts({})
        return f"{outcome} ({name})"

    def _hold_cause(self, error: PrivateLinkError) -> None:
        """Law: the first cause is in the error: what was said by the first step that failed."""
        said = str(error)
        if self.step.story is Story.ROLLBACK:
            self._hold(FIRST_CAUSE in said, f"the first cause ({FIRST_CAUSE}) is not in the error: {said}")
            return
        if self.cell.fault == "cancel":
            self._hold("cancel" in said.lower(), f"nothing in the error says that it was cancelled: {said}")
            return
        raised = self._arena.witness.raised[self.link.workflow_id]
        forward = [one for one in raised if STEPS.get(one[0]) and STEPS[one[0]].story is not Story.ROLLBACK]
        # Whether a step's own deadline or Temporal's comes first is a race: any word of the step that failed will do.
        failed = next((step for step, _, ends in forward if ends), forward[-1][0] if forward else "")
        sentences = [sentence for step, sentence, _ in forward if step == failed]
        self._hold(any(one in said for one in sentences), f"the first cause {sentences} is not in the error: {said}")

    async def _hold_listed(self, error: RollbackIncomplete) -> None:
        """Law: what is left is listed with its id, its reason, and the command that finishes it."""
        ids, details = await self._arena.ids(self.link), error.details_model
        listed = {left.id for left in details.leftovers}
        blind = any(left.kind == "unknown" for left in details.leftovers)
        unlisted = ids.everything - listed
        if self.step.by_hand and {left.kind for left in details.leftovers} & {"PrivateLink", "endpoint connection"}:
            # Its id only the console knows: what is listed is its endpoint at AWS.
            unlisted -= {ids.private_link_id}
        self._hold(blind or not unlisted, f"left, and not listed: {sorted(unlisted)}")
        self._hold(all(left.id and left.reason for left in details.leftovers), f"without id or reason: {details}")
        self._hold(
            blind or all(left.console for left in details.leftovers), f"without a console page: {details.leftovers}"
        )
        self._hold(f"privatelink delete {self.link}" in details.next_step, f"no command: {details.next_step}")

    async def _hold_counts(self, expected: dict[str, int]) -> None:
        """Law: complete with exactly one of everything, or nothing of ours left."""
        books = await self._arena.books()
        for _ in range(200 if self.cell.fault == "deleted" else 0):
            # What somebody deletes takes its time to go, and nobody of ours waits for it.
            if counts(books, str(self.link)) == expected:
                break
            await asyncio.sleep(0.05)
            books = await self._arena.books()
        found = counts(books, str(self.link))
        self._arena.orphans += sum(number for kind, number in found.items() if kind not in expected)
        self._arena.duplicates += sum(max(0, found.get(kind, 0) - number) for kind, number in expected.items())
        self._hold(found == expected, f"the books have {found}, not {expected}: {of_link(books, str(self.link))}")

    async def _hold_fired(self, ended: PrivateLinkError | None = None) -> None:
        """A cell whose fault never hit anything proves nothing."""
        planned = await asyncio.to_thread(self._arena.world.sandbox._json, "GET", "/faults")
        if FAULTS[self.cell.fault].kind:
            self._hold(bool(self._planted), f"its fault was never planted; it ended by {ended}")
        for mine in self._planted:
            hits = [one["hits"] for one in planned if all(one[key] == mine[key] for key in mine)]
            self._hold(any(hits), f"its fault hit nothing: {mine}; it ended by {ended}")
        self._hold(self.cell.step in self._arena.witness.seen[self.link.workflow_id], "its step was never reached")

    def _hold(self, holds: object, why: str) -> None:
        if not holds:
            raise BrokenLawError(f"{self.cell}: {why}")


async def _vanish() -> None:
    raise ApplicationError("the worker is gone before it could tell")


async def _failing() -> None:
    raise CloudRefused(FIRST_CAUSE, concerns="mark-complete")
