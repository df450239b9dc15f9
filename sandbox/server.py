"""One loopback port for everything: routing, fault injection, and the record of calls.

- `/public_api/v1/...` and `/<deploymentID>/api/v5/...` are EMQX.
- `/latest/...` and `/v2/credentials/...` are where AWS's SDKs get credentials (`sandbox.aws.credential_endpoint`).
- `/sandbox/...` is the control path (`sandbox.control`).
- Every other path is AWS.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from werkzeug import Request, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.aws.application import ACCOUNT, AwsSandbox
from sandbox.aws.credential_endpoint import PATHS as CREDENTIAL_PATHS
from sandbox.aws.credential_endpoint import environments
from sandbox.calls import Call, CallRecord
from sandbox.clock import Clock
from sandbox.control import PATH as CONTROL_PATH
from sandbox.control import Control
from sandbox.durations import Durations
from sandbox.emqx import emqx_application
from sandbox.faults import FAULT, FaultPlan
from sandbox.seed import PROVIDER, Seed
from sandbox.seed_contents import build_seed

HOST = "127.0.0.1"
HOME_REGION = "us-east-1"
HOME_DEPLOYMENT = "w41b11c0"
_EMQX_PATH = re.compile(r"/public_api/v1/|/[^/]+/api/v5/")
_CODE = re.compile(r"<Code>([^<]+)</Code>")
_SLOW_SECONDS = 60.0
_ERROR = 400

StartResponse = Callable[..., Any]


class Half(Protocol):
    """What the server needs from the AWS half and from the EMQX half."""

    def action_of(self, request: Request) -> tuple[str, str, bool]:
        """(service, action, whether it only reads)."""

    def handle(self, request: Request) -> Response:
        """Serve one request; its fault, if any, is in its environ."""

    def reset(self) -> None:
        """Go back to the seeded state."""


class Sandbox:
    """The whole sandbox, as a WSGI application."""

    def __init__(self, speed: float) -> None:
        """Build both halves on one clock that runs at this speed."""
        self.seed: Seed = build_seed()
        self.endpoint = ""
        self._speed = speed
        self._clock = Clock(speed)
        self._durations = Durations()
        self._faults = FaultPlan()
        self._calls = CallRecord()
        self._aws = AwsSandbox(self._clock, self._durations, self._faults, self.seed)
        self._emqx = emqx_application(self._clock, self._durations, self._faults, self.seed, lambda: self.endpoint)
        self._control = Control(
            self._aws,
            self._emqx,
            clock=self._clock,
            durations=self._durations,
            faults=self._faults,
            calls=self._calls,
        )

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request; drop its connection when its fault is `lost_reply`."""
        request = Request(environ)
        request.get_data(cache=True, parse_form_data=False)
        if request.path.startswith(CONTROL_PATH):
            return self._control.answer(request)(environ, start_response)
        half = self._half(request)
        service, action, read = half.action_of(request)
        fault = self._faults.hit(action, _text(request))
        environ[FAULT] = fault
        response = half.handle(request)
        self._calls.add(
            Call(
                service=service,
                action=action,
                read=read,
                account=environ.get(ACCOUNT) or (request.authorization.username if request.authorization else "") or "",
                status=response.status_code,
                code=_code(response),
                at=self._clock.now(),
                fault=fault.kind if fault is not None else None,
            )
        )
        if fault is not None and fault.kind == "slow":
            self._clock.sleep(_SLOW_SECONDS if fault.seconds is None else fault.seconds)
        if fault is not None and fault.kind == "lost_reply":
            _drop(environ)
        return response(environ, start_response)

    def _half(self, request: Request) -> Half:
        if _EMQX_PATH.match(request.path):
            return self._emqx
        return self._aws.credential_endpoint if request.path.startswith(CREDENTIAL_PATHS) else self._aws

    def environment(self) -> dict[str, str]:
        """The environment variables that point the product, boto3 and EMQX's own tools at this sandbox."""
        provider = self.seed.accounts[PROVIDER]
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": provider.access_key_id,
            "AWS_SECRET_ACCESS_KEY": provider.secret_access_key,
            "AWS_REGION": HOME_REGION,
            "AWS_DEFAULT_REGION": HOME_REGION,
            "EMQXCLOUD_PLATFORM_ENDPOINT": f"{self.endpoint}/public_api/v1",
            "EMQXCLOUD_PLATFORM_API_KEY": self.seed.platform_key.key,
            "EMQXCLOUD_PLATFORM_API_SECRET": self.seed.platform_key.secret,
            "EMQXCLOUD_DEPLOYMENT_ENDPOINT": f"{self.endpoint}/{HOME_DEPLOYMENT}/api/v5",
            "EMQXCLOUD_DEPLOYMENT_API_KEY": self.seed.deployment_key.key,
            "EMQXCLOUD_DEPLOYMENT_API_SECRET": self.seed.deployment_key.secret,
            "PRIVATELINK_PACE": f"{self._speed:g}",
            "PRIVATELINK_PLATFORM_WRITES_PER_HOUR": str(self._emqx.quirks.writes_per_hour),
        }

    def credential_environments(self) -> dict[str, dict[str, str]]:
        """The environment variables with which an SDK gets keys from instance metadata, or as in a container."""
        return environments(self.endpoint)


def serve(sandbox: Sandbox, port: int) -> BaseWSGIServer:
    """A server that listens on this port (0 = any free one) but does not serve yet; sets `sandbox.endpoint`."""
    server = make_server(HOST, port, sandbox, threaded=True, request_handler=_Handler)
    sandbox.endpoint = f"http://{HOST}:{server.port}"
    return server


class _Handler(WSGIRequestHandler):
    """Logs no served requests: they are in the record of calls."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def _drop(environ: dict[str, Any]) -> None:
    """Close the connection without sending the answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("the answer is lost on purpose")


def _text(request: Request) -> str:
    """The text that a fault's `match` is searched in: path, query and body, decoded."""
    body = request.get_data(as_text=True)
    if request.mimetype == "application/x-www-form-urlencoded":
        body = "&".join(f"{key}={value}" for key, value in request.form.items(multi=True)) or body
    return f"{request.path}?{request.query_string.decode()}\n{body}"


def _code(response: Response) -> str | None:
    if response.status_code < _ERROR:
        return None
    text = response.get_data(as_text=True)
    if found := _CODE.search(text):
        return found[1]
    try:
        code = json.loads(text).get("code")
    except (ValueError, AttributeError):
        return None
    return None if code is None else str(code)
