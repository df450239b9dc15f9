"""Steering: the status of a link's latest saga, and the Updates with which people steer a running one."""

import getpass
import os
import socket
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from privatelink.client.answering import ANSWER_SECONDS, answered
from privatelink.client.silence import why_silent
from privatelink.client.status import LinkStatus, link_status
from privatelink.errors import Finding, FindingType, InvalidRequest, NoWorker, UpdateRefused, WorkerCannotGoOn
from privatelink.model.names import Link
from privatelink.model.progress import Phase
from privatelink.model.updates import Approve, Confirm, Pause, Resume, RetryNow, RollBack, UpdateResult
from privatelink.temporal.connection import reaching_temporal
from privatelink.temporal.troubles import is_unknown_workflow

M = TypeVar("M", bound=BaseModel)

_DOING: dict[type[BaseModel], tuple[str, str]] = {
    Confirm: ("confirm", "confirming a step of"),
    Approve: ("approve", "approving the connection of"),
    Pause: ("pause", "pausing"),
    Resume: ("resume", "resuming"),
    RetryNow: ("retry_now", "retrying the steps of"),
    RollBack: ("roll_back", "rolling back"),
}
"""Maps each argument type to its Update, and to the words with which its errors begin."""

_EXPECTED = {
    "step": "it is not the name of a step; `privatelink status` shows them",
    "address": "it is not a host name without a port, like vpce-0a1b-2c3d.vpce-svc-4e5f.us-east-1.vpce.amazonaws.com",
    "vpc_endpoint_id": "it is not the id of a VPC endpoint, like vpce-0a1b2c3d4e5f6a7b8",
    "by": "it does not say who, in 1 to 500 characters",
    "note": "it has no text, or more than 500 characters",
    "reason": "it does not say why, in 1 to 500 characters",
    "until": "it is not a time with a time zone, like 2030-01-31T06:00:00Z",
}
"""What is wrong with a field that its model refuses. The value itself is not repeated."""


class Steering:
    """The part of `PrivateLinks` that reads the status of a saga and acts on a running one.

    Each action returns what it did. It raises `InvalidRequest` for a malformed argument, `UpdateRefused` if the saga is
    not waiting for it or none is running, `LinkUnknown`, and `NoWorker` if no worker answers. `by` is who acts, for the
    record (default: user@host of this process).
    """

    def __init__(self, client: Client) -> None:
        """`client` must carry `privatelink.temporal.payloads.data_converter()`."""
        self._client = client

    async def status(self, link: str | Link, *, latest_only: bool = False) -> LinkStatus:
        """The link's status: its running saga, or the last one that made or removed something.

        `latest_only`: its latest saga, even if it has changed nothing. Raises `LinkUnknown`.
        """
        return await link_status(self._client, _parsed(link), latest_only=latest_only)

    async def confirm(
        self,
        link: str | Link,
        *,
        step: str | None = None,
        address: str | None = None,
        vpc_endpoint_id: str | None = None,
        by: str | None = None,
    ) -> UpdateResult:
        """Confirm what EMQX's console shows, by default for the only step that the saga asks about."""
        link = _parsed(link)
        if step is None:
            step = await self._asked(link)
        fields = {"step": step, "address": address, "vpc_endpoint_id": vpc_endpoint_id, "by": _by(by)}
        return await self._send(link, _argument(Confirm, link, **fields))

    async def approve(
        self, link: str | Link, *, by: str, note: str | None = None, vpc_endpoint_id: str | None = None
    ) -> UpdateResult:
        """Approve the connection of this VPC endpoint, by default the only one that was ever shown."""
        fields = {"by": by, "note": note, "vpc_endpoint_id": vpc_endpoint_id}
        return await self._send(link := _parsed(link), _argument(Approve, link, **fields))

    async def pause(
        self, link: str | Link, *, reason: str, until: datetime | None = None, by: str | None = None
    ) -> UpdateResult:
        """Stop before the next effect, until `resume` or the moment `until`, which needs a time zone."""
        link = _parsed(link)
        return await self._send(link, _argument(Pause, link, reason=reason, until=until, by=_by(by)))

    async def resume(self, link: str | Link, *, by: str | None = None) -> UpdateResult:
        """Continue after a pause."""
        return await self._send(link := _parsed(link), _argument(Resume, link, by=_by(by)))

    async def retry_now(self, link: str | Link, *, by: str | None = None) -> UpdateResult:
        """Retry a held step, or start the next attempt of a waiting step now."""
        return await self._send(link := _parsed(link), _argument(RetryNow, link, by=_by(by)))

    async def roll_back(self, link: str | Link, *, reason: str, by: str | None = None) -> UpdateResult:
        """Give up a create. It then removes what it has made, and ends with `GivenUp`."""
        return await self._send(link := _parsed(link), _argument(RollBack, link, reason=reason, by=_by(by)))

    async def _send(self, link: Link, argument: BaseModel) -> UpdateResult:
        update, doing = _DOING[type(argument)]
        handle = self._client.get_workflow_handle(link.workflow_id)
        with reaching_temporal(doing, str(link)):
            nobody = _no_worker(link, doing)
            try:
                return await answered(
                    handle.execute_update(update, argument, result_type=UpdateResult), otherwise=nobody
                )
            except NoWorker as error:
                raise await why_silent(self._client, handle.id, nobody) from error
            except RPCError as error:
                if is_unknown_workflow(error):
                    raise _ended(await self.status(link), doing) from error
                if error.status == RPCStatusCode.FAILED_PRECONDITION:  # its workflow task has failed
                    raise await why_silent(self._client, handle.id, nobody) from error
                raise
            except WorkflowUpdateFailedError as failure:
                # Not one of our errors: the worker does not know the Update, or the saga ended meanwhile.
                raise UpdateRefused(
                    f"{doing} {link}: {failure.cause}",
                    resource=str(link),
                    next_step=f"see its status (`privatelink status {link}`), and check the worker's version",
                ) from failure

    async def _asked(self, link: Link) -> str:
        """The only step that can be confirmed now, found by the commands in the saga's asks."""
        doing = _DOING[Confirm][1]
        status = await self.status(link)
        if status.closed_at:
            raise _ended(status, doing)
        if status.progress is None:
            if status.unanswered and status.unanswered.type == WorkerCannotGoOn.__name__:
                raise WorkerCannotGoOn.of(status.unanswered)
            raise _no_worker(link, doing)
        command = f"privatelink {_DOING[Confirm][0]} "
        steps = [ask.step for ask in status.progress.asks if any(one.startswith(command) for one in ask.commands)]
        if len(steps) == 1:
            return steps[0]
        waits = f"several steps wait for that: {', '.join(steps)}" if steps else "no step waits for that"
        raise UpdateRefused(
            f"{doing} {link}: {waits}",
            resource=str(link),
            next_step="name the step (`--step`)" if steps else f"see its status: privatelink status {link}",
        )


def caller() -> str:
    """Who runs this process, as user@host."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may run under a user id without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _by(given: str | None) -> str:
    return caller() if given is None else given


def _parsed(link: str | Link) -> Link:
    return Link.parse(link) if isinstance(link, str) else link


def _argument(model: type[M], link: Link, **fields: object) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = [str(fault["loc"][0]) for fault in error.errors(include_input=False)]
    findings = tuple(
        Finding(type=FindingType.SCHEMA, resource=name, message=_EXPECTED[name], next_step="correct it")
        for name in wrong
    )
    raise InvalidRequest(
        f"{_DOING[model][1]} {link}: " + "; ".join(f"{name}: {_EXPECTED[name]}" for name in wrong),
        resource=str(link),
        next_step="correct it",
        findings=findings,
    )


def _ended(status: LinkStatus, doing: str) -> UpdateRefused:
    last = status.last_attempt or status
    phase = last.phase
    ended = f"ended as {phase}"
    if phase in {None, Phase.TERMINATED}:
        ended = "was ended from outside, and rolled nothing back"
    return UpdateRefused(
        f"{doing} {status.link}: no saga of it is running; the last one, a {last.operation}, {ended}",
        resource=status.link,
        next_step=f"see how it ended: privatelink status {status.link}",
    )


def _no_worker(link: Link, doing: str) -> NoWorker:
    return NoWorker(
        f"{doing} {link}: no worker answered within {ANSWER_SECONDS:.0f} s",
        resource=str(link),
        next_step="start a worker (`python worker.py`), check the saga (`privatelink status`), then repeat the call",
    )
