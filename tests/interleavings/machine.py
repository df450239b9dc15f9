"""What can happen, in any order, and the laws that hold when everything has settled."""

import asyncio
import time
from contextlib import suppress
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from temporalio.service import RPCError, RPCStatusCode

from bench.crash import crash_request
from privatelink import PrivateLinkRequest
from privatelink.errors import LinkUnknown, PrivateLinkError, RollbackIncomplete
from tests.interleavings.playground import WORKERS, Playground
from tests.support.laws import of_link

LINKS = ("orders", "billing", "users")
COMPLETE = {
    "target_groups": 1,
    "load_balancers": 1,
    "listeners": 1,
    "endpoint_services": 1,
    "endpoint_connections": 1,
    "private_links": 1,
    "connectors": 1,
}
WRITES = (
    "CreateTargetGroup",
    "CreateLoadBalancer",
    "CreateListener",
    "CreateVpcEndpointServiceConfiguration",
    "ModifyVpcEndpointServicePermissions",
    "POST /deployments/{deploymentID}/privatelinks",
    "AcceptVpcEndpointConnections",
    "POST /connectors",
    "DELETE /connectors/{id}",
    "DELETE /deployments/{deploymentID}/privatelinks/{privatelinkID}",
    "DeleteVpcEndpointServiceConfigurations",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
)
FATES = (
    ("CreateLoadBalancer", "failed"),
    ("CreateVpcEndpointServiceConfiguration", "failed"),
    ("POST /deployments/{deploymentID}/privatelinks", "failed"),
    ("AcceptVpcEndpointConnections", "unsuccessful"),
    ("DeleteVpcEndpointServiceConfigurations", "unsuccessful"),
)
SETTLE_SECONDS = 240
"""Far above what settling takes; only a saga that hangs takes so long."""

A_LINK = st.sampled_from(LINKS)


class Interleavings(RuleBasedStateMachine):
    """One history of several links; `playground` is shared by all histories, the links' names are each one's own."""

    playground: ClassVar[Playground]

    def __init__(self) -> None:
        """Note what there is, which is nobody's business to change."""
        super().__init__()
        self._number = next(self.playground.numbers)
        self._before = self.playground.control("GET", "/books?all=1")
        self._creates: list[asyncio.Task[Any]] = []
        self._deletes: list[asyncio.Task[Any]] = []
        self._deleted: set[str] = set()
        self._half_deleted: set[str] = set()

    def _request(self, link: str) -> PrivateLinkRequest:
        return crash_request(self.playground.stage, f"{link}-{self._number}")

    @initialize(link=A_LINK)
    def begin(self, link: str) -> None:
        """No history is empty."""
        self.create(link)

    @rule(link=A_LINK)
    def create(self, link: str) -> None:
        """Somebody asks for a link; whether it runs, is being made or is being deleted."""
        self._creates.append(self.playground.begin(self.playground.create(self._request(link))))

    @rule(link=A_LINK)
    def delete(self, link: str) -> None:
        """Somebody deletes a link, whether it is there or not."""
        self._deleted.add(link)
        self._deletes.append(self.playground.begin(self.playground.delete(self._request(link))))

    @rule(link=A_LINK, times=st.sampled_from([1, 2]))
    def cancel(self, link: str, times: int) -> None:
        """Somebody cancels what runs of a link, also while it rolls back."""
        if link in self._deleted:
            self._half_deleted.add(link)
        for _ in range(times):
            self.playground.run(self._cancel(link))

    async def _cancel(self, link: str) -> None:
        handle = self.playground.stage.client.get_workflow_handle(self._request(link).link.workflow_id)
        try:
            await handle.cancel(reason="interleaved")
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    @rule(worker=st.sampled_from(WORKERS))
    def kill_worker(self, worker: str) -> None:
        """`kill -9`; another is started."""
        self.playground.run(self.playground.replace_worker(worker))

    @rule()
    def restart_temporal(self) -> None:
        """`kill -9`, and a start on the same database."""
        self.playground.run(self.playground.stage.restart_temporal())

    @rule(
        action=st.sampled_from(WRITES),
        kind=st.sampled_from(["lost_reply", "throttle", "server_error", "slow", "access_denied"]),
        times=st.sampled_from([1, 3, None]),
    )
    def break_call(self, action: str, kind: str, times: int | None) -> None:
        """A call goes wrong, a few times or until everything settles."""
        # Lost for ever would be an effect without end: every retry makes or removes again.
        self._fault(action, kind, times=times if kind != "lost_reply" else 1)

    @rule(fate=st.sampled_from(FATES))
    def break_thing(self, fate: tuple[str, str]) -> None:
        """The next thing of a kind fails by itself."""
        self._fault(*fate, times=1)

    def _fault(self, action: str, kind: str, *, times: int | None) -> None:
        self.playground.control("POST", "/faults", {"action": action, "kind": kind, "times": times})

    @rule(seconds=st.sampled_from([0.3, 1, 3]))
    def let_run(self, seconds: float) -> None:
        """Everybody gets on with it."""
        time.sleep(seconds)

    @rule(seconds=st.sampled_from([20, 120, 600]))
    def skip_time(self, seconds: int) -> None:
        """The clouds are later at once."""
        self.playground.control("PUT", "/clock", {"advance": seconds})

    def teardown(self) -> None:
        """Let everything settle; then each link is complete or nothing, and after deletes all is as before."""
        self.playground.control("DELETE", "/faults")
        self.playground.run(self._settle())
        books = self.playground.control("GET", "/books")
        for link in LINKS:
            self._check_link(link, of_link(books, str(self._request(link).link)))
        self.playground.run(self._delete_all())
        assert self._before == self.playground.control("GET", "/books?all=1")

    async def _settle(self) -> None:
        """Wait for every saga. A create may fail, but never with `RollbackIncomplete`."""
        await asyncio.wait([*self._creates, *self._deletes], timeout=SETTLE_SECONDS)
        unsettled = [task for task in [*self._creates, *self._deletes] if not task.done()]
        assert not unsettled, await self._what_runs()
        for ended in await asyncio.gather(*self._creates, return_exceptions=True):
            if isinstance(ended, RollbackIncomplete) or (
                isinstance(ended, BaseException) and not isinstance(ended, PrivateLinkError)
            ):
                raise ended
        for ended in await asyncio.gather(*self._deletes, return_exceptions=True):
            if isinstance(ended, BaseException) and not isinstance(ended, PrivateLinkError):
                raise ended

    async def _what_runs(self) -> str:
        """What each link's saga waits for, for a person."""
        words = []
        for link in LINKS:
            with suppress(LinkUnknown):
                status = await self.playground.links.status(self._request(link).link)
                words.append(f"{status.link}: {status.operation} {status.phase}, waiting: {status.waiting}")
        return "\n".join(words)

    def _check_link(self, link: str, found: dict[str, list[Any]]) -> None:
        counts = {kind: len(things) for kind, things in found.items()}
        if link in self._half_deleted:
            # A cancelled delete stops where it is.
            assert all(number <= COMPLETE[kind] for kind, number in counts.items()), (link, counts)
        elif counts:
            assert counts == COMPLETE, link
            assert [one["status"] for one in found["private_links"]] == ["running"], link
            assert [one["state"] for one in found["endpoint_connections"]] == ["available"], link

    async def _delete_all(self) -> None:
        await asyncio.gather(*(self.playground.delete(self._request(link)) for link in LINKS))
