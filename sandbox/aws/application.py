"""The AWS half as the server sees it: it names, serves and refuses requests, and lists what exists."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from botocore.session import Session
from werkzeug import Request, Response

from sandbox.aws import (  # noqa: F401  importing a module puts its actions into the table
    endpoint_connections,
    endpoint_permissions,
    endpoint_services,
    listeners,
    load_balancers,
    network,
    roles,
    tags,
    target_groups,
    target_health,
    targets,
    vpc_endpoints,
    wire,
)
from sandbox.aws.actions import ACTIONS, Action, Call
from sandbox.aws.authorization import ALWAYS_ALLOWED, needs, not_allowed
from sandbox.aws.credential_endpoint import CredentialEndpoint
from sandbox.aws.credentials import AccessKey, Keyring, Signature, signature_of
from sandbox.aws.errors import EC2, ELB, STS, AwsError, denied_explicitly, refusal
from sandbox.aws.keys_by_hand import KeysByHand
from sandbox.aws.out_of_band import OutOfBand
from sandbox.aws.packets import answering_ports, targets_behind
from sandbox.aws.policies import Asked, Policy
from sandbox.aws.quotas import Quotas
from sandbox.aws.request_rates import RequestRates
from sandbox.aws.seeding import put_seed_in_place
from sandbox.aws.state import World
from sandbox.books import aws_books
from sandbox.faults import FAULT, Fault, FaultPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.clock import Clock
    from sandbox.durations import Durations
    from sandbox.seed import Seed

_MODELS = {EC2: "ec2", ELB: "elbv2", STS: "sts"}
_MOTO_REQUEST_ID = b"<requestId>request-id<"
_READS = ("Describe", "Get", "List", "Search")
ACCOUNT = "sandbox.account"
"""WSGI environ key of the caller's account, which the record of calls needs."""


class AwsSandbox:
    """EC2, ELBv2 and STS for every seeded account. Thread-safe; a process can have only one."""

    def __init__(self, clock: Clock, durations: Durations, faults: FaultPlan, seed: Seed) -> None:
        """Create the seeded state, and register every action with `faults`."""
        self.quotas = Quotas()
        self._world = World(clock, durations, self.quotas, seed)
        self._rates = RequestRates(clock)
        self._keyring = Keyring(seed)
        self.credential_endpoint = CredentialEndpoint(self._keyring, self._world.lifetimes, faults)
        self.out_of_band = OutOfBand(self._world, self._keyring)
        self.keys = KeysByHand(self._world, self._keyring, self.credential_endpoint)
        self._used: set[tuple[str, str, str]] = set()
        self._moto = wire.moto_application()
        for service, model in _MODELS.items():
            for name in Session().get_service_model(model).operation_names:
                ours = ACTIONS.get((service, name))
                faults.know(name, ours.fault_kinds if ours is not None else ())
        self.reset()

    def reset(self) -> None:
        """Go back to the seeded state."""
        with self._world.lock:
            self._world.clear()
            self.quotas.restore()
            self._rates.clear()
            self._keyring.reset()
            self.credential_endpoint.reset()
            self._world.lifetimes.restore()
            self._used.clear()
            put_seed_in_place(self._world)

    def action_of(self, request: Request) -> tuple[str, str, bool]:
        """(service, action, whether it only reads); service and action are "" when they are unknown."""
        signature = signature_of(request)
        service = signature.service if signature is not None else ""
        name = (parse_qs(request.get_data(as_text=True)).get("Action") or request.args.getlist("Action") or [""])[0]
        ours = ACTIONS.get((service, name))
        return service, name, ours.read if ours is not None else name.startswith(_READS)

    def handle(self, request: Request) -> Response:
        """Serve one request; its fault, if any, is in its environ."""
        service, name, read = self.action_of(request)
        try:
            signature = _checked_signature(request)
            caller = self._keyring.caller(request, signature)
            request.environ[ACCOUNT] = caller.account
            if self.quotas.request_rates:
                self._rates.take(caller.account, signature.region, service, name, read=read)
            fault: Fault | None = request.environ.get(FAULT)
            if self._keyring.is_revoked(caller) and (service, name) != ALWAYS_ALLOWED:
                raise denied_explicitly(service, name, caller.principal)
            _refuse(fault, service, name, caller)
            if (service, name) in ACTIONS:
                return self._serve(request, signature, caller, fault)
            # moto reads and changes the network itself, without a lock.
            with self._world.lock:
                self._sweep()
                self._authorize(caller, Asked(f"{service}:{name}"))
                return self._serve(request, signature, caller, fault)
        except AwsError as error:
            return error.response(service)

    def books(self, *, bystanders: bool) -> dict[str, Any]:
        """Everything that exists, by account and region; seeded resources only with `bystanders`."""
        with self._world.lock:
            self._sweep()
            return aws_books(self._world.stores(), self._world.clock.now(), bystanders=bystanders)

    def answering_ports(self) -> dict[str, dict[int, bool]]:
        """VPC endpoint -> port -> whether a target answers there, for all accounts."""
        with self._world.lock:
            self._sweep()
            return answering_ports(self._world.stores(), self._world.clock.now())

    def targets_behind(self) -> dict[str, dict[int, dict[str, str]]]:
        """VPC endpoint -> port -> target -> its health, for all accounts."""
        with self._world.lock:
            self._sweep()
            return targets_behind(self._world.stores(), self._world.clock.now())

    def put_policy(self, role_arn: str, document: dict[str, Any] | None) -> None:
        """Give a role a policy, which limits its sessions from now on; without one (None) they may do everything.

        Raises ValueError when the policy contains something that the sandbox does not understand.
        """
        policy = None if document is None else Policy.read(document)
        with self._world.lock:
            self._world.roles.pop(role_arn, None)
            if policy is not None:
                self._world.roles[role_arn] = policy

    def used(self) -> list[dict[str, str]]:
        """Which statements of which roles' policies have allowed which actions since the last reset."""
        with self._world.lock:
            return [{"role_arn": role, "sid": sid, "action": action} for role, sid, action in sorted(self._used)]

    def _authorize(self, caller: AccessKey, *wanted: Asked) -> None:
        policy = self._world.roles.get(caller.role_arn or "")
        if policy is None:
            return
        for asked in wanted:
            statement = policy.allowing(asked)
            if statement is None:
                raise not_allowed(asked, caller.principal)
            self._used.add((caller.role_arn or "", statement.Sid, asked.action))

    def _serve(self, request: Request, signature: Signature, caller: AccessKey, fault: Fault | None) -> Response:
        def serve(action: Action, params: dict[str, Any], moto: Callable[[], Any]) -> Any:  # noqa: ANN401
            call = Call(
                action=action,
                caller=caller,
                region=signature.region,
                params=params,
                fault=fault,
                world=self._world,
                keyring=self._keyring,
                moto=moto,
            )
            if (action.service, action.name) != ALWAYS_ALLOWED:
                with self._world.lock:
                    self._authorize(caller, *needs(call))
            if params.get("DryRun"):
                raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
            with self._world.lock:
                self._sweep()
                return action.handler(call)

        environ = dict(request.environ)
        environ["wsgi.input"] = io.BytesIO(request.get_data())
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = caller.account
        environ[wire.SERVE] = serve
        try:
            response = Response.from_app(self._moto, environ, buffered=True)
        except NotImplementedError as error:
            raise AwsError("UnsupportedOperation", f"The sandbox does not have this action: {error}") from error
        # moto gives every EC2 answer the same request id, but operators find calls by their request id.
        response.set_data(response.get_data().replace(_MOTO_REQUEST_ID, f"<requestId>{uuid.uuid4()}<".encode()))
        return response

    def _sweep(self) -> None:
        """Remove the resources whose time is over."""
        now = self._world.clock.now()
        for store in self._world.stores():
            for balancer in [one for one in store.load_balancers.values() if one.gone_at <= now]:
                del store.load_balancers[balancer.arn]
                left_at = balancer.gone_at + self._world.durations.load_balancer_interfaces
                store.lingering |= dict.fromkeys(balancer.interface_ids, left_at)
            for interface_id in [id_ for id_, left_at in store.lingering.items() if left_at <= now]:
                del store.lingering[interface_id]
                network.release_address(store.account, store.region, interface_id)
            for service in [one for one in store.endpoint_services.values() if one.gone_at <= now]:
                del store.endpoint_services[service.id]
            for connection in [one for one in store.connections.values() if one.gone_at <= now]:
                del store.connections[connection.vpc_endpoint_id]
            for group in store.target_groups.values():
                for key in [key for key, target in group.targets.items() if target.gone_at <= now]:
                    del group.targets[key]


def _checked_signature(request: Request) -> Signature:
    signature = signature_of(request)
    if signature is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    if signature.service not in _MODELS:
        raise AwsError("InvalidAction", f"The sandbox does not have the service {signature.service}")
    return signature


def _refuse(fault: Fault | None, service: str, name: str, caller: AccessKey) -> None:
    if fault is not None and (refused := refusal(fault, service, name, caller.principal)) is not None:
        raise refused
    if service != EC2 and (service, name) not in ACTIONS:
        raise AwsError("InvalidAction", f"The sandbox does not have the action {name} of {service}")
