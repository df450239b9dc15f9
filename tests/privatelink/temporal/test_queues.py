"""Task queues: the one for all, and those of accounts."""

import pytest

from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import AwsAccess
from privatelink.settings import ACCOUNT_QUEUES
from privatelink.temporal.queues import account_queue, task_queue

ACCOUNT = "210987654321"
THEIRS = AwsAccess(region="us-east-1", role_arn=f"arn:aws:iam::{ACCOUNT}:role/privatelink")
OWN = AwsAccess(region="us-east-1")


def test_without_the_setting_all_run_on_one_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a small installation has it."""
    monkeypatch.delenv(ACCOUNT_QUEUES, raising=False)
    assert {task_queue(THEIRS), task_queue(OWN)} == {TASK_QUEUE}


def test_a_listed_account_has_a_queue_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody else moves to it."""
    monkeypatch.setenv(ACCOUNT_QUEUES, f"123456789012, {ACCOUNT}")
    assert task_queue(THEIRS) == account_queue(ACCOUNT) == f"{TASK_QUEUE}-{ACCOUNT}"
    assert task_queue(OWN) == TASK_QUEUE
    assert task_queue(THEIRS.model_copy(update={"role_arn": "arn:aws:iam::111111111111:role/x"})) == TASK_QUEUE


def test_a_list_of_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a saga would wait on a queue that nobody serves."""
    monkeypatch.setenv(ACCOUNT_QUEUES, "orders")
    with pytest.raises(ValueError, match="'orders': an account id has 12 digits"):
        task_queue(THEIRS)
