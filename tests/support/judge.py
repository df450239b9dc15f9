"""A judge holds what is said at the end of a saga against the books, at the moment at which it is said."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from privatelink.model.result import PrivateLinkResult
from tests.support.belongings import everything_of
from tests.support.said import falsehoods

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from temporalio.client import Client

    from privatelink.model.names import Link
    from tests.support.belongings import Known
    from tests.support.said import Ending

LOOKS = 5


class Run(NamedTuple):
    """A link's latest run at Temporal. `first` is the run that it goes back to through resets."""

    id: str
    first: str
    closed: bool


class Judge:
    """Judges endings. `false_endings` are those that the books contradict, in words; `judged` counts all of them.

    An ending is judged while its saga is the link's latest: what a later saga does to the link makes it no lie.
    """

    def __init__(self, books: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """`books` gives those of all places, as they are now."""
        self._books = books
        self.completed: defaultdict[Link, frozenset[str]] = defaultdict(frozenset)
        """Ids of all that creates have completed, by link."""
        self.false_endings: list[str] = []
        self.judged = 0
        self.stirred = 0
        """Grows with everything that somebody else does to what there is."""

    async def judge(self, client: Client, known: Known, ending: Ending) -> bool:
        """Hold the ending against the books. False where it is not the link's latest word any more."""
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
        """What is not true of it; what a create has completed is kept in mind."""
        found = falsehoods(ending, books, known)
        if isinstance(ending.said, PrivateLinkResult):
            self.completed[known.link] |= everything_of(books, known).keys()
        return found

    def tell(self, link: Link, *false: str) -> None:
        """Keep what is false. One that was judged before is false once."""
        told = [f"{link}: {one}" for one in false]
        self.false_endings += [one for one in told if one not in self.false_endings]


async def latest_run(client: Client, link: Link) -> Run | None:
    """The link's latest run; None when Temporal does not show one."""
    with suppress(RPCError):
        described = await client.get_workflow_handle(link.workflow_id).describe()
        first = described.raw_description.workflow_execution_info.first_run_id
        return Run(described.run_id, first, described.status != WorkflowExecutionStatus.RUNNING)
    return None
