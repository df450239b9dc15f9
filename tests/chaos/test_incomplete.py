"""An incomplete rollback: what fails is retried until its deadline, the rest goes on, and what is left is listed."""

import asyncio
from dataclasses import dataclass

import pytest
from temporalio.exceptions import ApplicationError

from privatelink.errors import CloudRefused, Leftover, Outcome, PrivateLinkError, RollbackIncomplete
from privatelink.model.request import DeleteRequest
from tests.chaos.foreign_clients import Ids
from tests.chaos.harness import MatrixHarness
from tests.support.deadlines import SetDeadlines
from tests.support.laws import counts
from tests.support.parts import AT_AWS
from tests.support.requests import full_request

pytestmark = pytest.mark.chaos

ALL_OF_AWS = {part.kind for part in AT_AWS}


@dataclass(frozen=True)
class Case:
    """A create that fails at its last step, with `undo` refused forever: what is left, by kind, and why."""

    undo: str
    left: frozenset[str]
    why: str = "AccessDenied"


CASES = {
    "an undo that nothing depends on": Case("delete-target-groups", frozenset({"target group"})),
    "an undo before a gate that opens": Case("remove-allowed-principals", frozenset()),
    "the gate of the platform": Case("delete-private-link", frozenset({"PrivateLink"} | ALL_OF_AWS)),
    "the gate of the connector": Case("delete-connector", frozenset({"connector", "PrivateLink"} | ALL_OF_AWS)),
    "the gate of the endpoint service": Case(
        "delete-endpoint-service", frozenset({"endpoint service", "listener", "load balancer", "target group"})
    ),
}


@pytest.fixture
def removal_deadline(set_deadlines: SetDeadlines) -> None:
    """Set it to half a minute of real time."""
    set_deadlines(removal=30)


@pytest.mark.usefixtures("removal_deadline")
async def test_a_rollback_that_cannot_lists_what_is_left_and_a_delete_finishes_it(harness: MatrixHarness) -> None:
    """Each has its ID, console page and last error. Independent things are gone; things behind a gate are kept."""
    denied = {}
    tries = dict.fromkeys(CASES, 0)

    async def run(number: int, words: str, case: Case) -> tuple[PrivateLinkError, Ids]:
        request = full_request(
            harness.world.sandbox, f"n{number}", listeners=[{"port": 3306, "targets": ["10.0.1.15", "10.0.2.15"]}]
        )
        denied[words] = request
        harness.links.add(str(request.link))

        async def fail() -> None:
            raise CloudRefused("failing mark-complete on purpose")

        async def deny() -> None:
            tries[words] += 1
            message = f"AccessDenied: {case.undo} is not allowed"
            raise ApplicationError(message, type="AccessDenied")

        harness.recorder.at(request.link.workflow_id, "mark-complete", "before", fail)
        harness.recorder.at(request.link.workflow_id, case.undo, "before", deny)
        with pytest.raises(PrivateLinkError) as caught:
            await harness.world.links.create(request)
        return caught.value, await harness.ids(request.link)

    ended = await asyncio.gather(*(run(number, *case) for number, case in enumerate(CASES.items())))

    for (words, case), (error, ids) in zip(CASES.items(), ended, strict=True):
        link, details = denied[words].link, error.details_model
        assert tries[words] > 3, words
        assert "failing mark-complete on purpose" in details.message, words
        assert case.left == {left.kind for left in details.leftovers}, words
        if not case.left:
            assert (Outcome.ROLLED_BACK, frozenset()) == (details.outcome, ids.everything), words
            continue
        assert isinstance(error, RollbackIncomplete), words
        assert ids.everything <= {left.id for left in details.leftovers}, words
        assert all(case.why in left.reason for left in details.leftovers), words
        assert {left.id: True for left in details.leftovers} == {
            left.id: left.console in details.message and _is_page_of(left) for left in details.leftovers
        }
        assert f"privatelink delete {link}" in details.next_step, words

    for case, request in zip(CASES.values(), denied.values(), strict=True):
        harness.recorder.at(request.link.workflow_id, case.undo, "before", _nothing)
    await asyncio.gather(
        *(harness.world.links.delete(DeleteRequest.of(one), allow_failed=True) for one in denied.values())
    )
    books = await harness.books()
    assert {} == {str(one.link): found for one in denied.values() if (found := counts(books, str(one.link)))}
    assert [] == await harness.touched()


def _is_page_of(left: Leftover) -> bool:
    """AWS's pages are URLs that name the thing (for a connection, its service); EMQX's are described in words."""
    if left.kind in {"PrivateLink", "connector"}:
        return left.console.startswith("EMQX Platform Console, deployment w41b11c0, ")
    named = left.id in left.console or (left.kind == "endpoint connection" and "vpce-svc-" in left.console)
    return left.console.startswith("https://us-east-1.console.aws.amazon.com/") and named


async def _nothing() -> None:
    pass
