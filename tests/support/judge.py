"""A judge compares the answer at the end of a saga with the books, at the moment when it is given."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from privatelink.model.result import PrivateLinkResult
from tests.support.answers import falsehoods
from tests.support.belongings import everything_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from temporalio.client import Client

    from privatelink.model.names import Link
    from tests.support.answers import Ending
    from tests.support.belongings import Known

LOOKS = 5


class Run(NamedTuple):
    """A link's latest run at Temporal. `first` is the original run, before any resets."""

    id: str
    first: str
    closed: bool


class Judge:
    """Judges endings. `false_endings` are those that the books contradict, in words; `judged` counts all endings.

    An ending is judged only while its saga is the link's latest: what a later saga does to the link makes it no lie.
    """

    def __init__(self, books: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """`books` returns the current books of all places."""
        self._books = books
        self.completed: defaultdict[Link, frozenset[str]] = defaultdict(frozenset)
        """IDs of everything that creates have completed, by link."""
        self.false_endings: list[str] = []
        self.judged = 0
        self.stirred = 0
        """Counter that grows with everything that somebody else does to the link's things."""

    async def judge(self, client: Client, known: Known, ending: Ending) -> bool:
        """Compare the ending with the books. Return False, and judge nothing, if it is no longer the link's latest."""
        for _ in range(LOOKS):
            before, stirred = await latest_run(client, known.link), self.stirred
            books = await self._books()
            after = await latest_run(client, known.link)
            if before is None or after is None or not (before.closed and ending.saga_id in {before.id, before.first}):
                return False
            if before == after and stirred == self.stirred:
                break
        else:
            return False
        self.judged += 1
        self.tell(known.link, *self.falsehoods(known, ending, books))
        return True

    def falsehoods(self, known: Known, ending: Ending, books: dict[str, Any]) -> list[str]:
        """What is not true of the ending. Also remembers what a create has completed."""
        found = falsehoods(ending, books, known)
        if isinstance(ending.answer, PrivateLinkResult):
            self.completed[known.link] |= everything_of(books, known).keys()
        return found

    def tell(self, link: Link, *false: str) -> None:
        """Record what is false. An ending that was judged before counts once."""
        told = [f"{link}: {one}" for one in false]
        self.false_endings += [one for one in told if one not in self.false_endings]


async def latest_run(client: Client, link: Link) -> Run | None:
    """The link's latest run; None if Temporal shows none."""
    with suppress(RPCError):
        described = await client.get_workflow_handle(link.workflow_id).describe()
        first = described.raw_description.workflow_execution_info.first_run_id
        return Run(described.run_id, first, described.status != WorkflowExecutionStatus.RUNNING)
    return None
