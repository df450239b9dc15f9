"""The control path, `/sandbox/...`, by which tests and demos control the sandbox itself, in JSON.

A bad call gets HTTP 400 with a message, an unknown verb 404. `sandbox.bodies` has the body that each verb takes.

    GET  books[?all=1]      everything that exists, in every account and region; `all=1` adds what is seeded.
                            `packets` has the targets behind each available VPC endpoint:
                            endpoint -> port -> target -> health
    POST reset              go back to the seeded state
    *    faults             GET the plan, POST one fault or a list, DELETE all (`sandbox.faults`)
    *    calls              GET the record of calls, DELETE it
    *    durations, quotas, quirks, clock     GET and PUT what is settable
    GET  packets            VPC endpoint -> port -> whether a target answers
    *    policy             PUT {role_arn, policy}, GET which statements were used

What somebody else does behind the caller's back (`sandbox.aws.out_of_band`; `sandbox.emqx` for EMQX's own things):

    POST tags               {id, set: {KEY: VALUE}, remove: [KEY] or "all"}
    POST delete             {id}
    POST principals         {service_id, add: [ARN], remove: [ARN]}
    POST attributes         {load_balancer_arn, attributes: {KEY: VALUE}}, for instance deletion protection
    POST listeners          {load_balancer_arn, port, target_group_arn?}; gives {listener_arn, target_group_arn}
    POST endpoints          {service_name, account?, az_ids?}: a VPC endpoint, by default in the foreign account;
                            gives {vpc_endpoint_id}
    POST shares             {subnet_ids, participant}: let another account use these subnets (shared VPC)
    POST call               {account, region?, action, params}: any action of the sandbox, as any account
    POST description        {deployment, id, description}: of a PrivateLink (its id) or a connector (TYPE:NAME)

What happens to credentials (`sandbox.aws.keys_by_hand`). OF is an account id, a role's ARN or an access key id:

    *    credentials        GET them, PUT {endpoint_seconds, session_seconds}
    POST credentials/expire, credentials/revoke, credentials/restore     {of: OF}
    POST credentials/rotate {account?}: a new key for the account's user, or (without an account) new credentials
                            from the endpoints
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from werkzeug import Request, Response

from sandbox import bodies
from sandbox.faults import Fault, FaultPlan

if TYPE_CHECKING:
    from sandbox.aws.application import AwsSandbox
    from sandbox.calls import CallRecord
    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.emqx.application import EmqxSandbox

PATH = "/sandbox/"
_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])


class Control:
    """The verbs of the control path, on both halves and on what they share."""

    def __init__(
        self,
        aws: AwsSandbox,
        emqx: EmqxSandbox,
        *,
        clock: Clock,
        durations: Durations,
        faults: FaultPlan,
        calls: CallRecord,
    ) -> None:
        """Remember the clock's speed; a reset restores it."""
        self._speed = clock.speed
        self._clock = clock
        self._durations = durations
        self._faults = faults
        self._calls = calls
        self._aws = aws
        self._emqx = emqx

    def answer(self, request: Request) -> Response:
        """Carry out the verb; answer HTTP 400 with a message when it cannot be done."""
        if (answer := self._emqx.control(request)) is not None:
            return answer
        try:
            return self._controlled(request.method, request.path.removeprefix(PATH), request)
        except ValueError as error:
            return Response(f"{request.method} {request.path}: {error}\n", 400)

    def _controlled(self, method: str, path: str, request: Request) -> Response:  # noqa: C901, PLR0911, PLR0912  a table
        match method, path:
            case "GET", "books":
                return _json(self._books(bystanders=request.args.get("all") == "1"))
            case "POST", "reset":
                self._reset()
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
                wanted = bodies.RolePolicy.model_validate(_object(request))
                self._aws.put_policy(wanted.role_arn, wanted.policy)
                return Response(status=204)
            case "GET", "clock":
                return _json({"speed": self._clock.speed, "now": self._clock.now()})
            case "PUT", "clock":
                self._set_clock(bodies.Pace.model_validate(_object(request)))
                return _json({"speed": self._clock.speed, "now": self._clock.now()})
            case "POST", _ if path in self._aws.out_of_band.paths:
                return _json(self._aws.out_of_band.act(path, _object(request)))
            case "POST", "description":
                edit = bodies.Description.model_validate(_object(request))
                self._emqx.describe(edit.deployment, edit.id, edit.description)
                return Response(status=204)
            case "GET", "credentials":
                return _json(self._aws.keys.shown())
            case "PUT", "credentials":
                self._aws.keys.put(_object(request))
                return _json(self._aws.keys.shown())
            case "POST", _ if path.startswith("credentials/"):
                return _json(self._aws.keys.act(path.removeprefix("credentials/"), _object(request)))
        out_of_band = ", ".join(self._aws.out_of_band.paths)
        sentence = (
            "the control path has books, reset, faults, calls, durations, quotas, clock, packets, policy, quirks,"
            f" credentials, {out_of_band} and description; see sandbox/control.py\n"
        )
        return Response(f"{method} {request.path}: {sentence}", 404)

    def _reset(self) -> None:
        """Go back to the seeded state and to the speed at start, without faults or recorded calls."""
        self._clock.clear()
        self._clock.speed = self._speed
        self._faults.clear()
        self._durations.restore()
        self._aws.reset()
        self._emqx.reset()
        self._calls.clear()

    def _books(self, *, bystanders: bool) -> dict[str, Any]:
        """Everything that exists in both halves, and what packets find behind the VPC endpoints."""
        packets = self._aws.targets_behind()
        books = {"aws": self._aws.books(bystanders=bystanders), **self._emqx.books()}
        return books | ({"packets": packets} if packets else {})

    def _set_clock(self, wanted: bodies.Pace) -> None:
        if wanted.speed is not None:
            self._clock.speed = wanted.speed
        self._clock.advance(wanted.advance)


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
