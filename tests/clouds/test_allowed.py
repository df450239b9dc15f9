"""What a cloud has let us do before, asked of AWS as the sandbox plays it."""

from typing import TYPE_CHECKING

import pytest

from clouds import allowed
from clouds.allowed import Allowed
from clouds.aws.accounts import AwsAccounts
from clouds.aws.budgets import Bucket
from privatelink.errors import AccessDenied
from privatelink.model.request import AwsAccess
from tests.support.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from clouds.aws.sessions import Clients


async def test_a_denied_action_of_aws_says_whether_it_was_allowed_before(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Each action by itself; the change of one is logged once, and its end too."""
    account = AwsAccounts().account(AwsAccess(region="us-east-1"))

    async def read(operation: "Callable[[Clients], object]") -> None:
        await account.call(Bucket.EC2_READ, "reading", "it", operation)

    async def denied(operation: "Callable[[Clients], object]") -> bool:
        with pytest.raises(AccessDenied) as raised:
            await read(operation)
        return raised.value.was_allowed

    def subnets(clients: "Clients") -> object:
        return clients.ec2.describe_subnets()

    await read(subnets)
    sandbox.fault("DescribeSubnets", "access_denied", times=3)
    sandbox.fault("DescribeVpcs", "access_denied")
    assert [await denied(subnets) for _ in range(3)] == [True] * 3
    assert not await denied(lambda clients: clients.ec2.describe_vpcs())
    await read(subnets)
    told = [(record.levelname, record.message) for record in caplog.records if record.name == "privatelink.allowed"]
    assert [level for level, _ in told] == ["ERROR", "WARNING"]
    assert "DescribeSubnets" in told[1][1]


def test_no_more_calls_are_remembered_than_a_worker_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call may be known by its deployment; a worker that has forgotten one is as if it had just started."""
    monkeypatch.setattr(allowed, "MOST_CALLS", 3)
    of_key = Allowed()

    def was_allowed(call: str) -> bool:
        error = AccessDenied("no")
        of_key.refused(call, error)
        return error.was_allowed

    for number in (0, 1, 2, 1, 2):
        of_key.succeeded(f"POST in deployment {number}")
    assert all(was_allowed(f"POST in deployment {number}") for number in range(3))
    of_key.succeeded("POST in deployment 3")
    assert [False, True] == [was_allowed(f"POST in deployment {number}") for number in (0, 3)]
