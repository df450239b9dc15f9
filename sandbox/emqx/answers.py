"""Answers and refusals on the wire, and what is read from requests."""

from __future__ import annotations

import json
from base64 import b64encode
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from sandbox.faults import FAULT, Fault

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from sandbox.emqx.quirks import Quirks
    from sandbox.seed import Key

RETRY_AFTER = 60
"""Seconds in the Retry-After header: EMQX's MCP server advises to poll at most once a minute."""


class Refusal(Exception):  # noqa: N818  named for the answer that it becomes
    """The call is answered with an error. The body has `code`, `message` and whatever is in `extra`."""

    def __init__(self, status: int, code: str, message: str, **extra: object) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra
        self.headers: dict[str, str] = {}


def json_answer(body: object, status: int = 200) -> Response:
    """An answer with a JSON body, as both of EMQX's APIs send it."""
    return Response(json.dumps(body), status=status, content_type="application/json")


def no_content() -> Response:
    """A 204 answer without a body."""
    return Response(status=204)


def refusal_answer(refusal: Refusal, quirks: Quirks, *, code_varies: bool) -> Response:
    """The error body `{"code", "message"}`.

    With `code_varies` (the platform), `code` is a string, a number (EMQX's Terraform provider) or missing (assumed: no
    public source). The broker's `code` is always a string (`emqx_http_api.hrl`).
    """
    if refusal.status == 500 and quirks.text_500:  # noqa: PLR2004
        return Response("Internal Server Error", status=500, mimetype="text/plain")
    body: dict[str, object] = {"code": refusal.code, "message": refusal.message, **refusal.extra}
    if code_varies and quirks.error_code == "number":
        body["code"] = refusal.status
    if code_varies and quirks.error_code == "missing":
        del body["code"]
    answer = json_answer(body, refusal.status)
    answer.headers.update(refusal.headers)
    return answer


def fault_of(request: Request) -> Fault | None:
    """The fault that the server found for this call."""
    fault: Fault | None = request.environ.get(FAULT)
    return fault


def refuse_by_fault(request: Request, quirks: Quirks) -> None:
    """Raise the refusal that the fault plan asks for, if any."""
    fault = fault_of(request)
    if fault is None:
        return
    match fault.kind:
        case "throttle":
            refusal = too_many_requests()
            if fault.retry_after:
                refusal.headers["Retry-After"] = str(RETRY_AFTER)
            raise refusal
        case "server_error":
            raise Refusal(500, "INTERNAL_ERROR", "internal error")
        case "access_denied" if quirks.denied_answer == "forbidden":
            raise Refusal(403, "FORBIDDEN", "the API key may not do this")
        case "access_denied":
            raise bad_key()
        case "refusal":
            raise Refusal(fault.status or 400, fault.code or "", fault.message)


def too_many_requests() -> Refusal:
    """429 without a Retry-After header: none is documented ("Deployment Management")."""
    return Refusal(429, "TOO_MANY_REQUESTS", "request limit reached")


def bad_key() -> Refusal:
    """401 with the code for an unknown key or a wrong secret (broker, `emqx_http_api.hrl`)."""
    return Refusal(401, "BAD_API_KEY_OR_SECRET", "bad API key or secret")


def check_key(request: Request, key: Key) -> None:
    """Raise a 401 unless the request has HTTP Basic with exactly this key and secret."""
    given = request.headers.get("Authorization", "")
    if not given:
        raise Refusal(401, "AUTHORIZATION_HEADER_ERROR", "an Authorization header with HTTP Basic is needed")
    wanted = "Basic " + b64encode(f"{key.key}:{key.secret}".encode()).decode()
    if not compare_digest(given.encode(), wanted.encode()):
        raise bad_key()


def json_object(request: Request) -> dict[str, Any]:
    """The request's body; raises 400 BAD_REQUEST unless it is a JSON object."""
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "BAD_REQUEST", "the body must be a JSON object")
    return body
