"""`privatelink apply` without Temporal: what it shows, what it asks, what it says when it is stopped, its exit code."""

import asyncio
import io
import json
import signal
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from privatelink.cli.fleet_views import fleet_view
from privatelink.client.applying import FleetRun
from privatelink.errors import NoWorker, TemporalUnreachable
from privatelink.model.fleet import (
    Action,
    Ending,
    FleetPlan,
    FleetProgress,
    FleetResult,
    FleetStarted,
    LinkOutcome,
    LinkPlan,
    RunningLink,
)
from privatelink.model.request import PrivateLinkRequest
from tests.privatelink.model.test_fleet import FLEET, written
from tests.support.cli import NOW, Links, Ran, Terminal, run_command

ORDERS, KAFKA, OLD = "w41b11c0/orders-db", "w41b11c0/kafka", "w41b11c0/old"
ADDRESS = "vpce-0a1b.vpce-svc-0a1b.us-east-1.vpce.amazonaws.com"


def outcome(link: str, ending: Ending) -> LinkOutcome:
    """How a create of it ended."""
    if ending in {Ending.DONE, Ending.UNCHANGED}:
        return LinkOutcome(link=link, operation="create", ending=ending, saga_id="1", address=ADDRESS)
    return LinkOutcome(link=link, operation="create", ending=ending, error="QuotaExceeded", message="a quota\nis used")


DONE = FleetResult(links=(outcome(ORDERS, Ending.DONE), outcome(KAFKA, Ending.DONE)))
FAILED = outcome(KAFKA, Ending.ROLLED_BACK)
LOOKS: list[FleetProgress | None] = [
    FleetProgress(total=2),
    FleetProgress(
        total=2,
        running=(
            RunningLink(link=ORDERS, operation="create", since=NOW - timedelta(seconds=75)),
            RunningLink(link=KAFKA, operation="create"),
        ),
    ),
    FleetProgress(
        total=2,
        running=(RunningLink(link=ORDERS, operation="create", since=NOW - timedelta(seconds=75)),),
        endings={Ending.ROLLED_BACK: 1},
        troubles=(FAILED,),
    ),
]


class Run(FleetRun):
    """Stands as `looks` say, one after the other; at the last it ends by `end`."""

    def __init__(self, looks: Sequence[FleetProgress | BaseException | None], end: FleetResult | BaseException) -> None:
        self.looks = list(looks)
        self.end = end
        self.ended = asyncio.Event()

    @property
    def started(self) -> FleetStarted:
        """One part."""
        return FleetStarted(links=2, workflow_ids=("privatelink-fleet:0a1b",))

    async def progress(self) -> FleetProgress | None:
        """The next look."""
        look = self.looks.pop(0)
        if not self.looks:
            self.ended.set()
        if isinstance(look, BaseException):
            raise look
        return look

    async def result(self) -> FleetResult:
        """The end, after the last look."""
        await self.ended.wait()
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end


class Fleet(Links):
    """Plans `plan`, and starts a `Run`; `start` refuses where given."""

    def __init__(
        self,
        *looks: FleetProgress | BaseException | None,
        end: FleetResult | BaseException = DONE,
        plan: Iterable[LinkPlan] = (),
        start: BaseException | None = None,
    ) -> None:
        super().__init__(start=start)
        self.run = Run(looks or LOOKS, end)
        self.plan = FleetPlan(
            links=(LinkPlan(link=ORDERS, action=Action.CREATE), LinkPlan(link=KAFKA, action=Action.UNCHANGED), *plan)
        )
        self.deleted: list[str] | None = None

    async def plan_fleet(self, requests: Sequence[PrivateLinkRequest], *, prune: bool = False) -> FleetPlan:
        """The same, whatever is asked."""
        self.asked.append(([request.name for request in requests], prune))
        return self.plan

    async def start_apply(self, requests: Sequence[PrivateLinkRequest], *, delete: Iterable[str] = ()) -> FleetRun:
        """Begin, or refuse."""
        self.asked.append([request.name for request in requests])
        self.deleted = list(delete)
        if self.start:
            raise self.start
        return self.run


PRUNED = [LinkPlan(link=OLD, action=Action.DELETE)]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A fleet of two links."""
    return written(tmp_path, FLEET)


def applied(fleet: Fleet, file: str, *options: str, interactive: bool = False) -> Ran:
    """What the command did."""
    return run_command(fleet, "apply", "-f", file, *options, interactive=interactive)


@pytest.mark.parametrize(
    ("worst", "code"),
    [
        (Ending.DONE, 0),
        (Ending.UNCHANGED, 0),
        (Ending.REFUSED, 2),
        (Ending.ROLLED_BACK, 3),
        (Ending.INCOMPLETE, 4),
    ],
)
def test_the_exit_code_is_that_of_the_worst_link(file: str, worst: Ending, code: int) -> None:
    """Wherever in the file it is; its type and message are printed, on one line."""
    fleet = Fleet(end=FleetResult(links=(outcome(ORDERS, worst), outcome(KAFKA, Ending.DONE))))
    ran = applied(fleet, file)
    assert code == ran.code
    trouble = f"create {ORDERS}: {worst}: a quota is used (QuotaExceeded)"
    assert (code > 0) == (trouble in ran.out.lines)


@pytest.mark.parametrize("error", [NoWorker("none answers"), TemporalUnreachable("no answer")])
def test_a_fleet_that_cannot_start_ends_with_5(file: str, error: BaseException) -> None:
    """Nobody knows then what there is."""
    ran = applied(Fleet(start=error), file)
    assert 5 == ran.code
    assert f"error: {error}".endswith(ran.err.lines[0].removeprefix("error: "))


def test_a_pipe_gets_a_line_for_each_change_and_each_trouble_once(file: str) -> None:
    """The plan first; then how far it is."""
    ran = applied(Fleet(*LOOKS, LOOKS[2], end=FleetResult(links=(outcome(ORDERS, Ending.DONE), FAILED))), file)
    assert [
        f"create: {ORDERS}",
        "plan: 1 create, 1 unchanged",
        "0 of 2 links ended; 0 running",
        "0 of 2 links ended; 2 running",
        "1 of 2 links ended: 1 rolled back; 1 running",
        f"create {KAFKA}: rolled back: a quota is used (QuotaExceeded)",
        "1 done, 1 rolled back",
    ] == ran.out.lines
    assert 3 == ran.code


def test_json_is_one_object_and_all_else_goes_to_standard_error(file: str) -> None:
    """A script reads standard output."""
    ran = applied(Fleet(), file, "-o", "json")
    assert DONE == FleetResult.model_validate_json(ran.out.file.getvalue())
    assert "plan: 1 create, 1 unchanged" in ran.err.lines


def test_detached_it_says_how_to_look(file: str) -> None:
    """It starts, and waits for nothing."""
    ran = applied(Fleet(end=AssertionError("nobody waits")), file, "--detach")
    assert 0 == ran.code
    assert [
        "the fleet of 2 links is running",
        "watch it: the same command without --detach; each link: privatelink list",
    ] == (ran.out.lines[-2:])
    as_json = applied(Fleet(), file, "--detach", "-o", "json").out.file.getvalue()
    assert {"links": 2, "workflow_ids": ["privatelink-fleet:0a1b"]} == json.loads(as_json)


def test_watching_goes_on_when_temporal_is_back(file: str) -> None:
    """A poll that fails is reported once, and the fleet still runs; so it is when no worker answers."""
    away = TemporalUnreachable("asking how far a fleet is (2 links): no answer")
    ran = applied(Fleet(LOOKS[0], away, away, None, LOOKS[1]), file)
    assert 0 == ran.code
    assert [
        "0 of 2 links ended; 0 running",
        "asking how far a fleet is (2 links): no answer",
        "no worker answers, so the steps are not known; start one: python worker.py",
        "0 of 2 links ended; 2 running",
        "2 done",
    ] == ran.out.lines[2:]


def test_the_picture_is_a_table_of_what_runs() -> None:
    """What failed is above it, once and whole; a note below the last picture says that it may be old."""
    terminal = Terminal(interactive=True)
    with fleet_view(terminal.console, lambda: NOW, redrawn=True) as view:
        for look in LOOKS[1:]:
            assert look
            view.show(look)
            view.tell(look.troubles)
        view.note("no answer")
        drawn = Terminal()
        drawn.console.print(view)
    assert [
        "1 of 2 links ended: 1 rolled back; 1 running",
        "LINK                SAGA    AGE",
        "w41b11c0/orders-db  create  1m 15s",
        "no answer",
    ] == drawn.lines
    assert 1 == terminal.file.getvalue().count(f"create {KAFKA}: rolled back: a quota is used (QuotaExceeded)")


def test_a_picture_of_much_stays_within_its_terminal() -> None:
    """Otherwise each redraw would leave a copy behind."""
    running = [RunningLink(link=f"w41b11c0/link-{number}", operation="create", since=NOW) for number in range(20)]
    for height in (3, 10, 50):
        terminal = Terminal(height=height)
        with fleet_view(terminal.console, lambda: NOW, redrawn=True) as view:
            view.show(FleetProgress(total=20, running=tuple(running)))
            view.note("no answer")
            terminal.console.print(view)
        rows = sum(line.startswith("w41b11c0/link-") for line in terminal.lines)
        more = [] if height == 50 else [f"and {20 - rows} more"]
        assert [*more, "no answer"] == terminal.lines[2 + rows :]
        assert {3: 0, 10: 5, 50: 20}[height] == rows


def test_what_begins_has_no_age_yet() -> None:
    """Its saga is asked for."""
    terminal = Terminal()
    with fleet_view(terminal.console, lambda: NOW, redrawn=True) as view:
        assert LOOKS[1]
        view.show(LOOKS[1])
        terminal.console.print(view)
    assert "w41b11c0/kafka      create  begins" in terminal.lines


def test_at_a_terminal_the_picture_goes_and_the_numbers_stay(file: str) -> None:
    """The last line is the answer."""
    ran = applied(Fleet(), file, interactive=True)
    assert (0, "2 done") == (ran.code, ran.out.lines[-1].rpartition("\x1b[2K")[2])


@pytest.mark.parametrize(
    ("answer", "code", "deleted"), [("y\n", 0, [OLD]), ("n\n", 2, None), ("\n", 2, None), ("", 2, None)]
)
def test_a_person_is_asked_before_links_are_deleted(
    file: str, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, deleted: list[str] | None
) -> None:
    """No word is a no, and starts nothing: no create either."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    fleet = Fleet(plan=PRUNED)
    ran = applied(fleet, file, "--prune", interactive=True)
    assert (code, deleted) == (ran.code, fleet.deleted)
    assert f"delete: {OLD}" in ran.out.lines
    if code:
        assert "error: deleting 1 link that is not in the file: not confirmed" in ran.err.lines


def test_ctrl_c_at_the_question_is_a_no(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, though asyncio keeps Ctrl-C for itself; afterwards it has it again."""

    class Interrupting(io.StringIO):
        def readline(self, *_: Any) -> str:  # type: ignore[override]  # noqa: ANN401 - as the standard library has it
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("the question stands")

    monkeypatch.setattr("sys.stdin", Interrupting())
    before = signal.getsignal(signal.SIGINT)
    fleet = Fleet(plan=PRUNED)
    assert (2, None) == (applied(fleet, file, "--prune", interactive=True).code, fleet.deleted)
    assert before == signal.getsignal(signal.SIGINT)


@pytest.mark.parametrize("options", [(), ("--prune",), ("--prune", "--yes")])
def test_nobody_is_asked_where_nobody_is(file: str, options: tuple[str, ...]) -> None:
    """In a pipe, `--yes` is the answer, and without it a prune is refused."""
    fleet = Fleet(plan=PRUNED if options else ())
    ran = applied(fleet, file, *options)
    refused = options == ("--prune",)
    assert (2 if refused else 0) == ran.code
    assert (None if refused else [OLD] if options else []) == fleet.deleted
    assert refused == ("next: add --yes to delete it, or leave out --prune" in ran.err.lines)


@pytest.mark.parametrize("when", ["while it starts", "while it runs"])
def test_ctrl_c_stops_the_watching_and_never_the_fleet(file: str, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and how to look."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    fleet = Fleet()

    async def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(10)
        raise AssertionError("nobody waits any more")

    if when == "while it starts":
        monkeypatch.setattr(fleet, "start_apply", interrupted)
    else:
        monkeypatch.setattr(fleet.run, "result", interrupted)
    try:
        ran = applied(fleet, file)
    finally:
        signal.signal(signal.SIGINT, before)
    goes_on = "may have been started all the same, and then goes on" if when == "while it starts" else "goes on"
    assert 130 == ran.code
    assert [
        f"stopped watching; the fleet {goes_on}",
        "watch it: the same command again; each link: privatelink list",
    ] == ran.err.lines
