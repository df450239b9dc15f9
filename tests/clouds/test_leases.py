"""A lease: who was frozen for too long begins no write, at either cloud."""

import time
from collections.abc import Iterator

import pytest

from clouds import leases
from clouds.aws.accounts import AwsAccounts
from clouds.aws.budgets import Bucket
from clouds.leases import LEASE, Lease
from privatelink.errors import CloudUnavailable, NotYet
from privatelink.model.request import AwsAccess
from tests.clouds.emqx.test_http import AnsweringServer, answering_server

FROZEN = 1.0
"""Longer than the time-out of the frozen attempt."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringServer]:
    """A server in the place of both clouds, and refuses whatever it is asked."""
    with answering_server() as running:
        running.answer = (503, {}, b"")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield running


@pytest.fixture
def frozen() -> Iterator[Lease]:
    """The lease of an attempt that was frozen since it began."""
    lease = Lease(FROZEN / 2)
    token = LEASE.set(lease)
    time.sleep(FROZEN)
    yield lease
    LEASE.reset(token)


def test_a_lost_lease_stays_lost(frozen: Lease) -> None:
    """A tick that comes late must not renew it: another worker has the step."""
    frozen.renew()
    assert frozen.is_lost


def test_a_lease_that_is_renewed_lasts() -> None:
    """However long the attempt is."""
    lease = Lease(2.0)
    for _ in range(10):
        time.sleep(lease.tick_seconds)
        lease.renew()
    assert not lease.is_lost


async def test_no_write_is_begun_at_emqx_without_a_lease(server: AnsweringServer, frozen: Lease) -> None:
    """Reads go on: they change nothing."""
    call = server.api.call_of("calling", "it")
    for method in ("POST", "DELETE"):
        with pytest.raises(NotYet, match="frozen"):
            await server.api.send(method, "/connectors", call)
    with pytest.raises(CloudUnavailable):
        await server.api.send("GET", "/connectors", call)
    assert server.calls == ["GET /api/v5/connectors"]
    assert frozen.is_lost


async def test_no_write_is_begun_at_aws_without_a_lease(server: AnsweringServer, frozen: Lease) -> None:
    """Also when the freeze ended in the thread, after all that the activity could have looked at."""
    account = AwsAccounts().account(AwsAccess(region="us-east-1"))
    with pytest.raises(NotYet, match=r"DeleteListener.*frozen") as refused:
        await account.call(
            Bucket.ELB_WRITE, "deleting", "it", lambda clients: clients.elbv2.delete_listener(ListenerArn="arn")
        )
    assert refused.value.__cause__ is not refused.value, "no failure can be made of an error that is its own cause"
    assert server.calls == []
    with pytest.raises(CloudUnavailable):
        await account.call(Bucket.ELB_READ, "reading", "it", lambda clients: clients.elbv2.describe_load_balancers())
    assert len(server.calls) == 1
    assert frozen.is_lost


async def test_a_call_outside_of_an_attempt_needs_no_lease(server: AnsweringServer) -> None:
    """As the tools and the tests make them."""
    with pytest.raises(CloudUnavailable):
        await server.api.send("POST", "/connectors", server.api.call_of("calling", "it"))


def test_an_attempt_that_began_right_after_a_freeze_has_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporal may have given it to the frozen process, and to another one since."""
    pulse = leases.Pulse(tick_seconds=3600)
    monkeypatch.setattr(leases, "PULSE", pulse)
    monkeypatch.setattr(leases, "AFTER_A_FREEZE", FROZEN)
    pulse.begin()
    assert not Lease(30).is_lost
    pulse._tick_seconds = 0.0
    time.sleep(1.5 * FROZEN)
    assert Lease(30).is_lost
    for _ in range(12):
        time.sleep(FROZEN / 10)
        pulse.feel()
    assert not Lease(30).is_lost
