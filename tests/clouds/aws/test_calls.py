"""One call: its thread, its cancellation, its expired credentials. No AWS here."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from clouds.aws.budgets import Bucket, Budgets
from clouds.aws.calls import AccountCalls
from clouds.aws.sessions import Clients
from clouds.aws.threads import Threads
from clouds.polling.worker_count import WorkerCount
from privatelink.errors import CredentialsRefused


def caller(threads: Threads | None = None) -> AccountCalls:
    """A caller whose clients nobody uses."""
    budgets = Budgets("an account", "us-east-1", WorkerCount())
    return AccountCalls(Clients(Session, "us-east-1"), "us-east-1", budgets, threads or Threads(2))


def expired_times(times: int) -> Callable[[Clients], str]:
    """An operation that AWS refuses this many times because the token is too old."""
    left = iter(range(times))

    def operation(_: Clients) -> str:
        if next(left, None) is not None:
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": ""}}, "DescribeSubnets")
        return "answer"

    return operation


async def test_an_expired_token_is_refreshed_once() -> None:
    """Fresh credentials, then the same call again; nobody outside notices."""
    assert "answer" == await caller().call(Bucket.EC2_READ, "reading", "it", expired_times(1))


async def test_a_token_that_stays_expired_is_told() -> None:
    """When fresh ones are refused too, the worker's clock or role is wrong, and no loop cures that."""
    with pytest.raises(CredentialsRefused):
        await caller().call(Bucket.EC2_READ, "reading", "it", expired_times(2))


async def test_a_cancelled_write_ends_before_its_activity_does() -> None:
    """Otherwise the write would go on in its thread, and race the undo that follows the cancel."""
    begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def write(_: Clients) -> None:
        begun.set()
        may_end.wait(10)
        done.append("written")

    task = asyncio.create_task(caller().call(Bucket.ELB_WRITE, "creating", "it", write))
    await asyncio.to_thread(begun.wait)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ["written"] == done


async def test_a_cancelled_read_ends_at_once() -> None:
    """There is nothing to undo, so nobody has to wait for it."""
    begun, may_end = threading.Event(), threading.Event()

    def read(_: Clients) -> None:
        begun.set()
        may_end.wait(10)

    task = asyncio.create_task(caller().call(Bucket.ELB_READ, "reading", "it", read))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not may_end.is_set()
    may_end.set()
