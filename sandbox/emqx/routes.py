"""Maps a method and path to the function that serves it, and to its action's name in faults and calls."""

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
    """One method on one path template; `serve` gets the request and the path's values, in order."""

    method: str
    template: str
    serve: Callable[..., Response]
    fault_kinds: tuple[FaultKind, ...] = ()
    """Fault kinds that this route supports beyond those of every action."""
    scope: str = ""
    """API key scope that the route needs; empty = `data_integration` at a deployment, none at the platform."""

    @property
    def action(self) -> str:
        """The action's name: "METHOD /path-template"."""
        return f"{self.method} {self.template}"

    def values(self, path: str) -> tuple[str, ...] | None:
        """The values in `path` for the template's placeholders; None when the path does not fit."""
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
        """The request's route and the values in its path; raises 404 NOT_FOUND or 405 METHOD_NOT_ALLOWED."""
        fits = [(route, values) for route in self.all if (values := route.values(path)) is not None]
        for route, values in fits:
            if route.method == request.method:
                return route, values
        if fits:
            raise Refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not offered on {path}")
        raise Refusal(404, "NOT_FOUND", f"there is no {path}")
