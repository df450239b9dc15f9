"""The translator of all refusals by EMQX: by `code` first, by status second.

A refused change of state comes as 400 (the broker's API), 422 ("Deployment Management") or 409 (assumed: no public
source), and `code` may be a number (EMQX's Terraform provider) or missing. No body gets into a message, because it may
echo a secret.

A final refusal, or one that says that something is gone, counts only if it is EMQX's own answer, a JSON object. Any
other body with the same status comes from a proxy, a portal or a server under maintenance (nginx's 404 and 405, say).
"""

import json
import re
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from clouds.retry_after import delay_of
from privatelink.errors import (
    AccessDenied,
    CloudRefused,
    CloudUnavailable,
    PlatformKeyRefused,
    PrivateLinkError,
    QuotaExceeded,
    Throttled,
    UnknownCloudError,
)
from privatelink.pace import paced_delta

if TYPE_CHECKING:
    from pydantic import JsonValue

NOT_FOUND = "NOT_FOUND"
ALREADY_EXISTS = "ALREADY_EXISTS"
BAD_REQUEST = "BAD_REQUEST"
INVALID_STATUS = "INVALID_STATUS"
TEST_FAILED = "TEST_FAILED"

_CLASSES: dict[str, type[PrivateLinkError]] = {
    "BAD_API_KEY_OR_SECRET": PlatformKeyRefused,
    "AUTHORIZATION_HEADER_ERROR": PlatformKeyRefused,
    "API_KEY_NOT_ALLOW": AccessDenied,
    "FORBIDDEN": AccessDenied,
    "UNAUTHORIZED_ROLE": AccessDenied,
    NOT_FOUND: CloudRefused,
    ALREADY_EXISTS: CloudRefused,
    BAD_REQUEST: CloudRefused,
    INVALID_STATUS: CloudRefused,
    TEST_FAILED: CloudRefused,
    "CONFLICT": CloudRefused,
    "DEPENDENCY_EXISTS": CloudRefused,
    "EXCEED_LIMIT": QuotaExceeded,
    "TOO_MANY_REQUESTS": Throttled,
    "INTERNAL_ERROR": CloudUnavailable,
    "SERVICE_UNAVAILABLE": CloudUnavailable,
    "METHOD_NOT_ALLOWED": CloudRefused,
    "PROXY_AUTHENTICATION_REQUIRED": AccessDenied,
    "CONTENT_TOO_LARGE": CloudRefused,
    "UNSUPPORTED_MEDIA_TYPE": CloudRefused,
}

_CODES_OF_STATUS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED: "BAD_API_KEY_OR_SECRET",
    HTTPStatus.FORBIDDEN: "FORBIDDEN",
    HTTPStatus.NOT_FOUND: NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "PROXY_AUTHENTICATION_REQUIRED",
    HTTPStatus.REQUEST_TIMEOUT: "SERVICE_UNAVAILABLE",
    HTTPStatus.CONFLICT: "CONFLICT",
    HTTPStatus.GONE: NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "CONTENT_TOO_LARGE",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
    HTTPStatus.TOO_EARLY: "SERVICE_UNAVAILABLE",
    HTTPStatus.UNPROCESSABLE_ENTITY: BAD_REQUEST,
    HTTPStatus.TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
}

_SAFE_CODE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_USUAL_WAIT = 60.0
"""Seconds to wait after a 429 without Retry-After. EMQX's own tools advise polling at most once a minute."""


class ErrorAnswer(Exception):  # noqa: N818 - it is the cloud's answer, the cause of one of our errors
    """EMQX's answer. Only status and code are printed; `message` is for callers that know what it may contain.

    `is_foreign`: the body is not a JSON object, so the answer may not be EMQX's.
    """

    def __init__(
        self, status: int, code: str, message: str, retry_after: timedelta | None, *, is_foreign: bool = False
    ) -> None:
        super().__init__(f"HTTP {status} {code}".rstrip())
        self.is_foreign = is_foreign
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


class Call(NamedTuple):
    """A call in words: `doing` as in "creating the PrivateLink", the resource, whose API, and where its key was set."""

    doing: str
    resource: str
    api: str
    set_by: str

    @property
    def words(self) -> str:
        """The beginning of every message about the call."""
        return f"{self.doing} ({self.resource})"


def read_answer(status: int, body: bytes, retry_after: str | None) -> ErrorAnswer:
    """Parse an answer that is not a success, whatever its body is."""
    try:
        parsed: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    fields = parsed if isinstance(parsed, dict) else {}
    code, message = fields.get("code"), fields.get("message")
    return ErrorAnswer(
        status,
        code if isinstance(code, str) and _SAFE_CODE.fullmatch(code) else "",
        message if isinstance(message, str) else "",
        delay_of(retry_after),
        is_foreign=not isinstance(parsed, dict),
    )


def translate(answer: ErrorAnswer, call: Call) -> PrivateLinkError:
    """Our error for an answer. Its `cloud_code` is EMQX's code, or the usual code for the status."""
    code = answer.code if answer.code in _CLASSES else _CODES_OF_STATUS.get(answer.status, answer.code)
    kind, said = _CLASSES.get(code), f"{answer}"
    if kind is CloudRefused and answer.is_foreign:
        kind, code, said = UnknownCloudError, "", f"{answer} without EMQX's JSON"
    if kind is None:
        server_failed = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = CloudUnavailable if server_failed else UnknownCloudError
    error = kind(
        f"{call.words}: {call.api} answered {said}",
        resource=call.resource,
        next_step=_next_step(kind, code, call),
        retry_after=(answer.retry_after or paced_delta(_USUAL_WAIT)) if kind is Throttled else None,
    )
    error.cloud_code = code
    return error


def message_of(error: PrivateLinkError) -> str:
    """EMQX's own message behind an error. It may echo what was sent, so redact it before showing it."""
    return error.__cause__.message if isinstance(error.__cause__, ErrorAnswer) else ""


def names_invalid_parameters(error: PrivateLinkError) -> bool:
    """Whether EMQX refuses the parameters themselves, by its schema or another check, whatever the target is.

    A probe reports the latter as `TEST_FAILED`, with JSON that contains `kind: validation_error` as its message
    (emqx/emqx, `emqx_connector_api`): a URL without a scheme, unreadable certificates, a target that SSRF protection
    forbids.
    """
    if error.cloud_code == BAD_REQUEST:
        return True
    return error.cloud_code == TEST_FAILED and (_holds_validation_error(message_of(error)) or names_ssrf(error))


def names_ssrf(error: PrivateLinkError) -> bool:
    """Whether EMQX's SSRF protection refuses the target (`rule_engine.ssrf`, EMQX 6; its wording is assumed)."""
    return "ssrf" in message_of(error).casefold()


def _holds_validation_error(message: str) -> bool:
    try:
        parsed: JsonValue = json.loads(message)
    except (ValueError, RecursionError):
        return False
    faults = parsed if isinstance(parsed, list) else [parsed]
    return any(isinstance(fault, dict) and fault.get("kind") == "validation_error" for fault in faults)


def _next_step(kind: type[PrivateLinkError], code: str, call: Call) -> str:
    """What to do, by the kind of error and then by EMQX's code; empty if waiting helps."""
    by_code = {
        NOT_FOUND: f"check the id ({call.resource}), and the endpoint beside {call.set_by}",
        "METHOD_NOT_ALLOWED": f"check the endpoint beside {call.set_by}: it does not offer this call",
        "DEPENDENCY_EXISTS": "first delete what uses it",
        BAD_REQUEST: "correct what the request gives for it",
    }
    if code == "PROXY_AUTHENTICATION_REQUIRED":
        return "check the worker's proxy settings (HTTPS_PROXY, NO_PROXY)"
    by_kind = {
        PlatformKeyRefused: f"check {call.set_by}",
        AccessDenied: f"give the API key of {call.set_by} the permission for this call",
        QuotaExceeded: "ask EMQX for a higher quota, or delete what is no longer used",
        CloudRefused: by_code.get(code, "look at it in EMQX's console, then repeat the call"),
        UnknownCloudError: f"check that nothing answers in place of {call.api}: a proxy, a portal; and the endpoint "
        f"beside {call.set_by}",
    }
    return by_kind.get(kind, "")
