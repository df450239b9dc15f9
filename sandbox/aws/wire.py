"""Our actions in moto's place: all that depends on moto's internals, except the network (`network`, `seeding`).

`tests/sandbox/test_moto_canary.py` names each of these internals and fails when a new moto moves one.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import moto.backends
import moto.core.responses
import moto.core.utils
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.ec2.responses import EC2Response
from moto.elbv2.responses import ELBV2Response
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sts.responses import TokenResponse

from sandbox.aws.actions import ACTIONS, Action
from sandbox.aws.errors import EC2, ELB, STS, AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SERVE = "sandbox.aws.serve"
"""WSGI environ key of the function that serves the request: (action, parameters, moto's own handler) -> answer."""

_RESPONSES: dict[str, type[BaseResponse]] = {EC2: EC2Response, ELB: ELBV2Response, STS: TokenResponse}


def moto_application() -> DomainDispatcherApplication:
    """The server of moto, with the table's actions in place of its own. Call it only once in a process."""
    for (service, name), action in ACTIONS.items():
        _install(_RESPONSES[service], name, action)
    # These turn moto's own ELB answers into AWS's form, which ours have already.
    ELBV2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER = {}
    # For each call, moto lists a class's thousand methods and its own services on disk again.
    moto.backends.list_of_moto_modules = functools.cache(_listed(moto.backends.list_of_moto_modules))
    moto.core.responses.method_names_from_class = functools.cache(moto.core.utils.method_names_from_class)  # type: ignore[attr-defined]
    # Loading moto's thirteen hundred machine images makes every reset slow, and the sandbox needs none of them.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    return DomainDispatcherApplication(create_backend_app)


def _listed(names: Callable[[], Iterable[str]]) -> Callable[[], tuple[str, ...]]:
    return lambda: tuple(names())


def _install(responses: type[BaseResponse], name: str, action: Action) -> None:
    method = camelcase_to_underscores(name)
    original = getattr(responses, method, None)

    def serve(self: BaseResponse) -> Any:  # noqa: ANN401  what moto's dispatch accepts
        environ = self.normalized_request.environ

        def moto_way() -> Any:  # noqa: ANN401
            if original is None:
                raise NotImplementedError(f"letting moto serve {name}: it does not have it")
            return original(self)

        try:
            answer = environ[SERVE](action, dict(self.params), moto_way)
        except AwsError as error:
            return error.xml(action.service), {"status": error.status, "Content-Type": "text/xml;charset=UTF-8"}
        return ActionResult(answer) if isinstance(answer, dict) else answer

    serve.__name__ = method
    setattr(responses, method, serve)
