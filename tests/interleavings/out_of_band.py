"""What others do to a link's things: an administrator, a clean-up job, another team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tests.support.belongings import Known, Thing, everything_of
from tests.support.parts import TAGGED

if TYPE_CHECKING:
    from tests.interleavings.programs import Programs

KINDS = tuple(part.kind for part in TAGGED)
FOREIGN_ROOT = "arn:aws:iam::410987654321:root"
PROTECTION = "deletion_protection.enabled"


class OutOfBandChanges:
    """What others do, if there is something to do it to. `undo` reverts what would be in the way of a delete."""

    def __init__(self, programs: Programs) -> None:
        """`edited` are the links of which a thing has lost its tags or description."""
        self._programs = programs
        self._undo: list[tuple[str, str, object]] = []
        self.edited: set[str] = set()
        self.done: list[str] = []

    def strip_tags(self, known: Known, kind: str) -> None:
        """Remove every tag from the link's things of one kind."""
        for thing in self._things(known, kind):
            self._hand("tags", id=thing.id, remove="all")
            self.edited.add(known.link.name)

    def edit_description(self, known: Known, kind: str) -> None:
        """Replace the description that has the link's name, at the platform or on its connector."""
        for thing in self._things(known, kind):
            self._hand("description", deployment=thing.where, id=thing.id, description="our orders, do not touch")
            self.edited.add(known.link.name)

    def protect(self, known: Known) -> None:
        """Switch on deletion protection for the load balancer."""
        for thing in self._things(known, "load balancer"):
            self._hand("attributes", load_balancer_arn=thing.id, attributes={PROTECTION: "true"})
            off = {"load_balancer_arn": thing.id, "attributes": {PROTECTION: "false"}}
            self._undo.append(("POST", "/attributes", off))

    def connect(self, known: Known) -> None:
        """Connect a foreign account to the endpoint service."""
        for thing in self._things(known, "endpoint service"):
            self._hand("principals", service_id=thing.id, add=[FOREIGN_ROOT])
            made = self._hand("endpoints", service_name=thing.book["name"])
            if made:
                self._undo.append(("POST", "/delete", {"id": made["vpc_endpoint_id"]}))

    def use_address(self, known: Known, where: str) -> None:
        """Make somebody else's connector or authenticator use the link's address."""
        for address in [thing.book["address"] for thing in self._things(known, "PrivateLink") if thing.book["address"]]:
            if where == "connector":
                name = f"{known.link.name}-by-others"
                body: dict[str, Any] = {"type": "http", "name": name, "url": f"http://{address}:3306", "enable": True}
                self._deployment("POST", "/connectors", body)
                self._undo.append(("DELETE", f"/connectors/http:{name}", None))
            else:
                body = {"mechanism": "password_based", "backend": "http", "method": "post"}
                self._deployment("POST", "/authentication", body | {"url": f"http://{address}:3306", "enable": True})
                self._undo.append(("DELETE", "/authentication/password_based:http", None))

    def undo(self) -> None:
        """Revert what may legitimately block the deletion of a link; edited things stay edited."""
        for method, path, body in self._undo:
            if path.startswith(("/connectors", "/authentication")):
                self._deployment(method, path, body)
            else:
                self._control(method, path, body)
        self._undo.clear()

    def _things(self, known: Known, kind: str) -> list[Thing]:
        found = everything_of(self._programs.control("GET", "/books"), known).values()
        return [thing for thing in found if thing.kind == kind]

    def _hand(self, verb: str, **body: object) -> Any:  # noqa: ANN401 - JSON of many shapes
        self.done.append(f"{verb} {body}")
        return self._control("POST", f"/{verb}", body)

    def _control(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 - JSON of many shapes
        """Do one act, and return its answer; None if AWS refuses it because the thing is just changing or going."""
        try:
            return self._programs.control(method, path, body)
        except httpx.HTTPStatusError:
            return None

    def _deployment(self, method: str, path: str, body: object) -> None:
        env = self._programs.stage.ready["env"]
        auth = (env["EMQXCLOUD_DEPLOYMENT_API_KEY"], env["EMQXCLOUD_DEPLOYMENT_API_SECRET"])
        address = f"{env['EMQXCLOUD_DEPLOYMENT_ENDPOINT']}{path}"
        httpx.request(method, address, auth=auth, json=body, trust_env=False, timeout=30)
