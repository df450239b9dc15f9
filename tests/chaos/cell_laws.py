"""The laws that a cell's run must keep, checked in the sandbox's books and in what the saga answered."""

import asyncio
from typing import Any, Literal

from temporalio import activity

from privatelink.errors import PrivateLinkError, RollbackIncomplete
from privatelink.model.request import PrivateLinkRequest
from tests.chaos.faults import FAULTS, Cell
from tests.chaos.harness import MatrixHarness
from tests.chaos.steps import STEPS, Story
from tests.support.answers import Ending, SagaAnswer, falsehoods
from tests.support.belongings import Known
from tests.support.laws import counts, of_link, unmarked
from tests.support.parts import one_of_each

FIRST_CAUSE = "failing mark-complete on purpose"


class BrokenLawError(AssertionError):
    """A law did not hold; the text names the cell."""


class CellLaws:
    """The laws for one cell. Each raises `BrokenLawError` when it does not hold."""

    def __init__(self, harness: MatrixHarness, cell: Cell, request: PrivateLinkRequest) -> None:
        """`request` is the cell's link."""
        self.one_of_each = one_of_each(connector=request.connector is not None)
        self._harness = harness
        self._cell = cell
        self._step = STEPS[cell.step]
        self._link = request.link
        self._targets = {one.port: one.targets for one in request.listeners}
        # If its endpoint at AWS was deleted, the console still shows it.
        going = {"terminated", "failed"} if cell.fault == "deleted" else {"terminated"}
        self._going = going if self._step.by_hand else set()
        self._out_of_order: list[str] = []

    async def platform_is_first(self) -> None:
        """Check, when a removal touches AWS, whether the platform's side of the link is gone."""
        if activity.info().attempt == 1:
            found = of_link(await self._harness.books(), str(self._link))
            # If a person deletes it, a saga only sees its endpoint at AWS go.
            rows = [one for one in found.get("private_links", []) if one["status"] not in self._going]
            if left := [*rows, *found.get("connectors", [])]:
                self._out_of_order.append(f"{activity.info().activity_id} runs before {left} is gone")

    def order_was_kept(self, *, left_behind: bool) -> None:
        """Law: the platform goes before AWS."""
        # A rollback without a person's click still removes AWS's side, and lists the PrivateLink.
        self.hold(
            not self._out_of_order or (self._step.by_hand and left_behind),
            f"the platform must go before AWS: {self._out_of_order}",
        )

    def cause(self, error: PrivateLinkError) -> None:
        """Law: the error contains the first cause, the message of the first step that failed."""
        answer = str(error)
        if self._step.story is Story.ROLLBACK:
            self.hold(FIRST_CAUSE in answer, f"the first cause ({FIRST_CAUSE}) is not in the error: {answer}")
            return
        if self._cell.fault == "cancel":
            self.hold("cancel" in answer.lower(), f"nothing in the error says that it was cancelled: {answer}")
            return
        raised = self._harness.recorder.raised[self._link.workflow_id]
        forward = [one for one in raised if STEPS.get(one[0]) and STEPS[one[0]].story is not Story.ROLLBACK]
        # Which of two parallel steps fails first is a race, and so is whether a step's own deadline or Temporal's comes
        # first. So any message of a failed step will do.
        failed = {step for step, _, ends in forward if ends} or {step for step, _, _ in forward}
        sentences = [message for step, message, _ in forward if step in failed]
        self.hold(any(one in answer for one in sentences), f"the first cause {sentences} is not in the error: {answer}")

    async def answer(self, answer: SagaAnswer, operation: Literal["create", "delete"]) -> None:
        """Law: the answer is true, in every account, region and deployment."""
        if self._cell.fault == "deleted" and self._step.by_hand:
            # Only the console still shows what was deleted behind our back, and the error says so in its own words.
            return
        described = await self._harness.world.handle(str(self._link)).describe()
        ending = Ending(answer, described.raw_description.workflow_execution_info.first_run_id, operation)
        connector = f"mysql:{self._link.name}" if "connectors" in self.one_of_each else None
        ports = tuple(self._targets)
        known = Known(self._link, ports, connector, by_console=self._step.by_hand, targets=self._targets)
        false = falsehoods(ending, await self._harness.books(), known)
        self.hold(not false, "; ".join(false))

    async def listed(self, error: RollbackIncomplete) -> None:
        """Law: what is left is listed with its ID, its reason, and the command that finishes it."""
        ids, details = await self._harness.ids(self._link), error.details_model
        listed = {left.id for left in details.leftovers}
        blind = any(left.kind == "unknown" for left in details.leftovers)
        unlisted = ids.everything - listed
        if self._step.by_hand and {left.kind for left in details.leftovers} & {"PrivateLink", "endpoint connection"}:
            # Only the console knows its ID, so its endpoint at AWS is listed.
            unlisted -= {ids.private_link_id}
        self.hold(blind or not unlisted, f"left, and not listed: {sorted(unlisted)}")
        self.hold(all(left.id and left.reason for left in details.leftovers), f"without id or reason: {details}")
        self.hold(
            blind or all(left.console for left in details.leftovers), f"without a console page: {details.leftovers}"
        )
        self.hold(f"privatelink delete {self._link}" in details.next_step, f"no command: {details.next_step}")

    async def counts(self, expected: dict[str, int]) -> None:
        """Law: exactly one of everything when complete, otherwise nothing of ours left, in any account and region."""
        books = await self._harness.books()
        for _ in range(200 if self._cell.fault == "deleted" else 0):
            # A deletion by somebody else takes time, and none of our steps waits for it.
            if counts(books, str(self._link)) == expected:
                break
            await asyncio.sleep(0.05)
            books = await self._harness.books()
        found = counts(books, str(self._link))
        self._harness.orphans += sum(number for kind, number in found.items() if kind not in expected)
        self._harness.duplicates += sum(max(0, found.get(kind, 0) - number) for kind, number in expected.items())
        self.hold(found == expected, f"the books have {found}, not {expected}: {of_link(books, str(self._link))}")
        lost = unmarked(books, str(self._link))
        self.hold(not lost, f"left in some account or region, without the link's tag: {lost}")

    async def fired(self, planted: list[dict[str, Any]], ended: PrivateLinkError | None = None) -> None:
        """Check that the fault hit something; otherwise the cell proves nothing."""
        if FAULTS[self._cell.fault].kind:
            self.hold(bool(planted), f"its fault was never planted; it ended by {ended}")
        self.hold(await self.hits(planted), f"its fault hit nothing: {planted}; it ended by {ended}")
        self.hold(self._cell.step in self._harness.recorder.seen[self._link.workflow_id], "its step was never reached")

    async def hits(self, planted: list[dict[str, Any]]) -> bool:
        """Whether each of these faults has hit a call."""
        plan = await asyncio.to_thread(self._harness.world.sandbox._json, "GET", "/faults")
        return all(any(one["hits"] for one in plan if all(one[key] == mine[key] for key in mine)) for mine in planted)

    def hold(self, holds: object, why: str) -> None:
        """Raise `BrokenLawError` with this reason unless `holds` is true."""
        if not holds:
            raise BrokenLawError(f"{self._cell}: {why}")
