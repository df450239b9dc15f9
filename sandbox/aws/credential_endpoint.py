"""Where a machine or a container gets its credentials: EC2 instance metadata and the container endpoint.

Instance metadata is version 2 only: a PUT gets a token, and each GET needs it ("Use the Instance Metadata Service to
access instance metadata"). It serves the role's name and its credentials ("Retrieve security credentials from instance
metadata"). The container endpoint serves the same as one JSON object ("Amazon ECS task IAM role", "Container credential
provider" of the SDKs). `environments` has the variables that point an SDK to them.

Credentials last `Lifetimes.endpoint_seconds`. An endpoint gives the same ones until five minutes before their end, or,
if they last less than ten minutes, until half of their time is over. Each call is an action of the fault plan under
its name in `ACTIONS`. A `refusal` with status 503 simulates an endpoint that is not ready.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field, PositiveFloat
from werkzeug import Request, Response

from sandbox.faults import FAULT, REFUSALS, Fault, FaultPlan
from sandbox.seed import PROVIDER
from sandbox.settable import Settable

if TYPE_CHECKING:
    from sandbox.aws.credentials import AccessKey, Keyring

ROLE = "privatelink-worker"
ROLE_ARN = f"arn:aws:iam::{PROVIDER}:role/{ROLE}"
"""ARN of the role of the machine and of the container."""

TOKEN_PATH = "/latest/api/token"  # noqa: S105 - the path that gives a token
ROLES_PATH = "/latest/meta-data/iam/security-credentials/"
CONTAINER_PATH = "/v2/credentials/privatelink-worker"

SERVICE = "credentials"
GET_TOKEN = f"PUT {TOKEN_PATH}"
GET_ROLES = f"GET {ROLES_PATH}"
GET_ROLE_CREDENTIALS = f"GET {ROLES_PATH}{{role}}"
GET_CONTAINER_CREDENTIALS = "GET /v2/credentials"
ACTIONS = (GET_TOKEN, GET_ROLES, GET_ROLE_CREDENTIALS, GET_CONTAINER_CREDENTIALS)
PATHS = ("/latest/", "/v2/credentials")

_TOKEN_TTL = "X-aws-ec2-metadata-token-ttl-seconds"  # noqa: S105 - the name of a header
_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 - the name of a header
_LONGEST_TOKEN = 21600
_RENEWED_BEFORE_END = 300.0
_STATUSES = {"throttle": 429, "server_error": 500, "access_denied": 403, "refusal": 400}


class Lifetimes(Settable):
    """How long credentials last, in real seconds, because SDKs compare their end with the real time."""

    endpoint_seconds: PositiveFloat = 21600
    """Lifetime of the two endpoints' credentials; about six hours at AWS."""
    session_seconds: PositiveFloat | None = Field(default=None)
    """Lifetime of AssumeRole's credentials, whatever its caller asks for; None = as the caller asks."""


def environments(endpoint: str) -> dict[str, dict[str, str]]:
    """The environment variables that send an SDK without keys to one of the two endpoints."""
    return {
        "instance": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{endpoint}/"},
        "container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint}{CONTAINER_PATH}"},
    }


class CredentialEndpoint:
    """Both endpoints. Thread-safe."""

    def __init__(self, keyring: Keyring, lifetimes: Lifetimes, faults: FaultPlan) -> None:
        """Give out sessions of `keyring`, and register the actions with `faults`."""
        self._keyring = keyring
        self._lifetimes = lifetimes
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}
        self._current: dict[str, tuple[AccessKey, float]] = {}
        for name in ACTIONS:
            faults.know(name)

    def reset(self) -> None:
        """Drop every token, and create new credentials at the next call."""
        with self._lock:
            self._tokens.clear()
        self.rotate()

    def rotate(self) -> None:
        """Give out new credentials from the next call on; earlier ones stay valid until their end."""
        with self._lock:
            self._current.clear()

    def action_of(self, request: Request) -> tuple[str, str, bool]:
        """(service, action, whether it only reads). A call of an unknown path is named by its method and path."""
        action = f"{request.method} {request.path}"
        if action.startswith(GET_CONTAINER_CREDENTIALS):
            action = GET_CONTAINER_CREDENTIALS
        elif action.startswith(GET_ROLES) and action != GET_ROLES:
            action = GET_ROLE_CREDENTIALS
        return SERVICE, action, request.method == "GET"

    def handle(self, request: Request) -> Response:
        """Serve one request; its fault, if any, is in its environ."""
        fault: Fault | None = request.environ.get(FAULT)
        if fault is not None and fault.kind in REFUSALS:
            return _error(fault.status or _STATUSES[fault.kind], fault.code or fault.kind, fault.message)
        _, action, _ = self.action_of(request)
        if action == GET_TOKEN:
            return self._new_token(request)
        if action == GET_CONTAINER_CREDENTIALS:
            return _json({"RoleArn": ROLE_ARN, **_described(self._key("container"))})
        if not self._is_token(request.headers.get(_TOKEN, "")):
            return _error(401, "Unauthorized", "a valid metadata token is needed")
        return self._metadata(request.path)

    def _metadata(self, path: str) -> Response:
        if path == ROLES_PATH:
            return Response(ROLE, content_type="text/plain")
        if path == ROLES_PATH + ROLE:
            return _json({"Code": "Success", "Type": "AWS-HMAC", **_described(self._key("instance"))})
        return _error(404, "NotFound", f"there is no {path}")

    def _is_token(self, token: str) -> bool:
        with self._lock:
            return time.time() < self._tokens.get(token, 0.0)

    def _new_token(self, request: Request) -> Response:
        seconds = request.headers.get(_TOKEN_TTL, "")
        if not seconds.isdecimal() or not 0 < int(seconds) <= _LONGEST_TOKEN:
            return _error(400, "BadRequest", f"{_TOKEN_TTL} must be 1 to {_LONGEST_TOKEN}")
        token = secrets.token_urlsafe(40)
        with self._lock:
            self._tokens[token] = time.time() + int(seconds)
        return Response(token, content_type="text/plain", headers={_TOKEN_TTL: seconds})

    def _key(self, session: str) -> AccessKey:
        with self._lock:
            key, renewed_at = self._current.get(session, (None, 0.0))
            if key is None or renewed_at <= time.time():
                seconds = self._lifetimes.endpoint_seconds
                key = self._keyring.assume(role_arn=ROLE_ARN, session=session, seconds=seconds)
                renewed_at = time.time() + max(seconds - _RENEWED_BEFORE_END, seconds / 2)
                self._current[session] = key, renewed_at
            return key


def _described(key: AccessKey) -> dict[str, str]:
    return {
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Token": key.token or "",
        "Expiration": _time(key.expires_at or 0.0),
        "LastUpdated": _time(time.time()),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(body: dict[str, str]) -> Response:
    return Response(json.dumps(body), content_type="application/json")


def _error(status: int, code: str, message: str) -> Response:
    return Response(json.dumps({"code": code, "message": message}), status, content_type="application/json")
