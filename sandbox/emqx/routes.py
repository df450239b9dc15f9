"""From method and path to the function that serves them, and to the name under which faults and calls know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.emqx.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Request, Response

    from sandbox.faults import FaultKind


@dataclass(frozen=True)
class Route:
    """One method on one path template; `serve` gets the request and the template's values in their order."""

    method: str
    template: str
    serve: Callable[..., Response]
    fates: tuple[FaultKind, ...] = ()
    """The kinds of fault, beyond those of any action, that this route can give what it makes."""
    scope: str = ""
    """The scope that a narrowed API key needs for it; empty where keys have none."""

    @property
    def action(self) -> str:
        """The name: "METHOD /path-template"."""
        return f"{self.method} {self.template}"

    def values(self, path: str) -> tuple[str, ...] | None:
        """What `path` holds in the template's places, or None when it does not fit."""
        wanted, given = self.template.split("/"), path.split("/")
        if len(wanted) != len(given):
            return None
        pairs = list(zip(wanted, given, strict=True))
        if any(part != value for part, value in pairs if not part.startswith("{")):
            return None
        return tuple(value for part, value in pairs if part.startswith("{"))


class Routes:
    """The routes of one API."""

    def __init__(self, *routes: Route) -> None:
        self.all = routes

    def find(self, request: Request, path: str) -> tuple[Route, tuple[str, ...]]:
        """The route of a request and its path's values; raises 404 NOT_FOUND or 405 METHOD_NOT_ALLOWED."""
        fits = [(route, values) for route in self.all if (values := route.values(path)) is not None]
        for route, values in fits:
            if route.method == request.method:
                return route, values
        if fits:
            raise Refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not offered on {path}")
        raise Refusal(404, "NOT_FOUND", f"there is no {path}")
