"""A client whose answers are all judged: every end of a saga, and of a fleet's links."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Self

from temporalio.client import Client

from privatelink import PrivateLinkRequest, PrivateLinks
from privatelink.client.applying import FleetRun
from privatelink.client.links import SagaHandle
from privatelink.errors import NoWorker, PrivateLinkError, TemporalUnreachable
from privatelink.model.fleet import Ending as FleetEnding
from privatelink.model.fleet import FleetResult
from privatelink.model.names import Link
from privatelink.model.progress import Operation
from privatelink.model.request import DeleteRequest
from privatelink.model.result import DeleteResult, PrivateLinkResult
from privatelink.model.updates import JoinCreate, JoinDelete
from tests.support.answers import Ending, SagaAnswer
from tests.support.belongings import Known
from tests.support.judge import Judge
from tests.support.sandbox import Sandbox


class WorldJudge(Judge):
    """Judges the ends of any link of a sandbox. It learns what identifies a link from the callers' requests."""

    sitting: ClassVar["WorldJudge | None"] = None
    """Judge of the world that this process works in."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Judge by the books of this sandbox."""
        super().__init__(lambda: asyncio.to_thread(sandbox.books))
        self._known: dict[Link, Known] = {}

    @classmethod
    @contextmanager
    def of(cls, sandbox: Sandbox) -> Iterator[Self]:
        """Judge until the block ends. Then any false ending fails the test, even if the test ignored the answer."""
        before, cls.sitting = cls.sitting, (judge := cls(sandbox))
        try:
            yield judge
        finally:
            WorldJudge.sitting = before
            assert not judge.false_endings, "\n".join(judge.false_endings)

    def learn(self, request: PrivateLinkRequest | DeleteRequest) -> None:
        """Also identify the link by what is in this request."""
        known = self.known(request.link)
        known.by_console = request.platform.mode == "console"
        if isinstance(request, PrivateLinkRequest):
            known.ports = tuple({*known.ports, *(one.port for one in request.listeners)})
            known.connector = request.connector.id if request.connector else known.connector

    def known(self, link: Link) -> Known:
        """What identifies the link, so far."""
        return self._known.setdefault(link, Known(link))

    async def hear(self, client: Client, link: Link, answer: SagaAnswer, saga_id: str, operation: Operation) -> None:
        """Judge the answer at the end of a saga."""
        if not isinstance(answer, NoWorker | TemporalUnreachable):
            await self.judge(client, self.known(link), Ending(answer, saga_id, operation, self.completed[link]))


class JudgedSaga(SagaHandle):
    """A saga whose end is judged before its caller gets it."""

    def __init__(self, links: "JudgedLinks", link: Link, operation: Operation, saga_id: str) -> None:
        """Be a saga of these links."""
        super().__init__(links.client, link, operation, saga_id)
        self._links = links

    async def result(self) -> PrivateLinkResult | DeleteResult:
        """Same as the client's own."""
        answer = await self.end()
        if isinstance(answer, PrivateLinkError):
            raise answer
        return answer

    async def end(self) -> SagaAnswer:
        """Return the result, or the error."""
        answer: SagaAnswer
        try:
            answer = await super().result()
        except PrivateLinkError as error:
            answer = error
        self._links.told.append(answer)
        await self._links.judge.hear(self._client, self.link, answer, self.saga_id, self._operation)
        return answer


class JudgedLinks(PrivateLinks):
    """Starts sagas and fleets whose ends are judged. `told` are the answers at those ends, in order."""

    def __init__(self, client: Client, judge: WorldJudge) -> None:
        """Same as the client's own, with this judge."""
        super().__init__(client)
        self.client = client
        self.judge = judge
        self.told: list[SagaAnswer | FleetResult] = []

    async def _join(self, join: JoinCreate | JoinDelete) -> SagaHandle:
        saga = await super()._join(join)
        self.judge.learn(join.request)
        return JudgedSaga(self, saga.link, join.operation, saga.saga_id)

    async def start_apply(self, requests: Sequence[PrivateLinkRequest], *, delete: Iterable[str] = ()) -> FleetRun:
        """Same as the client's own."""
        run = await super().start_apply(requests, delete=delete)
        for request in requests:
            self.judge.learn(request)
        return _JudgedRun(self, run)


class _JudgedRun(FleetRun):
    def __init__(self, links: JudgedLinks, run: FleetRun) -> None:
        super().__init__(run._handles, list(run._order))
        self._links = links

    async def result(self) -> FleetResult:
        result = await super().result()
        for one in result.links:
            # `unchanged` comes from Temporal's memory: no saga has checked it.
            if one.saga_id and one.ending is not FleetEnding.UNCHANGED:
                answer = await JudgedSaga(self._links, Link.parse(one.link), one.operation, one.saga_id).end()
                if one.went_well is isinstance(answer, PrivateLinkError):
                    self._links.judge.tell(
                        Link.parse(one.link), f"the fleet says `{one.ending}`, and its saga {answer!r}"
                    )
        self._links.told.append(result)
        return result
