"""The verbs: what each asks of the client, what it prints where, and the exit code that it ends with."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from privatelink.cli import run
from privatelink.client.links import SagaHandle
from privatelink.client.status import LinkSummary
from privatelink.errors import (
    Cancelled,
    CloudRefused,
    Finding,
    InvalidRequest,
    Leftover,
    LinkUnknown,
    NoWorker,
    OtherOperationRunning,
    Outcome,
    PrivateLinkError,
    RemovalRefused,
    RequestDiffers,
    RequestRefused,
    RollbackIncomplete,
    TargetsUnhealthy,
    TemporalUnreachable,
)
from privatelink.model.progress import Phase, StepState
from privatelink.model.request import DeleteRequest, PrivateLinkRequest
from privatelink.model.request_files import read_request
from privatelink.model.result import DeleteResult, PrivateLinkResult
from tests.support.cli import ARN, DELETED, LINK, NOW, REQUEST, RESULT, SAGA_ID, Links, link_status, run_command, step

DONE = link_status(step("create listener", StepState.DONE), phase=Phase.RUNNING, result=RESULT)
LOOKS = (
    link_status(step("create listener", StepState.TO_COME), phase=Phase.CHECKING),
    link_status(step("create listener", StepState.RUNNING), said={"create-listener": "throttled, 2s of 10m"}),
    DONE,
)
SUMMARY = LinkSummary(
    link=str(LINK),
    operation="create",
    phase=Phase.RUNNING,
    saga_id=SAGA_ID,
    account="111122223333",
    region="us-east-1",
    started_at=NOW - timedelta(hours=3),
    closed_at=NOW,
)
EACH_CODE: list[tuple[PrivateLinkError, int]] = [
    (RequestRefused("checking", outcome=Outcome.REFUSED), 2),
    (InvalidRequest("reading"), 2),
    (OtherOperationRunning("joining"), 2),
    (RequestDiffers("joining"), 2),
    (TargetsUnhealthy("waiting", outcome=Outcome.ROLLED_BACK), 3),
    (Cancelled("cancelled", outcome=Outcome.ROLLED_BACK), 3),
    (RollbackIncomplete("removing", outcome=Outcome.INCOMPLETE), 4),
    (CloudRefused("removing", outcome=Outcome.INCOMPLETE), 4),
    (TemporalUnreachable("connecting"), 5),
    (NoWorker("starting"), 5),
]


def only_object(text: str) -> dict[str, Any]:
    """The one JSON object that the text is."""
    [line] = text.splitlines()
    value: dict[str, Any] = json.loads(line)
    return value


def test_create_tells_each_change_on_a_line_and_ends_with_the_address(request_file: str) -> None:
    """Where output can't be redrawn there is one line per change, and the address at the end."""
    links = Links(*LOOKS)
    ran = run_command(links, "create", "-f", request_file)
    assert (0, []) == (ran.code, ran.err.lines)
    assert read_request(request_file) == links.asked[0]
    assert [
        "create w41b11c0/orders-db: starting",
        "create w41b11c0/orders-db: checking",
        "create w41b11c0/orders-db: creating",
        "create listener: running",
        "create listener: throttled, 2s of 10m",
        "create w41b11c0/orders-db: running",
        "create listener: done after 12s",
    ] == ran.out.lines[:7]
    assert f"  address            {RESULT.address}" in ran.out.lines
    assert f"  load balancer arn  {ARN}" in ran.out.lines


def test_create_draws_on_a_terminal_and_leaves_the_last_picture(request_file: str) -> None:
    """On a terminal the picture is redrawn in place; what stays is the end of the saga and the address."""
    ran = run_command(Links(*LOOKS), "create", "-f", request_file, interactive=True)
    assert 0 == ran.code
    assert f"{' done     create listener':76}12s" in ran.out.lines
    assert f"  address            {RESULT.address}" in ran.out.lines
    assert "create listener: running" not in ran.out.lines


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize("verb", ["create", "delete"])
def test_json_is_one_object_on_stdout_and_progress_is_lines_on_stderr(
    request_file: str, verb: str, *, interactive: bool
) -> None:
    """A program that reads stdout reads the result and nothing else, also where a person watches stderr."""
    end: PrivateLinkResult | DeleteResult = RESULT if verb == "create" else DELETED
    ran = run_command(Links(*LOOKS, end=end), verb, "-f", request_file, "--output", "json", interactive=interactive)
    assert 0 == ran.code
    assert end == type(end).model_validate(only_object(ran.out.file.getvalue()))
    assert "create listener: done after 12s" in ran.err.lines
    assert "\x1b" not in ran.err.file.getvalue()


@pytest.mark.parametrize(("error", "code"), EACH_CODE)
@pytest.mark.parametrize("when", ["start", "end"])
def test_each_error_ends_with_its_exit_code(request_file: str, error: PrivateLinkError, code: int, when: str) -> None:
    """The code says what is left in the clouds, whether the start or the saga itself failed."""
    links = Links(DONE, start=error) if when == "start" else Links(DONE, end=error)
    assert code == run_command(links, "create", "-f", request_file).code


@pytest.mark.parametrize(("error", "code"), EACH_CODE)
def test_a_failed_command_prints_its_error_as_the_one_json_object(
    request_file: str, error: PrivateLinkError, code: int
) -> None:
    """A program reads errors where it reads results."""
    ran = run_command(Links(DONE, end=error), "create", "-f", request_file, "-o", "json")
    assert code == ran.code
    assert {"error": error.details_model.model_dump(mode="json")} == only_object(ran.out.file.getvalue())


def test_an_error_in_text_lists_findings_what_is_left_and_the_next_step(request_file: str) -> None:
    """A person reads the whole of it on stderr, one thing per line."""
    error = RollbackIncomplete(
        "removing the link (w41b11c0/orders-db): 2 things are left",
        next_step="delete the link again",
        findings=(Finding(type="ForeignEndpoint", resource="vpce-9", message="not ours", next_step="ask its owner"),),
        leftovers=(
            Leftover(kind="endpoint service", id="vpce-svc-1", reason="ExistingVpcEndpointConnections"),
            Leftover(kind="load balancer", id="arn", reason="ResourceInUse", console="https://console/arn"),
        ),
        step="delete-endpoint-service",
        outcome=Outcome.INCOMPLETE,
    )
    ran = run_command(Links(DONE, end=error), "create", "-f", request_file)
    assert 4 == ran.code
    assert [
        "error: removing the link (w41b11c0/orders-db): 2 things are left",
        "  - ForeignEndpoint (vpce-9): not ours; ask its owner",
        "step: delete-endpoint-service",
        "outcome: something is left behind",
        "  - endpoint service vpce-svc-1: ExistingVpcEndpointConnections",
        "  - load balancer arn: ResourceInUse",
        "    see https://console/arn",
        "next: delete the link again",
    ] == ran.err.lines


def test_faults_of_a_file_are_listed_once_each_and_nothing_is_asked(request_file: str) -> None:
    """An invalid request never reaches Temporal, and each of its faults is one line."""
    Path(request_file).write_text(REQUEST.replace("us-east-1", "moon") + "colour: red\n")
    ran = run_command(TemporalUnreachable("connecting"), "create", "-f", request_file)
    assert 2 == ran.code
    assert "error: reading the request" == ran.err.lines[0]
    assert [
        "  - Schema (aws.region)",
        "  - Schema (colour)",
    ] == [line.partition(":")[0] for line in ran.err.lines[1:-1]]


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_detach_returns_when_the_saga_has_begun(request_file: str, verb: str) -> None:
    """Nobody waits, and whoever started it knows which saga it is."""
    links = Links(DONE)
    ran = run_command(links, verb, "-f", request_file, "--detach", "--output", "json")
    assert 0 == ran.code
    assert {"link": str(LINK), "operation": verb, "saga_id": SAGA_ID} == only_object(ran.out.file.getvalue())
    assert 1 == len(links.asked)
    text = run_command(Links(DONE), verb, "-f", request_file, "--detach").out.lines
    assert [f"the {verb} of {LINK} is running (saga {SAGA_ID})", f"watch it: privatelink status {LINK}"] == text


def test_delete_takes_a_link_or_the_file_of_its_create(request_file: str) -> None:
    """A link is named either way; what `--allow-failed` allows is passed on."""
    by_link, by_file = Links(DONE, end=DELETED), Links(DONE, end=DELETED)
    assert 0 == run_command(by_link, "delete", str(LINK), "--allow-failed").code
    ran = run_command(by_file, "delete", "-f", request_file)
    assert (LINK, True, False) == by_link.asked[0]
    assert (DeleteRequest.of(read_request(request_file)), False, False) == by_file.asked[0]
    assert [
        "w41b11c0/orders-db is deleted",
        f"  removed            {ARN}",
        "  removed            vpce-svc-0a1b2c3d4e5f6a7b8",
    ] == ran.out.lines[-3:]


@pytest.mark.parametrize(
    "arguments",
    [
        ("delete",),
        ("delete", str(LINK), "-f", "x.yaml"),
        ("create",),
        ("create", "-f", "x.yaml", "--output", "xml"),
        ("list", "--phase", "sleeping"),
        ("destroy", str(LINK)),
        (),
    ],
)
def test_a_command_that_cannot_be_read_is_refused(arguments: tuple[str, ...]) -> None:
    """A wrong command line ends with 2, like every refusal, before anything is asked."""
    links = Links(DONE)
    assert 2 == run_command(links, *arguments).code
    assert [] == links.asked


@pytest.mark.parametrize("verb", ["status", "delete"])
@pytest.mark.parametrize("text", ["orders-db", "w41b11c0/", "/orders-db", "W41/orders", "a/b/c", "a b/c"])
def test_a_link_of_the_wrong_shape_gets_a_sentence(verb: str, text: str) -> None:
    """A mistyped link is answered with how one looks."""
    ran = run_command(Links(DONE), verb, text)
    assert 2 == ran.code
    assert (
        f"error: reading LINK ({text}): it is not of the form deployment/name, "
        "in lower-case letters, digits and hyphens"
    ) == ran.err.lines[0]


def test_refusals_of_delete_are_listed() -> None:
    """What is in the way of a delete is named, one per line."""
    found = Finding(type="AddressInUse", resource="mysql:orders", message="uses the address", next_step="delete it")
    refused = RemovalRefused("deleting the link: it is in use", findings=(found,), outcome=Outcome.REFUSED)
    ran = run_command(Links(DONE, end=refused), "delete", str(LINK))
    assert 2 == ran.code
    assert "  - AddressInUse (mysql:orders): uses the address; delete it" in ran.err.lines
    assert "outcome: nothing was changed" in ran.err.lines


def test_status_shows_how_a_saga_stands_and_how_it_ended() -> None:
    """The same facts as while watching, at any time later, and exit 0 because they could be shown."""
    assert [
        "create w41b11c0/orders-db: creating, 0 of 1 steps done, 1m 23s",
        "a worker answers",
        "create listener: running",
        "create listener: throttled, 2s of 10m",
    ] == run_command(Links(LOOKS[1]), "status", str(LINK)).out.lines
    failed = DONE.model_copy(
        update={"result": None, "error": TargetsUnhealthy("waiting", outcome=Outcome.ROLLED_BACK).details_model}
    )
    ran = run_command(Links(failed), "status", str(LINK))
    assert (0, []) == (ran.code, ran.err.lines)
    assert [
        "error: waiting",
        "outcome: everything that the saga made is removed",
    ] == ran.out.lines[-2:]
    assert DONE.model_dump(mode="json") == only_object(
        run_command(Links(DONE), "status", str(LINK), "-o", "json").out.file.getvalue()
    )


def test_status_on_a_terminal_is_the_picture_with_full_ids() -> None:
    """What was shown while watching can be seen again, with ids that can be copied."""
    status = link_status(step("create listener", StepState.RUNNING), ids={"service": "vpce-svc-1"})
    lines = run_command(Links(status), "status", str(LINK), interactive=True).out.lines
    assert [
        "create w41b11c0/orders-db: creating, 0 of 1 steps done, 1m 23s",
        f"{' running  create listener':70}1m of 10m",
        " service  vpce-svc-1",
    ] == lines


def test_status_of_a_link_that_nobody_knows_is_refused() -> None:
    """A mistyped link is no error of the machine."""
    ran = run_command(Links(LinkUnknown("looking for a saga"), DONE), "status", str(LINK))
    assert (2, ["error: looking for a saga"]) == (ran.code, ran.err.lines)


def test_list_prints_rows_for_people_and_for_programs() -> None:
    """A table on a terminal of 80 columns, tabs in a pipe, one object in JSON."""
    long = SUMMARY.model_copy(update={"link": "w41b11c0/" + "a" * 63})
    table = run_command(Links(summaries=[SUMMARY, long]), "list", interactive=True).out.lines
    assert max(len(line) for line in table) <= 80
    assert ["LINK", "SAGA", "PHASE", "ACCOUNT", "REGION", "AGE"] == table[0].split()
    assert [str(LINK), "create", "running", "111122223333", "us-east-1", "3h"] == table[1].split()
    piped = run_command(Links(summaries=[SUMMARY, long]), "list").out.lines
    assert ["LINK", str(LINK), long.link] == [line.split("\t")[0] for line in piped]
    answer = run_command(Links(summaries=[SUMMARY]), "list", "-o", "json").out.file.getvalue()
    assert {"links": [SUMMARY.model_dump(mode="json")]} == only_object(answer)


def test_list_passes_its_filters_on_and_says_when_nothing_matches() -> None:
    """Each filter reaches the client; an empty list is no silence."""
    links = Links()
    filters = ("--phase", "rolled-back", "--deployment", "w41b11c0", "--account", "111122223333")
    ran = run_command(links, "list", *filters)
    assert [(Phase.ROLLED_BACK, "w41b11c0", "111122223333")] == links.asked
    assert (0, [], ["Temporal remembers no such link"]) == (ran.code, ran.out.lines, ran.err.lines)


def test_a_saga_that_cannot_be_seen_is_still_waited_for(request_file: str) -> None:
    """A poll that fails is reported, and ends nothing."""
    unreachable = TemporalUnreachable("looking for a saga (x): no answer")
    ran = run_command(Links(unreachable, unreachable, *LOOKS), "create", "-f", request_file)
    assert 0 == ran.code
    assert 1 == ran.out.lines.count("looking for a saga (x): no answer")


def test_the_link_s_next_saga_is_not_shown_as_this_one(request_file: str) -> None:
    """When another saga of the link has begun, its steps are not taken for this one's."""
    other = link_status(step("delete listener", StepState.RUNNING), operation="delete", saga_id="another")
    ran = run_command(Links(other, other), "create", "-f", request_file)
    assert 0 == ran.code
    assert ["create w41b11c0/orders-db: starting", "w41b11c0/orders-db is running"] == ran.out.lines[:2]


@pytest.mark.parametrize("output", ["text", "json"])
def test_ctrl_c_ends_the_watching_and_says_how_to_go_on(
    request_file: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C asks nothing, leaves the saga alone, and names the commands that watch it and undo it."""
    # A shell lets what it runs in the background ignore Ctrl-C, and so these tests too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    class Interrupting(Links):
        async def start_create(self, request: PrivateLinkRequest | Mapping[str, object]) -> SagaHandle:
            saga = await super().start_create(request)

            async def interrupted() -> PrivateLinkResult:
                signal.raise_signal(signal.SIGINT)
                await self.ended.wait()
                raise AssertionError("nobody waits any more")

            monkeypatch.setattr(saga, "result", interrupted)
            return saga

    try:
        ran = run_command(Interrupting(LOOKS[0], DONE), "create", "-f", request_file, "-o", output)
    finally:
        signal.signal(signal.SIGINT, before)
    assert 130 == ran.code
    assert [
        f"stopped watching; the create of {LINK} goes on",
        f"watch it: privatelink status {LINK}",
        f"undo it when it has ended: privatelink delete {LINK}",
        f"undo it now: privatelink roll-back {LINK} --reason WHY",
    ] == ran.err.lines[-4:]


def test_a_fault_of_ours_while_looking_ends_the_watching(request_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A poll that fails in an unforeseen way is no reason to wait forever without a picture."""
    ran = run_command(Links(LOOKS[0], ZeroDivisionError("ours"), DONE, DONE), "create", "-f", request_file)
    assert 1 == ran.code
    assert "ZeroDivisionError: ours" == capsys.readouterr().err.splitlines()[-1]


def test_a_fault_of_ours_shows_its_traceback_without_any_value(
    request_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected error ends with 1 and a traceback in which no local variable, so no secret, is printed."""
    secret = "hunter" + "2"
    Path(request_file).write_text(REQUEST + f"tags: {{note: {secret}}}\n")
    ran = run_command(Links(DONE, start=ZeroDivisionError("ours")), "create", "-f", request_file, "-o", "json")
    traceback = capsys.readouterr().err
    assert 1 == ran.code
    assert "ZeroDivisionError" == only_object(ran.out.file.getvalue())["error"]["type"]
    assert "ZeroDivisionError: ours" == traceback.splitlines()[-1]
    assert secret not in traceback + ran.err.file.getvalue() + ran.out.file.getvalue()


def test_help_explains_every_verb_every_option_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer learns from --help alone what there is and what the numbers mean."""
    assert 0 == run(["--help"])
    top = capsys.readouterr().out
    assert all(f" {code}  " in top for code in (0, 1, 2, 3, 4, 5, 130))
    options = {
        "create": ["--file", "--detach", "--output"],
        "delete": ["LINK", "--file", "--allow-failed", "--detach", "--output"],
        "status": ["LINK", "--file", "--watch", "--output"],
        "list": ["--phase", "--deployment", "--account", "--output"],
        "confirm": ["LINK", "--step", "--address", "--vpc-endpoint-id", "--by", "--output"],
        "approve": ["LINK", "--note", "--vpc-endpoint-id", "--by", "--output"],
        "pause": ["LINK", "--reason", "--until", "--by", "--output"],
        "resume": ["LINK", "--by", "--output"],
        "retry-now": ["LINK", "--by", "--output"],
        "roll-back": ["LINK", "--reason", "--by", "--output"],
        "check": ["--file", "--output"],
        "completion": ["bash", "zsh", "fish"],
    }
    for verb, named in options.items():
        assert f" {verb} " in top
        assert 0 == run([verb, "--help"])
        help_text = capsys.readouterr().out
        assert [] == [name for name in named if name not in help_text]


def ended_of(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that has run as a process of its own, with these settings, and answered in JSON."""
    return subprocess.run(
        [sys.executable, "-c", "from privatelink.cli import main; main()", *arguments, "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "HOME": str(home), **settings},
    )


def test_the_process_ends_with_the_code_and_everything_printed(tmp_path: Path) -> None:
    """`main` ends the process by the code of `run`, after all that was printed has gone out."""
    ended = ended_of(tmp_path, "status", "nonsense")
    assert 2 == ended.returncode
    assert "InvalidRequest" == only_object(ended.stdout)["error"]["type"]


@pytest.mark.parametrize("verb", [("list",), ("check",), ("delete", str(LINK))])
def test_every_wrong_setting_is_named_before_anything_is_asked(tmp_path: Path, verb: tuple[str, ...]) -> None:
    """In one message, with the code for what changed nothing, whichever of them the verb would use."""
    wrong = {
        "PRIVATELINK_PACE": "fast",
        "PRIVATELINK_ACCOUNT_QUEUES": "orders",
        "PRIVATELINK_PAYLOAD_KEY": "env:NOT_SET_ANYWHERE",
    }
    ended = ended_of(tmp_path, *verb, TEMPORAL_ADDRESS="127.0.0.1:1", **wrong)
    assert 2 == ended.returncode
    error = only_object(ended.stdout)["error"]
    assert "InvalidSettings" == error["type"]
    assert [] == [name for name in wrong if name not in error["message"]]
    assert "Traceback" not in ended.stderr
