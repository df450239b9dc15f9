"""The routes of a deployment's configuration besides connectors, with the same verbs for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.emqx.answers import json_answer, json_object, no_content
from sandbox.emqx.configuration import KINDS, Kind
from sandbox.emqx.routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Request, Response

    from sandbox.emqx.broker import Broker

NO_CONTENT = 204


def configuration_routes() -> Iterator[Route]:
    """The routes of each kind, and those of the gateways."""
    for kind in KINDS:
        yield from _routes_of(kind)
    for method, template, serve in (
        ("GET", "/gateways", _list_gateways),
        ("GET", "/gateways/{name}", _get_gateway),
        ("PUT", "/gateways/{name}", _put_gateway),
        ("GET", "/gateways/{name}/authentication", _get_authentication),
        ("POST", "/gateways/{name}/authentication", _post_authentication),
        ("DELETE", "/gateways/{name}/authentication", _delete_authentication),
    ):
        yield Route(method, template, serve, scope="gateways")


def _routes_of(kind: Kind) -> tuple[Route, ...]:
    def list_things(_request: Request, broker: Broker) -> Response:
        return json_answer(broker.configuration.all(kind))

    def create(request: Request, broker: Broker) -> Response:
        made = broker.configuration.add(kind, json_object(request))
        return no_content() if kind.made == NO_CONTENT else json_answer(made, kind.made)

    def delete(_request: Request, broker: Broker, id_: str) -> Response:
        broker.configuration.delete(kind, id_)
        return no_content()

    return (
        Route("GET", kind.path, list_things, scope=kind.scope),
        Route("POST", kind.path, create, scope=kind.scope),
        Route("DELETE", kind.item, delete, scope=kind.scope),
    )


def _list_gateways(_request: Request, broker: Broker) -> Response:
    return json_answer(broker.configuration.gateways())


def _get_gateway(_request: Request, broker: Broker, name: str) -> Response:
    return json_answer(broker.configuration.gateway(name))


def _put_gateway(request: Request, broker: Broker, name: str) -> Response:
    broker.configuration.load_gateway(name, json_object(request))
    return no_content()


def _get_authentication(_request: Request, broker: Broker, name: str) -> Response:
    authenticator = broker.configuration.gateway_authentication(name)
    return no_content() if authenticator is None else json_answer(authenticator)


def _post_authentication(request: Request, broker: Broker, name: str) -> Response:
    body = json_object(request)
    broker.configuration.set_gateway_authentication(name, body)
    return json_answer(body, 201)


def _delete_authentication(_request: Request, broker: Broker, name: str) -> Response:
    broker.configuration.set_gateway_authentication(name, None)
    return no_content()
