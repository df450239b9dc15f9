"""AWS's error codes by name, and groups of codes that mean the same to us.

Sources: the EC2 API's "Error codes" page, the botocore models of elbv2 and sts, and botocore's list of throttling codes
(`botocore.retries.standard`). CloudTrail writes some codes with the prefix `Client.` or `Server.`; `plain` removes it.
"""

from privatelink.errors import PrivateLinkError

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
CLOCK = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
UNAVAILABLE = frozenset(
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
BUSY = frozenset(
    {
        EXISTING_CONNECTIONS,
        RESOURCE_IN_USE,
        "DependencyViolation",
        "IncorrectState",
        "PriorRequestNotComplete",
        "TrustStoreNotReady",
    }
)
CREDENTIALS = frozenset(
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
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
ACCOUNT = frozenset({"Blocked", "OptInRequired", "PendingVerification", "RegionDisabledException"})
"""Codes of an account that AWS does not serve for now. A person lifts a block; a verification ends by itself."""
REFUSED = frozenset(
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
        "InvalidAction",
        "InvalidConfigurationRequest",
        "InvalidLoadBalancerAction",
        "InvalidQueryParameter",
        "InvalidScheme",
        "InvalidSecurityGroup",
        "InvalidSubnet",
        "InvalidTarget",
        "MalformedInput",
        "MalformedQueryString",
        "MissingAction",
        "MissingParameter",
        "OperationNotPermitted",
        "SSLPolicyNotFound",
        "TagPolicyViolation",
        "UnknownParameter",
        "UnsupportedOperation",
        "UnsupportedProtocol",
        "ValidationError",
    }
)


def plain(code: str) -> str:
    """The code without the prefix `Client.` or `Server.`."""
    return code.removeprefix("Client.").removeprefix("Server.")


def is_refused(code: str) -> bool:
    """Whether AWS would refuse the call every time, because its form or its values are wrong."""
    return code in REFUSED or code.startswith("InvalidParameter") or code.endswith(".Malformed")


def is_quota(code: str) -> bool:
    """Whether the code says that a quota is reached, as opposed to a rate limit."""
    return code.startswith("TooMany") or code.endswith(("LimitExceeded", "AssociationLimit"))


def is_not_found(code: str) -> bool:
    """Whether the code says that a resource does not exist."""
    return code.endswith("NotFound")


def is_code(error: PrivateLinkError, *codes: str) -> bool:
    """Whether AWS gave one of these codes for this error."""
    return error.cloud_code in codes
