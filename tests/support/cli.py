"""A client without Temporal for the command line's tests. The test sets the state that each poll of a link returns."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from privatelink.cli import run
from privatelink.cli.context import CliContext
from privatelink.client.links import PrivateLinks, SagaHandle
from privatelink.client.status import LinkStatus, LinkSummary, Waiting
from privatelink.errors import ErrorDetails
from privatelink.model.names import Link
from privatelink.model.progress import Ask, Intervention, Operation, Phase, Progress, StepProgress, StepState
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.result import DeleteResult, InspectionResult, PrivateLinkResult, SetUpResult
from privatelink.model.updates import UpdateResult

LINK = Link(deployment="w41b11c0", name="orders-db")
SAGA_ID = "0199-run"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/pl-orders-db-abcdefghij/50dc6c495c0c9188"

REQUEST = """\
name: orders-db
deployment: w41b11c0
aws: {region: us-east-1}
subnets: [subnet-0a1, subnet-0b2]
listeners:
  - port: 3306
    targets: [10.0.1.15, 10.0.2.15]
"""

RESULT = PrivateLinkResult(
    link=str(LINK),
    address="vpce-0a1b2c3d4e5f6a7b8-abcdefgh.vpce-svc-0a1b2c3d4e5f6a7b8.us-east-1.vpce.amazonaws.com",
    service_name="com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8",
    service_id="vpce-svc-0a1b2c3d4e5f6a7b8",
    load_balancer_arn=ARN,
    target_group_arns=("arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/pl-orders-db-3306/0a1",),
    vpc_endpoint_id="vpce-0a1b2c3d4e5f6a7b8",
    private_link_id="pl-7",
)
STEERED = UpdateResult(link=str(LINK), message="the saga goes on", steps=("create-listener-3306",), at=NOW)
DELETED = DeleteResult(link=str(LINK), status="deleted", removed=(ARN, "vpce-svc-0a1b2c3d4e5f6a7b8"))


def step(title: str, state: StepState, *, ago: float = 60, took: float = 12, limit: float = 600) -> StepProgress:
    """A step that began `ago` seconds before NOW, took `took` if it has ended, and may take `limit`."""
    started = None if state is StepState.TO_COME else NOW - timedelta(seconds=ago)
    return StepProgress(
        id=title.replace(" ", "-"),
        title=title,
        state=state,
        started_at=started,
        ended_at=started + timedelta(seconds=took) if started and state is not StepState.RUNNING else None,
        deadline=started + timedelta(seconds=limit) if started else None,
    )


def ask(step: str = "confirm-running", **more: Any) -> Ask:  # noqa: ANN401 - fields of many types
    """A request to a person that began a minute before NOW and is open for two days after it."""
    fields = {
        "message": "confirm that the PrivateLink runs",
        "commands": (f"privatelink confirm {LINK} --step {step}",),
        "since": NOW - timedelta(minutes=1),
        "deadline": NOW + timedelta(days=2),
    }
    return Ask.model_validate({"step": step, **fields, **more})


def link_status(
    *steps: StepProgress,
    phase: Phase = Phase.CREATING,
    operation: Operation = "create",
    ids: Mapping[str, str] | None = None,
    said: Mapping[str, str] | None = None,
    error: ErrorDetails | None = None,
    saga_id: str = SAGA_ID,
    result: PrivateLinkResult | DeleteResult | None = None,
    asks: Sequence[Ask] = (),
    interventions: Sequence[Intervention] = (),
) -> LinkStatus:
    """A saga that began 83 seconds before NOW. Without steps, no worker reports its progress."""
    progress = Progress(
        link=str(LINK),
        operation=operation,
        saga_id=saga_id,
        phase=phase,
        steps=list(steps),
        ids=dict(ids or {}),
        error=error,
        asks=list(asks),
        interventions=list(interventions),
    )
    return LinkStatus(
        link=str(LINK),
        operation=operation,
        saga_id=saga_id,
        started_at=NOW - timedelta(seconds=83),
        closed_at=NOW if result else None,
        phase=phase,
        progress=progress if steps else None,
        waiting=tuple(Waiting(step=name, attempt=2, last_message=text) for name, text in (said or {}).items()),
        result=result,
    )


class _Saga(SagaHandle):
    def __init__(self, links: "Links") -> None:
        self.link = LINK
        self._links = links

    @property
    def saga_id(self) -> str:
        return SAGA_ID

    async def result(self) -> PrivateLinkResult | DeleteResult:
        await self._links.ended.wait()
        if isinstance(self._links.end, BaseException):
            raise self._links.end
        return self._links.end


class Links(PrivateLinks):
    """Returns the states in `looks`, one after another; at the last one, the saga ends with `end`.

    If given, `start` is the error of every start, and `stands` that of a file whose link is in another place.
    """

    def __init__(
        self,
        *looks: LinkStatus | Exception,
        end: PrivateLinkResult | DeleteResult | BaseException = RESULT,
        start: BaseException | None = None,
        summaries: Sequence[LinkSummary] = (),
        steered: UpdateResult | BaseException = STEERED,
        inspection: InspectionResult | BaseException | None = None,
        stands: BaseException | None = None,
    ) -> None:
        self.looks = list(looks) or [link_status()]
        self.end = end
        self.start = start
        self.summaries = list(summaries)
        self.steered = steered
        self.inspection = inspection
        self.stands = stands
        self.ended = asyncio.Event()
        self.asked: list[object] = []

    async def start_create(self, request: PrivateLinkRequest | Mapping[str, object]) -> SagaHandle:
        """Begin, or refuse."""
        return self._started(request)

    async def start_delete(
        self,
        target: str | Link | PrivateLinkRequest | DeleteRequest,
        *,
        allow_failed: bool = False,
        ignore_deployment: bool = False,
    ) -> SagaHandle:
        """Begin, or refuse."""
        return self._started((target, allow_failed, ignore_deployment))

    async def status(self, link: str | Link, *, latest_only: bool = False) -> LinkStatus:  # noqa: ARG002 - as it looks
        """Return the next state; the last one is repeated."""
        self.asked.append(link)
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if len(self.looks) == 1:
            self.ended.set()
        if isinstance(look, Exception):
            raise look
        return look

    async def list(
        self, *, phase: Phase | None = None, deployment: str | None = None, account: str | None = None
    ) -> list[LinkSummary]:
        """Return everything, whatever the filter."""
        self.asked.append((phase, deployment, account))
        return self.summaries

    async def inspect(self, request: PrivateLinkRequest | DeleteRequest) -> InspectionResult:
        """Return what there is, or refuse."""
        self.asked.append(request)
        assert self.inspection
        if isinstance(self.inspection, BaseException):
            raise self.inspection
        return self.inspection

    async def check_place(self, request: PrivateLinkRequest | DeleteRequest) -> None:  # noqa: ARG002 - it stands where it stands
        """Refuse where `stands` is given."""
        if self.stands:
            raise self.stands

    async def _send(self, link: Link, argument: BaseModel) -> UpdateResult:
        self.asked.append((link, argument))
        if isinstance(self.steered, BaseException):
            raise self.steered
        return self.steered

    def _started(self, asked: object) -> SagaHandle:
        self.asked.append(asked)
        if self.start:
            raise self.start
        return _Saga(self)


@dataclass
class Terminal:
    """A console whose output can be read back: `screen` is what was written. If not interactive, it is a pipe."""

    interactive: bool = False
    width: int = 80
    height: int = 50
    color: bool = False
    file: io.StringIO = field(default_factory=io.StringIO)

    @property
    def console(self) -> Console:
        """Make it as the command line makes its own, but writing to `file`."""
        return Console(
            file=self.file,
            force_terminal=self.interactive,
            force_interactive=self.interactive,
            width=self.width,
            height=self.height,
            color_system="standard" if self.color else None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    @property
    def lines(self) -> list[str]:
        """The lines written, without blanks at their ends."""
        return [line.rstrip() for line in self.file.getvalue().splitlines()]


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: Terminal
    err: Terminal
    asked_of_doctor: list[DeleteRequest | None]


def run_command(
    links: Links | BaseException, *arguments: str, interactive: bool = False, set_up: SetUpResult | None = None
) -> Ran:
    """Run one command against `links`, or with an error that connecting raises; the doctor finds `set_up`."""

    async def connect() -> PrivateLinks:
        if isinstance(links, BaseException):
            raise links
        return links

    async def check_set_up(request: DeleteRequest | None) -> SetUpResult:
        assert set_up
        asked_of_doctor.append(request)
        return set_up

    out, err = Terminal(interactive), Terminal(interactive)
    asked_of_doctor: list[DeleteRequest | None] = []
    cli = CliContext(
        connect=connect,
        check_set_up=check_set_up,
        out=out.console,
        err=err.console,
        now=lambda: NOW,
        poll_seconds=0.001,
    )
    return Ran(run(arguments, cli), out, err, asked_of_doctor)
