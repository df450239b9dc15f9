"""Asks: how a saga asks a person, waits and reminds, and which answer fits a question."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import NamedTuple

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from privatelink.errors import DeadlinePassed
    from privatelink.model.deadlines import Deadline
    from privatelink.model.names import Link
    from privatelink.model.progress import Ask, Phase
    from privatelink.model.updates import Confirm
    from privatelink.pace import paced_delta
    from workflows.saga.pauses import Pauses
    from workflows.saga.progress import ProgressTracker

REMINDER_SECONDS = 86_400.0
"""Seconds of the cloud's clock between an ask and its first reminder, and between reminders: a day."""


class Task(NamedTuple):
    """What to do: on which page, the clicks in order, and the values to paste by field name."""

    message: str
    page: str
    clicks: tuple[str, ...] = ()
    paste: Mapping[str, str] = MappingProxyType({})


class Question(NamedTuple):
    """What a step needs from `confirm`: one of the `choices`, or else an address of `subject`.

    `names` are the addresses that AWS shows for it; the first one is proposed. `form` is a pattern that fits its other
    addresses.
    """

    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    subject: str = ""
    form: str = ""

    @property
    def proposal(self) -> str:
        """The address to use when none is given; empty when AWS shows none."""
        return next(iter(self.names), "")

    def refusal(self, confirm: Confirm) -> str:
        """Why this answer does not fit the question; empty when it does."""
        if self.choices:
            fits = confirm.vpc_endpoint_id in self.choices
            return "" if fits else f"vpc_endpoint_id must be one of {', '.join(self.choices)}"
        if confirm.vpc_endpoint_id:
            return "no vpc_endpoint_id is asked for"
        if not (confirm.address or self.proposal):
            return "AWS proposes no address, so one must be given"
        if confirm.address and not self._takes(confirm.address):
            endpoint = self.subject or "the endpoint"
            shows = ", ".join(self.names) or "none yet"
            return f"{confirm.address} is not an address of {endpoint}; AWS shows {shows}"
        return ""

    def _takes(self, address: str) -> bool:
        """Whether it is an address of the subject: one that AWS shows, or one in the form that AWS uses."""
        return address in self.names or bool(self.form and re.fullmatch(self.form, address))


class Asks:
    """Shows what the saga needs from a person, with reminders. No deadline of an ask counts a pause."""

    def __init__(self, tracker: ProgressTracker, link: Link, pauses: Pauses) -> None:
        """The tracker shows the asks."""
        self._tracker = tracker
        self._link = link
        self._pauses = pauses

    async def ask(
        self,
        phase: Phase,
        step: str,
        task: Task,
        commands: tuple[str, ...],
        deadline: Deadline,
        *,
        until: Callable[[], bool],
    ) -> None:
        """Ask, and wait. Raises `DeadlinePassed`."""
        async with self.asking(phase, step, task, commands, deadline):
            left = deadline.until - deadline.since
            while left:
                begun = workflow.now()
                try:
                    await workflow.wait_condition(until, timeout=left, timeout_summary="deadline of the ask")
                except TimeoutError:
                    left = self._pauses.after(begun)
                    await workflow.wait_condition(lambda: until() or not self._pauses.current)
                else:
                    return
            raise DeadlinePassed(
                f"waiting for a person: {task.message}; nobody did so before the deadline passed",
                resource=str(self._link),
                next_step="do it sooner next time, or raise PRIVATELINK_DEADLINE_PERSON",
            )

    @asynccontextmanager
    async def asking(
        self, phase: Phase, step: str, task: Task, commands: tuple[str, ...], deadline: Deadline
    ) -> AsyncIterator[None]:
        """Show the ask, and repeat it every day, until the block is left."""
        ask = Ask(
            step=step,
            message=task.message,
            page=task.page,
            clicks=task.clicks,
            paste=dict(task.paste),
            commands=commands,
            since=deadline.since,
            deadline=deadline.until,
        )
        self._tracker.ask(phase, ask)
        reminding = asyncio.create_task(self._remind(phase, step))
        try:
            yield
        finally:
            reminding.cancel()
            self._tracker.answered(phase, step)

    async def _remind(self, phase: Phase, step: str) -> None:
        while True:
            await workflow.sleep(paced_delta(REMINDER_SECONDS), summary="reminder")
            self._tracker.remind(phase, step)
