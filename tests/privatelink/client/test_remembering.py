"""What is remembered of a link, run by run: how a saga ended is not the state of the link."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from privatelink.client.remembering import Memory, Run
from privatelink.model.progress import Phase
from tests.support.cli import NOW

HERE, ELSEWHERE = "us-east-1", "eu-west-1"


def run(number: int, word: str) -> Run:
    """The run of such a word, as in `create running`, `delete refused at eu-west-1`, `create creating!` (terminated).

    A phase that ends nothing is of a run that goes on, unless it was terminated.
    """
    words, _, region = word.partition(" at ")
    operation, phase = words.split()
    reached = Phase(phase.rstrip("!"))
    ended = WorkflowExecutionStatus.COMPLETED if reached.ends else WorkflowExecutionStatus.RUNNING
    status = WorkflowExecutionStatus.TERMINATED if phase.endswith("!") else ended
    return Run(
        run_id=str(number),
        saga_id=str(number),
        operation=operation,
        status=status,
        reached=reached,
        account="111122223333" if operation == "create" else None,
        region=region or HERE,
        started_at=NOW + timedelta(hours=number),
        closed_at=None if status is WorkflowExecutionStatus.RUNNING else NOW + timedelta(hours=number, minutes=5),
    )


@pytest.mark.parametrize(
    ("runs", "shown", "stands"),
    [
        # An attempt that changed nothing, of whatever kind, leaves the link as it is.
        (["create running", "create refused"], 0, 0),
        (["create running", "delete refused"], 0, 0),
        (["create running", "create unchanged"], 0, 0),
        (["create running", "create checking!"], 0, 0),
        (["create running", "create refused", "delete refused", "create unchanged"], 0, 0),
        # What runs is shown; while it only checks, the link still stands by the one before.
        (["create running", "create checking"], 1, 0),
        (["create running", "delete deleting"], 1, 1),
        # What removed the link, or a create that left nothing, is what stands; the last attempt is shown then.
        (["create running", "delete deleted"], 1, 1),
        (["create running", "delete deleted", "create refused"], 2, 1),
        (["create creating!", "create rolled-back"], 1, 1),
        (["create refused"], 0, None),
        # A half removal stands until a delete finishes it or a create completes.
        (["create running", "delete incomplete"], 1, 1),
        (["create running", "delete incomplete", "create unchanged"], 1, 1),
        (["create running", "delete deleting!"], 1, 1),
        (["create running", "delete incomplete", "create running"], 2, 2),
        # What a create completed no later create takes away, whatever it leaves beside it.
        (["create running", "create creating!"], 0, 0),
        (["create running", "create incomplete"], 0, 0),
        (["create creating!"], 0, 0),
        (["create incomplete", "create refused"], 0, 0),
        # A saga that found nothing elsewhere says nothing about here.
        (["create running", f"delete deleted at {ELSEWHERE}"], 0, 0),
        (["create running", f"create rolled-back at {ELSEWHERE}"], 0, 0),
        (["create running", "delete deleted", f"create rolled-back at {ELSEWHERE}"], 2, 2),
        # A word of a later version counts as a change.
        (["create running", "move moved"], 1, 1),
    ],
)
def test_a_link_stands_by_its_last_saga_that_made_or_removed_something(
    runs: list[str], shown: int, stands: int | None
) -> None:
    """In whatever order Temporal lists the runs."""
    in_order = [run(number, word) for number, word in enumerate(runs)]
    for listed in (in_order, in_order[::-1]):
        memory = Memory.of(listed)
        assert str(shown) == memory.shown.run_id
        assert (None if stands is None else str(stands)) == (memory.stands and memory.stands.run_id)
        assert (None if shown == len(runs) - 1 else str(len(runs) - 1)) == (
            memory.last_attempt and memory.last_attempt.run_id
        )


def test_a_delete_by_the_workers_own_identity_is_listed_under_the_account_of_its_link() -> None:
    """It has not reported its account, and removes what a create in that account has made."""
    deleting = Memory.of([run(0, "create running"), run(1, "delete checking")])
    assert ("delete", "111122223333") == (deleting.shown.operation, deleting.account)
    assert Memory.of([run(0, "create running"), run(1, f"delete checking at {ELSEWHERE}")]).account is None
