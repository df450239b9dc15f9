"""Refusals in AWS's own codes, statuses and wire formats."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from werkzeug import Response

if TYPE_CHECKING:
    from sandbox.faults import Fault

EC2 = "ec2"
ELB = "elasticloadbalancing"
STS = "sts"

_BAD_REQUEST = 400
_STATUSES = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "AuthFailure": 401,
    "Blocked": 403,
    "ExpiredToken": 403,
    "IncompleteSignature": 403,
    "InternalError": 500,
    "InternalFailure": 500,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "OptInRequired": 403,
    "PendingVerification": 403,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "Unavailable": 503,
    "UnauthorizedOperation": 403,
    "UnrecognizedClientException": 403,
}
"""HTTP status by code, where it is not 400 (ELB and STS "Common Errors", EC2 "Error codes")."""


class AwsError(Exception):
    """A handler raises this to refuse its call."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """The code and message that AWS would answer, and the HTTP status."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def response(self, service: str) -> Response:
        """The refusal in the wire format of `service`."""
        return Response(self.xml(service), self.status, content_type="text/xml;charset=UTF-8")

    def xml(self, service: str) -> str:
        """The body: EC2 has its own error format; ELB and STS use that of the query protocol."""
        request_id = uuid.uuid4()
        code, message = escape(self.code), escape(self.message)
        if service == EC2:
            return (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
                f"<RequestID>{request_id}</RequestID></Response>"
            )
        sort = "Sender" if self.status < 500 else "Receiver"  # noqa: PLR2004
        return (
            f"<ErrorResponse><Error><Type>{sort}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )


def throttled(service: str) -> AwsError:
    """Throttled, per EC2: ec2-api-throttling; ELB: elb-api-throttling, "ThrottlingException", "Rate exceeded"."""
    if service == EC2:
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    return AwsError("ThrottlingException", "Rate exceeded", 400)


def broken(service: str) -> AwsError:
    """An error inside AWS: EC2 says InternalError, the query services InternalFailure."""
    if service == EC2:
        return AwsError("InternalError", "An internal error has occurred", 500)
    return AwsError("InternalFailure", "The request processing has failed because of an unknown error.", 500)


def denied(service: str, action: str, principal: str) -> AwsError:
    """The caller's policies do not allow the action: EC2 says UnauthorizedOperation, the others AccessDenied."""
    because = f" because no identity-based policy allows the ec2:{action} action" if service == EC2 else ""
    return _denied(service, action, principal, because)


def denied_explicitly(service: str, action: str, principal: str) -> AwsError:
    """A policy of the role denies the action ("Troubleshoot access denied error messages")."""
    return _denied(service, action, principal, " with an explicit deny in an identity-based policy")


def _denied(service: str, action: str, principal: str, because: str) -> AwsError:
    sentence = f"User: {principal} is not authorized to perform: {service}:{action}{because}"
    if service == EC2:
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {sentence}.", 403)
    return AwsError("AccessDenied", sentence, 403)


def refusal(fault: Fault, service: str, action: str, principal: str) -> AwsError | None:
    """The refusal that a fault asks for; None when the fault is no refusal."""
    if fault.kind == "throttle":
        return throttled(service)
    if fault.kind == "server_error":
        return broken(service)
    if fault.kind == "access_denied":
        return denied(service, action, principal)
    if fault.kind == "refusal":
        code = fault.code or ""
        return AwsError(code, fault.message, fault.status or _STATUSES.get(code, _BAD_REQUEST))
    return None
