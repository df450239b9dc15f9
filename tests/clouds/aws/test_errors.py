"""What AWS's codes mean to us."""

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from clouds.aws.codes import is_code
from clouds.aws.errors import translated
from clouds.aws.refusals import Refusal, refused
from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CloudUnavailable,
    CredentialsRefused,
    NotAllowed,
    NotYet,
    PrivateLinkError,
    QuotaExceeded,
    Throttled,
    UnknownCloudError,
)

OPERATIONS = (
    "AddTags",
    "CreateListener",
    "CreateLoadBalancer",
    "CreateTargetGroup",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "DeregisterTargets",
    "DescribeListeners",
    "DescribeLoadBalancers",
    "DescribeTags",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
    "ModifyLoadBalancerAttributes",
    "ModifyTargetGroupAttributes",
    "RegisterTargets",
)
"""Every ELBv2 operation that we call."""


def elbv2_codes() -> list[str]:
    """The codes that the botocore model gives for them."""
    model = botocore.session.get_session().get_service_model("elbv2")
    shapes = [shape for name in OPERATIONS for shape in model.operation_model(name).error_shapes]
    return sorted({shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes})


def client_error(code: str, message: str = "", status: int = 400, operation: str = "CreateListener") -> ClientError:
    """What boto3 raises for an answer with this code."""
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "req-1"},
    }
    return ClientError(answer, operation)


@pytest.mark.parametrize("code", elbv2_codes())
def test_every_code_of_the_model_is_known(code: str) -> None:
    """A botocore that brings a new code for an operation that we call fails here, not at three in the morning."""
    assert not isinstance(refused(Refusal(code, ""), "creating the listener", "3306"), UnknownCloudError)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("RequestLimitExceeded", 503, Throttled),
        ("ThrottlingException", 400, Throttled),
        ("Throttling", 400, Throttled),
        ("InternalError", 500, CloudUnavailable),
        ("SomethingNew", 502, CloudUnavailable),
        ("ResourceInUse", 400, NotYet),
        ("ExistingVpcEndpointConnections", 400, NotYet),
        ("SomethingNew", 400, UnknownCloudError),
        ("", 400, UnknownCloudError),
    ],
)
def test_waiting_helps_against_what_passes(code: str, status: int, kind: type[PrivateLinkError]) -> None:
    """Throttling, server errors, busy things and codes that nobody knows are retried."""
    error = translated(client_error(code, status=status), "creating the listener", "3306")
    assert kind is type(error)
    assert not error.non_retryable


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AuthFailure", CredentialsRefused),
        ("ExpiredToken", CredentialsRefused),
        ("UnauthorizedOperation", AccessDenied),
        ("AccessDenied", AccessDenied),
        ("TooManyLoadBalancers", QuotaExceeded),
        ("VpcEndpointServiceLimitExceeded", QuotaExceeded),
        ("InvalidParameterValue", CloudRefused),
        ("IdempotentParameterMismatch", CloudRefused),
        ("Blocked", CredentialsRefused),
        ("OptInRequired", CredentialsRefused),
        ("PendingVerification", CredentialsRefused),
        ("TargetGroupNotFound", CloudRefused),
    ],
)
def test_a_person_must_act_on_what_does_not_pass(code: str, kind: type[PrivateLinkError]) -> None:
    """Refusals for good are not retried, those of who we come as in the checks alone; each has a next step."""
    error = translated(client_error(code, "no"), "creating the listener", "3306")
    assert kind is type(error)
    assert error.non_retryable is not issubclass(kind, NotAllowed)
    assert error.details_model.next_step


def test_not_found_is_a_matter_of_moments_until_it_settles() -> None:
    """The same code means 'not yet' right after a create, and an end afterwards."""
    now = datetime.now(UTC)
    raised = client_error("TargetGroupNotFound")
    assert NotYet is type(translated(raised, "creating the listener", "3306", now + timedelta(minutes=1)))
    assert CloudRefused is type(translated(raised, "creating the listener", "3306", now - timedelta(seconds=1)))


def test_a_refused_role_is_a_matter_of_credentials() -> None:
    """AccessDenied on AssumeRole is no missing permission of a step: the trust policy is wrong."""
    error = translated(client_error("AccessDenied", operation="AssumeRole"), "reading the subnets", "subnet-1")
    assert isinstance(error, CredentialsRefused)
    assert "external_id" in error.details_model.next_step


def test_the_sentence_says_what_was_done_to_what_and_why() -> None:
    """Doing X (id): code, AWS's words, and the request id that AWS Support asks for."""
    error = translated(client_error("InvalidTarget", "Not a target"), "registering targets", "tg-1")
    assert "registering targets (tg-1): InvalidTarget: Not a target [request req-1]" == error.details_model.message
    assert "tg-1" == error.details_model.resource
    assert is_code(error, "InvalidTarget")


def test_a_refused_signature_is_never_quoted() -> None:
    """AWS's message about a signature repeats the signed request, session token included."""
    message = "The Canonical String should have been x-amz-security-token:FwoGZXIvYXdzEXAMPLE"
    error = translated(client_error("SignatureDoesNotMatch", message, 403), "reading the subnets", "subnet-1")
    assert "FwoGZXIvYXdzEXAMPLE" not in f"{error} {error.details_model}"


def test_encoded_authorization_messages_are_cut() -> None:
    """A kilobyte of ciphertext helps nobody in an operator's sentence."""
    message = "You are not authorized. Encoded authorization failure message: " + "x" * 1000
    error = translated(client_error("UnauthorizedOperation", message, 403), "tagging", "vpce-svc-1")
    assert "tagging (vpce-svc-1): UnauthorizedOperation: You are not authorized. [request req-1]" == (
        error.details_model.message
    )


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ReadTimeoutError(endpoint_url="https://ec2"), CloudUnavailable),
        (ConnectionClosedError(endpoint_url="https://ec2"), CloudUnavailable),
        (ConnectTimeoutError(endpoint_url="https://ec2"), CloudUnavailable),
        (EndpointConnectionError(endpoint_url="https://ec2"), CloudUnavailable),
        (NoCredentialsError(), CredentialsRefused),
    ],
)
def test_errors_without_an_answer_have_a_name(raised: Exception, kind: type[PrivateLinkError]) -> None:
    """A lost connection is an unknown outcome; missing credentials are a person's business."""
    assert kind is type(translated(raised, "reading the subnets", "subnet-1"))


@pytest.mark.parametrize(
    "raised",
    [KeyError("Subnets"), IndexError("list index"), ValueError("invalid literal"), AttributeError("no find")],
)
def test_an_answer_that_boto3_stumbles_over_has_a_name(raised: Exception) -> None:
    """boto3 reads answers without checking them, so any error of Python may mean an odd answer; none reaches a user."""
    error = translated(raised, "reading the subnets", "subnet-1")
    assert UnknownCloudError is type(error)
    assert "AWS answered in a form that the orchestrator does not know" in error.details_model.message
    assert type(raised).__name__ not in f"{error} {error.details_model}"
