"""Faults as boto3 meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.sandbox.conftest import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Aws


@pytest.mark.parametrize(
    ("kind", "ec2", "elb"),
    [
        ("throttle", ("RequestLimitExceeded", 503), ("ThrottlingException", 400)),
        ("server_error", ("InternalError", 500), ("InternalFailure", 500)),
        ("access_denied", ("UnauthorizedOperation", 403), ("AccessDenied", 403)),
    ],
)
def test_refusals_have_each_service_s_own_code(aws: Aws, kind: str, ec2: tuple[str, int], elb: tuple[str, int]) -> None:
    """ec2-api-throttling, elb-api-throttling, EC2 error codes, ELB common errors; and nothing is changed."""
    for action in ("DescribeSubnets", "CreateTargetGroup"):
        aws.sandbox.fault(action, kind)
    assert ec2 == refused(aws.ec2.describe_subnets)
    assert elb == refused(aws.target_group)
    assert {} == aws.sandbox.books()["aws"]
    aws.target_group()


_SCP = (
    "User: arn:aws:sts::210987654321:assumed-role/privatelink/worker is not authorized to perform:"
    " elasticloadbalancing:CreateTargetGroup with an explicit deny in a service control policy"
)
_SKEW = "Signature expired: 20151221T200419Z is now earlier than 20151221T200522Z (20151221T201022Z - 5 min.)"


@pytest.mark.parametrize(
    ("action", "code", "message", "status", "seen"),
    [
        ("CreateTargetGroup", "AccessDenied", _SCP, None, 403),
        ("CreateTargetGroup", "TagPolicyViolation", "The tag policy does not allow <none> for CostCenter", None, 400),
        ("DescribeSubnets", "RequestExpired", "Request has expired.", None, 400),
        ("GetCallerIdentity", "SignatureDoesNotMatch", _SKEW, None, 403),
        ("DescribeSubnets", "Unavailable", "The service is unavailable & will be back", 500, 500),
    ],
)
def test_a_refusal_has_the_words_that_were_reported(  # noqa: PLR0917 - a table
    aws: Aws, action: str, code: str, message: str, status: int | None, seen: int
) -> None:
    """Any action may be refused with any code and sentence; the HTTP status is the code's own unless it is given."""
    calls: dict[str, Callable[[], object]] = {
        "CreateTargetGroup": aws.target_group,
        "DescribeSubnets": aws.ec2.describe_subnets,
        "GetCallerIdentity": aws.sts.get_caller_identity,
    }
    aws.sandbox.fault(action, "refusal", code=code, message=message, **({"status": status} if status else {}))
    with pytest.raises(ClientError) as caught:
        calls[action]()
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (code, message, seen) == (error["Code"], error["Message"], metadata["HTTPStatusCode"])
    assert {} == aws.sandbox.books()["aws"]
    calls[action]()


def test_elb_says_that_the_rate_is_exceeded(aws: Aws) -> None:
    """elasticloadbalancing/latest/userguide/elb-api-throttling: "ThrottlingException" with "Rate exceeded"."""
    aws.sandbox.fault("DescribeLoadBalancers", "throttle")
    with pytest.raises(ClientError, match="Rate exceeded"):
        aws.elbv2.describe_load_balancers()


def test_a_lost_answer_leaves_the_effect(aws: Aws) -> None:
    """The call takes effect, the connection is closed without an answer: what idempotency is for."""
    aws.sandbox.fault("CreateLoadBalancer", "lost_reply")
    with pytest.raises(ConnectionClosedError):
        aws.load_balancer()
    assert ["orders"] == [
        one["name"] for one in aws.sandbox.books()["aws"]["210987654321"]["us-east-1"]["load_balancers"]
    ]
    assert aws.load_balancer()


def test_a_fault_hits_only_the_named_thing(aws: Aws) -> None:
    """`match` looks into the decoded request."""
    aws.sandbox.fault("CreateTargetGroup", "throttle", match="Name=orders-db")
    aws.target_group("payments")
    assert "ThrottlingException" == refused(lambda: aws.target_group("orders-db"))[0]


def test_a_slow_call_answers_late(aws: Aws) -> None:
    """`seconds` are of the sandbox, so they pass with its speed."""
    aws.set_clock(speed=1000)
    aws.sandbox.fault("DescribeSubnets", "slow", seconds=30)
    before = aws.control.get("/clock").json()["now"]
    aws.ec2.describe_subnets()
    assert 30 <= aws.control.get("/clock").json()["now"] - before


def test_what_the_sandbox_does_not_have_it_says(aws: Aws) -> None:
    """An action without an implementation is a named error, never an answer of another shape."""
    assert "InvalidAction" == refused(aws.elbv2.describe_account_limits)[0]
    missing = aws.ec2.create_vpc_endpoint_connection_notification
    parameters = {"ConnectionNotificationArn": "arn:aws:sns:us-east-1:210987654321:x", "ConnectionEvents": ["Accept"]}
    assert "UnsupportedOperation" == refused(missing, **parameters)[0]


def test_every_answer_has_its_own_request_id(aws: Aws) -> None:
    """Operators look calls up by it."""
    ids = {aws.ec2.describe_vpcs()["ResponseMetadata"]["RequestId"] for _ in range(2)}
    ids |= {aws.elbv2.describe_load_balancers()["ResponseMetadata"]["RequestId"] for _ in range(2)}
    assert 4 == len(ids)
