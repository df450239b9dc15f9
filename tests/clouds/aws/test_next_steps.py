"""The next step follows from what AWS said: which action, whose policy, which clock."""

import pytest
from botocore import exceptions as boto
from botocore.retries.standard import ThrottledRetryableChecker

from clouds.aws.errors import translated
from clouds.aws.refusals import Refusal, refused
from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CredentialsRefused,
    NotYet,
    PrivateLinkError,
    QuotaExceeded,
    Throttled,
)

ROLE = "arn:aws:iam::310987654321:role/privatelink"
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:310987654321:loadbalancer/net/pl-orders/0a1"
CALLER = "User: arn:aws:sts::310987654321:assumed-role/privatelink/privatelink-orchestrator"


def denied(action: str, because: str, *, on: str = BALANCER) -> Refusal:
    """A denial of a step that calls CreateLoadBalancer, in IAM's words."""
    message = f"{CALLER} is not authorized to perform: {action} on resource: {on} {because}"
    return Refusal("AccessDenied", message, 403, operation="CreateLoadBalancer", acts_as=ROLE)


def step_of(refusal: Refusal, kind: type[PrivateLinkError]) -> str:
    """The next step of a refusal, which must be of this kind."""
    error = refused(refusal, "creating the load balancer", "pl-orders")
    assert kind is type(error)
    return error.details_model.next_step


NO_POLICY = "because no identity-based policy allows the action"
TAGS = "elasticloadbalancing:AddTags"


@pytest.mark.parametrize(
    ("action", "because", "step"),
    [
        (TAGS, NO_POLICY, f"allow {TAGS} on {BALANCER} to {ROLE}"),
        (
            TAGS,
            "with an explicit deny in a service control policy",
            f"ask whoever administers the AWS organization: a service control policy denies {TAGS} on {BALANCER}",
        ),
        (
            TAGS,
            "with an explicit deny in a resource control policy",
            f"ask whoever administers the AWS organization: a resource control policy denies {TAGS} on {BALANCER}",
        ),
        (
            TAGS,
            "because no permissions boundary allows the action",
            f"let the permissions boundary of {ROLE} allow {TAGS} on {BALANCER}",
        ),
        (TAGS, "because no session policy allows it", f"let the session policy of {ROLE} allow {TAGS} on {BALANCER}"),
        (
            TAGS,
            "because no VPC endpoint policy allows it",
            f"let the policy of the VPC endpoint, through which the worker calls AWS, allow {TAGS} on {BALANCER}",
        ),
        (
            TAGS,
            "with an explicit deny in an identity-based policy",
            f"take the explicit deny of {TAGS} on {BALANCER} out of the policies of {ROLE}",
        ),
    ],
)
def test_a_denial_names_the_action_and_the_policy(action: str, because: str, step: str) -> None:
    """The action that AWS names, which may not be the one that was called, and who can allow it."""
    assert step == step_of(denied(action, because), AccessDenied)


def test_the_first_load_balancer_of_an_account_needs_a_role_of_aws() -> None:
    """ELB User Guide, "Service-linked roles": it is made in the caller's name, or once by hand."""
    refusal = denied("iam:CreateServiceLinkedRole", NO_POLICY, on="arn:aws:iam::310987654321:role/aws-service-role/x")
    step = step_of(refusal, AccessDenied)
    assert step.startswith(f"allow iam:CreateServiceLinkedRole to {ROLE}, or make that role once: aws iam create-")


def test_a_denial_without_a_sentence_names_the_call_and_the_worker() -> None:
    """EC2's older words name neither; without a role it is the worker's own identity."""
    refusal = Refusal("UnauthorizedOperation", "You are not authorized.", 403, operation="CreateTags")
    assert "allow CreateTags to the worker's identity" == step_of(refusal, AccessDenied)


@pytest.mark.parametrize(
    ("code", "message", "kind", "step"),
    [
        (
            "OperationNotPermitted",
            f"Load balancer '{BALANCER}' cannot be deleted because deletion protection is enabled",
            CloudRefused,
            "deletion protection",
        ),
        (
            "OperationNotPermitted",
            "This AWS account currently does not support creating load balancers. For more information, please contact",
            CloudRefused,
            "AWS Support",
        ),
        (
            "ValidationError",
            "Subnets in the following Availability Zones ap-northeast-1a cannot be associated with a load balancer",
            CloudRefused,
            "another Availability Zone",
        ),
        ("TagPolicyViolation", "The tag policy does not allow the specified value", CloudRefused, "correct `tags`"),
        ("TooManyListeners", "", QuotaExceeded, "AWS does not raise that"),
        ("TooManyTags", "", QuotaExceeded, "give fewer `tags`"),
        ("TooManyLoadBalancers", "", QuotaExceeded, "have the quota raised"),
    ],
)
def test_a_sentence_of_aws_has_its_own_step(code: str, message: str, kind: type[PrivateLinkError], step: str) -> None:
    """Nobody is sent to look up a code whose sentence says what to do."""
    found = step_of(Refusal(code, message), kind)
    assert step in found
    assert "look up the code" not in found


@pytest.mark.parametrize(
    "times",
    [
        "Signature expired: 20151221T200419Z is now earlier than 20151221T200920Z (20151221T202420Z - 15 min.)",
        "Signature not yet current: 20151221T203419Z is still later than 20151221T200920Z (20151221T195420Z + 15 min.)",
    ],
)
def test_a_clock_that_is_wrong_is_told_first(times: str) -> None:
    """AWS's sentence about it is kept, and whatever else it says of the signed request is not."""
    refusal = Refusal("SignatureDoesNotMatch", f"{times} x-amz-security-token:FwoGZXIvYXdzEXAMPLE", 403)
    error = refused(refusal, "reading the subnets", "subnet-1")
    assert CredentialsRefused is type(error)
    assert times in error.details_model.message
    assert error.details_model.next_step.startswith("set the worker's clock")
    assert "FwoGZXIvYXdzEXAMPLE" not in f"{error} {error.details_model}"


def test_every_throttle_that_botocore_knows_is_patience() -> None:
    """A code that botocore adds to its list fails here."""
    codes = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)  # type: ignore[attr-defined]
    others = {"LimitExceededException", "ProvisionedThroughputExceededException", "TransactionInProgressException"}
    for code in codes - others | {"Client.RequestLimitExceeded"}:
        assert type(refused(Refusal(code, ""), "reading", "it")) in {Throttled, NotYet}, code


@pytest.mark.parametrize(
    "code",
    [
        "InvalidAction",
        "UnknownParameter",
        "MalformedQueryString",
        "InvalidVpcEndpointServiceId.Malformed",
        "InvalidSubnetID.Malformed",
    ],
)
def test_a_call_that_is_wrong_in_itself_is_final(code: str) -> None:
    """AWS would refuse it each time."""
    assert refused(Refusal(code, ""), "reading", "it").non_retryable


@pytest.mark.parametrize(
    "raised",
    [
        boto.ParamValidationError(report="Invalid length for parameter Tags"),
        boto.InvalidRegionError(region_name="us east 1"),
        boto.NoRegionError(),
    ],
)
def test_a_call_that_boto3_does_not_send_is_final(raised: boto.BotoCoreError) -> None:
    """With boto3's words, which name the value."""
    error = translated(raised, "reading the subnets", "subnet-1")
    assert CloudRefused is type(error)
    assert " ".join(str(raised).split()) in str(error)


@pytest.mark.parametrize(
    ("raised", "step"),
    [
        (boto.LoginRefreshRequired(), "log in again"),
        (boto.UnauthorizedSSOTokenError(), "log in again"),
        (boto.TokenRetrievalError(provider="sso", error_msg="it has expired"), "log in again"),
        (boto.NoAuthTokenError(), "log in again"),
        (boto.RefreshWithMFAUnsupportedError(), "need no MFA code"),
        (boto.MetadataRetrievalError(error_msg="503"), "boto3's chain"),
        (boto.UnknownCredentialError(name="sso"), "boto3's chain"),
        (boto.ConfigParseError(path="/config"), "boto3's chain"),
        (boto.InvalidConfigError(error_msg="source_profile"), "boto3's chain"),
        (RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."), "clock"),
    ],
)
def test_credentials_that_cannot_be_had_say_what_it_takes(raised: Exception, step: str) -> None:
    """Whoever logged in on the worker's machine must do so again; no code of AWS says that."""
    error = translated(raised, "reading the subnets", "subnet-1")
    assert CredentialsRefused is type(error)
    assert step in error.details_model.next_step


def test_a_role_that_the_organization_closes_is_no_matter_of_its_trust_policy() -> None:
    """A service control policy may deny AssumeRole itself."""
    message = f"{CALLER} is not authorized to perform: sts:AssumeRole on resource: {ROLE} with an explicit deny in a "
    refusal = Refusal("AccessDenied", f"{message}service control policy", 403, operation="AssumeRole")
    assert "whoever administers the AWS organization" in step_of(refusal, CredentialsRefused)


def test_an_external_id_that_sts_quotes_is_hidden() -> None:
    """STS repeats a value that breaks its rules."""
    message = "1 validation error detected: Value 'ext-7f3a' at 'externalId' failed to satisfy constraint"
    raised = boto.ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "AssumeRole")
    error = translated(raised, "reading the subnets", "subnet-1")
    assert "ext-7f3a" not in f"{error} {error.details_model}"
