"""A judge for one history: it hears every answer of the product, and compares it with the books of all places."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from temporalio.service import RPCError, RPCStatusCode

from privatelink.errors import NoWorker, PrivateLinkError, TemporalUnreachable
from privatelink.model.progress import Phase
from privatelink.model.result import PrivateLinkResult
from tests.support.answers import Ending, SagaAnswer
from tests.support.belongings import Known, everything_of
from tests.support.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from privatelink import PrivateLinks
    from privatelink.client.links import SagaHandle
    from privatelink.model.progress import Operation
    from scripts.breakable import BreakableStage

REPEAT_SECONDS = 1.0
LISTS = 10


class HistoryJudge(Judge):
    """Hears and judges the answers to one history's callers. `endings` has the last judged ending of each link."""

    def __init__(self, stage: BreakableStage, known: dict[str, Known]) -> None:
        """`known` are the links of this history, by their short names."""
        super().__init__(lambda: stage.control("GET", "/books"))
        self._stage = stage
        self._known = known
        self._standing = {one.link: frozenset[str]() for one in known.values()}
        self._may_go: Counter[str] = Counter()
        self._deleting: Counter[str] = Counter()
        self._overtaken: set[str] = set()
        """IDs of the creates that were answered when something might have removed the link already."""
        self.endings: dict[str, Ending] = {}

    def may_go(self, link: str) -> None:
        """Let the complete link go from now on: a delete was requested, or its saga was broken."""
        self._may_go[link] += 1
        self._standing[self._known[link].link] = frozenset()

    async def hear(self, link: str, start: Callable[[], Awaitable[SagaHandle]], operation: Operation) -> SagaAnswer:
        """Repeat the call until there is an answer, and judge the answer."""
        before = self._may_go[link]
        self._deleting[link] += operation == "delete"
        saga_id, answer = await self._answer(start)
        self._deleting[link] -= operation == "delete"
        if self._deleting[link] or self._may_go[link] > before:
            self._overtaken.add(saga_id)
        if saga_id:
            completed = self.completed[self._known[link].link]
            await self._judge(link, Ending(answer, saga_id, operation, completed))
        return answer

    async def _answer(self, start: Callable[[], Awaitable[SagaHandle]]) -> tuple[str, SagaAnswer]:
        """Return the saga's ID ("" if none was started or joined), and its answer."""
        saga_id = ""
        while True:
            try:
                saga = await start()
                saga_id = saga.saga_id
                return saga_id, await saga.result()
            except (NoWorker, TemporalUnreachable):
                await asyncio.sleep(REPEAT_SECONDS)
            except PrivateLinkError as error:
                return saga_id, error

    async def _judge(self, link: str, ending: Ending) -> None:
        if await self.judge(self._stage.client, self._known[link], ending):
            self.endings[link] = ending

    async def judge_again(self) -> None:
        """Compare each link's last ending with the books after everything has settled."""
        for link, ending in tuple(self.endings.items()):
            await self._judge(link, ending)

    async def judge_lists(self, links: PrivateLinks) -> None:
        """Compare the list of running links with the books: each running link is in it, and each link in it exists."""
        found: list[str] = []
        for _ in range(LISTS):
            running = {one.link for one in await links.list(phase=Phase.RUNNING)}
            books = await self._stage.control("GET", "/books")
            found = [one for link in self._known for one in self._false_in_list(link, running, books)]
            if not found:
                break
            # Temporal's lists lag a moment behind.
            await asyncio.sleep(REPEAT_SECONDS)
        self.judged += 1
        self.false_endings += found

    def _false_in_list(self, link: str, running: set[str], books: dict[str, Any]) -> list[str]:
        known = self._known[link]
        there = everything_of(books, known)
        if str(known.link) not in running:
            return [f"{link}: it runs, and no list of running links shows it"] if self._standing[known.link] else []
        missing = {"load balancer", "endpoint service", "PrivateLink"} - {thing.kind for thing in there.values()}
        return [f"{link}: a list shows it running without {', '.join(sorted(missing))}"] if missing else []

    def falsehoods(self, known: Known, ending: Ending, books: dict[str, Any]) -> list[str]:
        """Check also that a link that ran, and that nobody asked to delete, is still complete."""
        found = super().falsehoods(known, ending, books)
        there = frozenset(everything_of(books, known))
        if isinstance(ending.answer, PrivateLinkResult):
            self._standing[known.link] = frozenset() if ending.saga_id in self._overtaken else there
        elif gone := self._standing[known.link] - there:
            found.append(f"{ending.word}, and of the link that ran these are gone: {', '.join(sorted(gone))}")
        return found


async def unless_ended(call: Awaitable[object]) -> None:
    """Make a call to Temporal about a saga that may have ended, or may never have existed."""
    try:
        await call
    except RPCError as error:
        if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.UNAVAILABLE}:
            raise
