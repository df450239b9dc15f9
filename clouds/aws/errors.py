"""AWS's error codes, by name, and what each means to us: the one translator of this border.

Sources: the EC2 API's "Error codes" page and the botocore models of elbv2 and sts. The meaning of a code may depend on
the phase: `*NotFound` right after a create is a matter of moments, on a delete it is success. Whoever knows the phase
says so by `settles_at` (AccountCalls.call), or asks by `is_code`.
"""

import random
from datetime import UTC, datetime
from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
from botocore.exceptions import ConnectionError as ConnectingError
from botocore.parsers import ResponseParserError

from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CloudUnavailable,
    CredentialsRefused,
    NotYet,
    PrivateLinkError,
    QuotaExceeded,
    Throttled,
    UnknownCloudError,
)
from privatelink.pace import paced_delta

DUPLICATE_LOAD_BALANCER = "DuplicateLoadBalancerName"
DUPLICATE_TARGET_GROUP = "DuplicateTargetGroupName"
DUPLICATE_LISTENER = "DuplicateListener"
INVALID_PARAMETER = "InvalidParameter"
LOAD_BALANCER_NOT_FOUND = "LoadBalancerNotFound"
TARGET_GROUP_NOT_FOUND = "TargetGroupNotFound"
LISTENER_NOT_FOUND = "ListenerNotFound"
EXISTING_CONNECTIONS = "ExistingVpcEndpointConnections"
RESOURCE_IN_USE = "ResourceInUse"
ENDPOINT_SERVICE_NOT_FOUND = frozenset(
    {
        "InvalidVpcEndpointService.NotFound",  # inside the Unsuccessful of DeleteVpcEndpointServiceConfigurations
        "InvalidVpcEndpointServiceId.NotFound",  # raised by Describe, Accept, Reject and Modify
    }
)

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_UNAVAILABLE = frozenset(
    {
        "HealthUnavailable",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "ServiceUnavailable",
        "Unavailable",
    }
)
_BUSY = frozenset(
    {
        EXISTING_CONNECTIONS,
        RESOURCE_IN_USE,
        "DependencyViolation",
        "IncorrectState",
        "PriorRequestNotComplete",
        "TrustStoreNotReady",
    }
)
_CREDENTIALS = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_ACCOUNT = frozenset({"Blocked", "OptInRequired", "PendingVerification", "RegionDisabledException"})
_REFUSED = frozenset(
    {
        DUPLICATE_LISTENER,
        DUPLICATE_LOAD_BALANCER,
        DUPLICATE_TARGET_GROUP,
        "ALPNPolicyNotFound",
        "AllocationIdNotFound",
        "AvailabilityZoneNotSupported",
        "DuplicateTagKeys",
        "IdempotentParameterMismatch",
        "IncompatibleProtocols",
        "InvalidConfigurationRequest",
        "InvalidLoadBalancerAction",
        "InvalidScheme",
        "InvalidSecurityGroup",
        "InvalidSubnet",
        "InvalidTarget",
        "MissingParameter",
        "OperationNotPermitted",
        "SSLPolicyNotFound",
        "TagPolicyViolation",
        "UnsupportedOperation",
        "UnsupportedProtocol",
        "ValidationError",
    }
)

_MESSAGE_CHARACTERS = 400


class Refusal(NamedTuple):
    """A code and a message of AWS, from a raised error or from an item of `Unsuccessful`."""

    code: str
    message: str
    status: int = 400
    request_id: str = ""
    operation: str = ""


def is_code(error: PrivateLinkError, *codes: str) -> bool:
    """Whether this error stands for one of these codes of AWS."""
    return error.cloud_code in codes


def is_denied(error: PrivateLinkError) -> bool:
    """Whether this error says that a permission, or a role's trust, is missing."""
    return is_code(error, *_DENIED)


def is_not_found(code: str) -> bool:
    """Whether a code says that the thing it concerns is not there."""
    return code.endswith("NotFound")


def translated(error: Exception, doing: str, concerns: str, settles_at: datetime | None = None) -> PrivateLinkError:
    """Our error for what boto3 raised while `doing` something about `concerns`. Never holds a credential or signature.

    Until `settles_at` a `*NotFound` is `NotYet`: what the call refers to was made a moment ago. Whatever boto3 raises
    that is not known here is `UnknownCloudError`; what is no error of boto3 at all is raised again.
    """
    match error:
        case ClientError():
            return refused(_refusal(error), doing, concerns, settles_at)
        case ConnectingError() | HTTPClientError() | ResponseParserError():
            # No connection or a lost one, a time-out, or a body that is no AWS answer (a proxy's 502 page): what came
            # of the call is unknown.
            return CloudUnavailable(f"{doing} ({concerns}): AWS gave no answer ({_class(error)})", concerns=concerns)
        case (
            NoCredentialsError()
            | PartialCredentialsError()
            | CredentialRetrievalError()
            | ProfileNotFound()
            | ConfigNotFound()
            | SSOError()
        ):
            return CredentialsRefused(
                f"{doing} ({concerns}): the worker has no usable AWS credentials ({_class(error)})",
                concerns=concerns,
                next_step="give the worker credentials by boto3's chain (environment, profile or instance role)",
            )
        case BotoCoreError():
            return UnknownCloudError(
                f"{doing} ({concerns}): boto3 raised {_class(error)}",
                concerns=concerns,
                next_step="read the worker's log; the orchestrator does not know this error",
            )
    raise error


def refused(refusal: Refusal, doing: str, concerns: str, settles_at: datetime | None = None) -> PrivateLinkError:
    """Our error for a refusal of AWS; see `translated`."""
    error = _classified(refusal, f"{doing} ({concerns}): {_why(refusal)}", concerns, settles_at)
    error.cloud_code = refusal.code
    return error


def unseen_twin(kind: str, name: str) -> NotYet:
    """AWS says that the name is taken, and did not show by what: the next attempt sees whose it is."""
    return NotYet(
        f"creating the {kind} ({name}): AWS has one of that name and does not show it yet",
        concerns=name,
        retry_after=paced_delta(5),
    )


def _classified(refusal: Refusal, sentence: str, concerns: str, settles_at: datetime | None) -> PrivateLinkError:
    code = refusal.code
    if code in _THROTTLED:
        # Jitter, because all who were refused together would otherwise come back together.
        after = paced_delta(random.uniform(2, 8))  # noqa: S311 - spreads retries, guards nothing
        return Throttled(sentence, concerns=concerns, retry_after=after)
    if code in _UNAVAILABLE or refusal.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        return CloudUnavailable(sentence, concerns=concerns)
    if code in _BUSY:
        return NotYet(sentence, concerns=concerns, retry_after=paced_delta(5))
    if is_not_found(code) and settles_at and datetime.now(UTC) < settles_at:
        return NotYet(f"{sentence}; it was made a moment ago", concerns=concerns, retry_after=paced_delta(2))
    leaf, next_step = _for_good(code, refusal.operation)
    return leaf(sentence, concerns=concerns, next_step=next_step)


def _for_good(code: str, operation: str) -> tuple[type[PrivateLinkError], str]:
    """The class and the next step of a code that waiting does not mend, or that nobody knows."""
    meanings: tuple[tuple[bool, type[PrivateLinkError], str], ...] = (
        (
            code in _CREDENTIALS | EXPIRED,
            CredentialsRefused,
            "correct the worker's AWS credentials; for expired ones, look at its clock too",
        ),
        (
            operation == "AssumeRole",
            CredentialsRefused,
            "let the role's trust policy name the worker's identity and demand exactly this external_id",
        ),
        (code in _DENIED, AccessDenied, f"allow {operation or 'the action'} to the worker's role"),
        (code in _ACCOUNT, CloudRefused, "ask AWS Support what blocks this account"),
        (
            code in _REFUSED or code.startswith("InvalidParameter"),
            CloudRefused,
            "look up the code in AWS's API reference",
        ),
        (
            code.startswith("TooMany") or code.endswith(("LimitExceeded", "AssociationLimit")),
            QuotaExceeded,
            "have the quota raised, or delete what is not used",
        ),
        (is_not_found(code), CloudRefused, "something that the step needs was deleted meanwhile"),
        (True, UnknownCloudError, "look up the code in AWS's API reference; the orchestrator does not know it"),
    )
    return next((leaf, step) for applies, leaf, step in meanings if applies)


def _why(refusal: Refusal) -> str:
    """Code and message; of a refused signature the code alone: its message quotes the signed request with its token."""
    request = f" [request {refusal.request_id}]" if refusal.request_id else ""
    if refusal.code in _CREDENTIALS:
        return f"{refusal.code}{request}"
    message = refusal.message.partition("Encoded authorization failure message")[0].strip()[:_MESSAGE_CHARACTERS]
    return f"{refusal.code}: {message}{request}" if message else f"{refusal.code}{request}"


def _refusal(error: ClientError) -> Refusal:
    answer = error.response
    about = answer.get("ResponseMetadata", {})
    return Refusal(
        code=answer.get("Error", {}).get("Code", ""),
        message=answer.get("Error", {}).get("Message", ""),
        status=about.get("HTTPStatusCode", 400),
        request_id=about.get("RequestId", ""),
        operation=error.operation_name,
    )


def _class(error: Exception) -> str:
    return type(error).__name__
