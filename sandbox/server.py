"""One loopback port for everything: routing, fault injection, the record of calls, and the control path.

`/public_api/v1/...` and `/<deploymentID>/api/v5/...` are EMQX, `/latest/...` and `/v2/credentials/...` are where AWS's
SDKs get credentials (`sandbox.aws.credential_endpoint`), `/sandbox/...` is the control path, all else is AWS.

The control path takes and gives JSON. A bad call is HTTP 400 with a sentence.

    GET  books[?all=1]      all that is alive, of every account and region; with what is seeded
    POST reset              back to the seeded state
    *    faults             GET the plan, POST one fault or a list, DELETE all (`sandbox.faults`)
    *    calls              GET the record of calls, DELETE it
    *    durations, quotas, quirks, clock     GET and PUT what is settable
    GET  packets            VPC endpoint -> port -> whether a target answers
    *    policy             PUT {role_arn, policy}, GET which statements were used

What somebody does behind a caller's back (`sandbox.aws.hands`, and `sandbox.emqx` for its own things):

    POST tags               {id, set: {KEY: VALUE}, remove: [KEY] or "all"}
    POST delete             {id}
    POST principals         {service_id, add: [ARN], remove: [ARN]}
    POST attributes         {load_balancer_arn, attributes: {KEY: VALUE}}, for instance deletion protection
    POST listeners          {load_balancer_arn, port, target_group_arn?}; gives {listener_arn, target_group_arn}
    POST endpoints          {service_name, account?, az_ids?}: a VPC endpoint, a stranger's if not told otherwise; gives
                            {vpc_endpoint_id}
    POST shares             {subnet_ids, participant}: subnets that another account may use (shared VPC)
    POST call               {account, region?, action, params}: any action of the sandbox, in the name of any account
    POST description        {deployment, id, description}: of a PrivateLink (its id) or a connector (TYPE:NAME)

What happens to credentials (`sandbox.aws.keys_by_hand`); OF is an account id, a role's ARN or an access key id:

    *    credentials        GET them, PUT {endpoint_seconds, session_seconds}
    POST credentials/expire, credentials/revoke, credentials/restore     {of: OF}
    POST credentials/rotate {account?}: a new key for the account's user, or for who asks the endpoints
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, TypeAdapter
from werkzeug import Request, Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.aws.application import ACCOUNT, AwsSandbox
from sandbox.aws.credential_endpoint import PATHS as CREDENTIAL_PATHS
from sandbox.aws.credential_endpoint import environments
from sandbox.calls import Call, CallRecord
from sandbox.clock import Clock
from sandbox.durations import Durations
from sandbox.emqx import emqx_application
from sandbox.faults import FAULT, Fault, FaultPlan
from sandbox.seed import PROVIDER, Seed, build_seed

HOST = "127.0.0.1"
HOME_REGION = "us-east-1"
HOME_DEPLOYMENT = "w41b11c0"
_EMQX_PATH = re.compile(r"/public_api/v1/|/[^/]+/api/v5/")
_CONTROL_PATH = "/sandbox/"
_CODE = re.compile(r"<Code>([^<]+)</Code>")
_SLOW_SECONDS = 60.0
_ERROR = 400
_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])

StartResponse = Callable[..., Any]


class _Pace(BaseModel):
    """What the control path takes for the clock."""

    model_config = ConfigDict(extra="forbid")

    speed: PositiveFloat | None = None
    """Sandbox seconds per real second."""
    advance: NonNegativeFloat = 0
    """Sandbox seconds to skip at once."""


class _RolePolicy(BaseModel):
    """What the control path takes as a role's policy: IAM's JSON, or null for none."""

    model_config = ConfigDict(extra="forbid")

    role_arn: str
    policy: dict[str, Any] | None


class _Description(BaseModel):
    """What the control path takes as somebody's edit at EMQX."""

    model_config = ConfigDict(extra="forbid")

    deployment: str
    id: str
    description: str


class Half(Protocol):
    """What the server asks of the AWS and of the EMQX half."""

    def action_of(self, request: Request) -> tuple[str, str, bool]:
        """(service, action, whether it only reads)."""

    def handle(self, request: Request) -> Response:
        """Serve one request; its fault is in its environ."""

    def reset(self) -> None:
        """Back to the seeded state."""


class Sandbox:
    """The whole, as a WSGI application."""

    def __init__(self, speed: float) -> None:
        """Build both halves on one clock of that speed."""
        self.seed: Seed = build_seed()
        self.endpoint = ""
        self._speed = speed
        self._clock = Clock(speed)
        self._durations = Durations()
        self._faults = FaultPlan()
        self._calls = CallRecord()
        self._aws = AwsSandbox(self._clock, self._durations, self._faults, self.seed)
        self._emqx = emqx_application(self._clock, self._durations, self._faults, self.seed, lambda: self.endpoint)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, to the point of dropping its connection when a fault says so."""
        request = Request(environ)
        request.get_data(cache=True, parse_form_data=False)
        if request.path.startswith(_CONTROL_PATH):
            return self._control(request)(environ, start_response)
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
        """The variables with which the product, boto3 and EMQX's own tools talk to this sandbox."""
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
        """The variables that let an SDK without keys get some: from an instance's metadata, or as a container does."""
        return environments(self.endpoint)

    def reset(self) -> None:
        """Back to the seeded state, the speed that the process was started with, and no faults or calls."""
        self._clock.clear()
        self._clock.speed = self._speed
        self._faults.clear()
        self._durations.restore()
        self._aws.reset()
        self._emqx.reset()
        self._calls.clear()

    def books(self, *, bystanders: bool) -> dict[str, Any]:
        """All that is alive in both halves."""
        return {"aws": self._aws.books(bystanders=bystanders), **self._emqx.books()}

    def _set_clock(self, wanted: _Pace) -> None:
        if wanted.speed is not None:
            self._clock.speed = wanted.speed
        self._clock.advance(wanted.advance)

    def _control(self, request: Request) -> Response:
        if (answer := self._emqx.control(request)) is not None:
            return answer
        try:
            return self._controlled(request.method, request.path.removeprefix(_CONTROL_PATH), request)
        except ValueError as error:
            return Response(f"{request.method} {request.path}: {error}\n", _ERROR)

    def _controlled(self, method: str, path: str, request: Request) -> Response:  # noqa: C901, PLR0911, PLR0912  a table
        match method, path:
            case "GET", "books":
                return _json(self.books(bystanders=request.args.get("all") == "1"))
            case "POST", "reset":
                self.reset()
                return Response(status=204)
            case "GET", "faults":
                return _json([fault.model_dump(mode="json") for fault in self._faults.list()])
            case "POST", "faults":
                body = _body(request)
                self._faults.add(_FAULTS.validate_python(body if isinstance(body, list) else [body]))
                return Response(status=204)
            case "DELETE", "faults":
                self._faults.clear()
                return Response(status=204)
            case "GET", "calls":
                return _json([call.model_dump(mode="json") for call in self._calls.list()])
            case "DELETE", "calls":
                self._calls.clear()
                return Response(status=204)
            case (("GET" | "PUT"), ("durations" | "quotas")):
                settable = self._durations if path == "durations" else self._aws.quotas
                if method == "PUT":
                    settable.put(_object(request))
                return _json(settable.model_dump(mode="json"))
            case "GET", "packets":
                return _json(self._aws.answering_ports())
            case "GET", "policy":
                return _json(self._aws.used())
            case "PUT", "policy":
                wanted = _RolePolicy.model_validate(_object(request))
                self._aws.put_policy(wanted.role_arn, wanted.policy)
                return Response(status=204)
            case "GET", "clock":
                return _json({"speed": self._clock.speed, "now": self._clock.now()})
            case "PUT", "clock":
                self._set_clock(_Pace.model_validate(_object(request)))
                return _json({"speed": self._clock.speed, "now": self._clock.now()})
            case "POST", _ if path in self._aws.hands.paths:
                return _json(self._aws.hands.act(path, _object(request)))
            case "POST", "description":
                edit = _Description.model_validate(_object(request))
                self._emqx.describe(edit.deployment, edit.id, edit.description)
                return Response(status=204)
            case "GET", "credentials":
                return _json(self._aws.keys.shown())
            case "PUT", "credentials":
                self._aws.keys.put(_object(request))
                return _json(self._aws.keys.shown())
            case "POST", _ if path.startswith("credentials/"):
                return _json(self._aws.keys.act(path.removeprefix("credentials/"), _object(request)))
        hands = ", ".join(self._aws.hands.paths)
        sentence = (
            "the control path has books, reset, faults, calls, durations, quotas, clock, packets, policy, quirks,"
            f" credentials, {hands} and description; see sandbox/server.py\n"
        )
        return Response(f"{method} {request.path}: {sentence}", 404)


def serve(sandbox: Sandbox, port: int) -> BaseWSGIServer:
    """A server on that port (0 = any free one) which listens but does not serve yet; sets `sandbox.endpoint`."""
    server = make_server(HOST, port, sandbox, threaded=True, request_handler=_Handler)
    sandbox.endpoint = f"http://{HOST}:{server.port}"
    return server


class _Handler(WSGIRequestHandler):
    """Says nothing of served requests: the record of calls does."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def _drop(environ: dict[str, Any]) -> None:
    """Close the connection without an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("the answer is lost on purpose")


def _text(request: Request) -> str:
    """What a fault's `match` looks in: path, query and body, decoded."""
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


def _json(value: Any) -> Response:  # noqa: ANN401  whatever JSON can say
    return Response(json.dumps(value, default=str), content_type="application/json")


def _body(request: Request) -> Any:  # noqa: ANN401  whatever JSON can say
    try:
        return json.loads(request.get_data() or b"null")
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error


def _object(request: Request) -> dict[str, Any]:
    body = _body(request)
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  a bad value from outside, not a bug of types
    return body
