"""Who hears every answer of the product, and holds it against the books of all places."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from privatelink.errors import NoWorker, PrivateLinkError, TemporalUnreachable
from privatelink.progress import Phase
from privatelink.result import PrivateLinkResult
from tests.support.belongings import Known, everything_of
from tests.support.said import Ending, Said, falsehoods

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from privatelink import PrivateLinks
    from privatelink.client import Saga
    from privatelink.progress import Operation
    from scripts.breakable import BreakableStage

REPEAT_SECONDS = 1.0
LOOKS = 5
LISTS = 10


class Run(NamedTuple):
    """A link's latest run at Temporal. `first` is the run that it goes back to through resets."""

    id: str
    first: str
    closed: bool


class Witness:
    """Hears what one history's callers are told. `false_endings` are the answers that the books contradict.

    An answer is judged while its saga is the link's latest: what a later saga does to the link makes it no lie.
    `judged` counts the answers that were, `endings` has the last of each link.
    """

    def __init__(self, stage: BreakableStage, known: dict[str, Known]) -> None:
        """`known`: the links of this history, by their short names."""
        self._stage = stage
        self._known = known
        self._completed = dict.fromkeys(known, frozenset[str]())
        self._standing = dict.fromkeys(known, frozenset[str]())
        self.endings: dict[str, Ending] = {}
        self.false_endings: list[str] = []
        self.judged = 0
        self.stirred = 0
        """Grows with everything that somebody else does to what there is."""

    def may_go(self, link: str) -> None:
        """From now on what was complete of the link need not stay: a delete was asked for, or its saga was broken."""
        self._standing[link] = frozenset()

    async def hear(self, link: str, start: Callable[[], Awaitable[Saga]], operation: Operation) -> Said:
        """Call as a caller does who repeats the call until somebody answers; judge what is answered."""
        saga_id = ""
        said: Said | None = None
        while said is None:
            try:
                saga = await start()
                saga_id = saga.saga_id
                said = await saga.result()
            except (NoWorker, TemporalUnreachable):
                await asyncio.sleep(REPEAT_SECONDS)
            except PrivateLinkError as error:
                said = error
        if saga_id:
            await self.judge(link, Ending(said, saga_id, operation, self._completed[link]))
        return said

    async def judge(self, link: str, ending: Ending) -> None:
        """Hold the ending against the books, if it still is the link's latest word."""
        for _ in range(LOOKS):
            before, stirred = await self._latest(link), self.stirred
            books = await self._stage.control("GET", "/books")
            after = await self._latest(link)
            if before is None or after is None or not (before.closed and ending.saga_id in {before.id, before.first}):
                return
            if before == after and stirred == self.stirred:
                break
        else:
            return
        self.judged += 1
        self.endings[link] = ending
        told = [f"{link}: {one}" for one in self._false(link, ending, books)]
        # One that was judged before is false once.
        self.false_endings += [one for one in told if one not in self.false_endings]

    async def judge_again(self) -> None:
        """Hold each link's last word against the books as they are when all has settled."""
        for link, ending in tuple(self.endings.items()):
            await self.judge(link, ending)

    async def judge_lists(self, links: PrivateLinks) -> None:
        """Hold the list of running links against the books: what runs is in it, and what is in it is there."""
        found: list[str] = []
        for _ in range(LISTS):
            running = {one.link for one in await links.list(phase=Phase.RUNNING)}
            books = await self._stage.control("GET", "/books")
            found = [one for link in self._known for one in self._false_in_list(link, running, books)]
            if not found:
                break
            # Temporal's lists follow what runs by a moment.
            await asyncio.sleep(REPEAT_SECONDS)
        self.judged += 1
        self.false_endings += found

    def _false_in_list(self, link: str, running: set[str], books: dict[str, Any]) -> list[str]:
        known = self._known[link]
        there = everything_of(books, known)
        if str(known.link) not in running:
            return [f"{link}: it runs, and no list of running links shows it"] if self._standing[link] else []
        missing = {"load balancer", "endpoint service", "PrivateLink"} - {thing.kind for thing in there.values()}
        return [f"{link}: a list shows it running without {', '.join(sorted(missing))}"] if missing else []

    def _false(self, link: str, ending: Ending, books: dict[str, Any]) -> list[str]:
        found = falsehoods(ending, books, self._known[link])
        there = frozenset(everything_of(books, self._known[link]))
        if isinstance(ending.said, PrivateLinkResult):
            self._completed[link] |= there
            self._standing[link] = there
        elif gone := self._standing[link] - there:
            found.append(f"{ending.word}, and of the link that ran these are gone: {', '.join(sorted(gone))}")
        return found

    async def _latest(self, link: str) -> Run | None:
        handle = self._stage.client.get_workflow_handle(self._known[link].link.workflow_id)
        with suppress(RPCError):
            described = await handle.describe()
            first = described.raw_description.workflow_execution_info.first_run_id
            return Run(described.run_id, first, described.status != WorkflowExecutionStatus.RUNNING)
        return None


async def unless_ended(call: Awaitable[object]) -> None:
    """Make a call of Temporal's about a saga that may have ended, or never been."""
    try:
        await call
    except RPCError as error:
        if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.UNAVAILABLE}:
            raise
