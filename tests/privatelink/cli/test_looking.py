"""Looking: watching until the end, a link that Temporal has forgotten, and a name that was mistyped."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from privatelink.client.status import LastAttempt, LinkSummary
from privatelink.errors import (
    CredentialsRefused,
    ErrorDetails,
    Finding,
    FindingType,
    LinkUnknown,
    Outcome,
    RequestRefused,
    TemporalUnreachable,
)
from privatelink.model.progress import Phase, Progress, StepState
from privatelink.model.request import DeleteRequest
from privatelink.model.request_files import read_request
from privatelink.model.result import FoundThing, InspectionResult
from tests.support.cli import ARN, LINK, NOW, RESULT, Links, link_status, run_command, step

UNKNOWN = LinkUnknown("looking for a saga", next_step="check the name")
DONE = link_status(step("create listener", StepState.DONE), phase=Phase.RUNNING, result=RESULT)
RUNS = link_status(step("create listener", StepState.RUNNING))
THERE = InspectionResult(
    link=str(LINK),
    things=(
        FoundThing(kind="load balancer", id=ARN, state="active", console="https://console/lb"),
        FoundThing(kind="endpoint service", id="vpce-svc-1"),
    ),
)


def summary(link: str, phase: Phase = Phase.RUNNING) -> LinkSummary:
    """A row of `list`; sagas in a phase that ends them are closed."""
    return LinkSummary(
        link=link,
        operation="create",
        phase=phase,
        saga_id="1",
        account="111122223333",
        region="us-east-1",
        started_at=NOW - timedelta(hours=3),
        closed_at=NOW if phase.ends else None,
    )


def test_watch_shows_each_change_and_ends_with_the_saga() -> None:
    """The same lines as `create` has, for a saga that somebody else has started; a missed look ends nothing."""
    links = Links(RUNS, TemporalUnreachable("looking for a saga (x): no answer"), RUNS, DONE)
    ran = run_command(links, "status", str(LINK), "--watch")
    assert (0, []) == (ran.code, ran.err.lines)
    assert [
        f"watching {LINK}: starting",
        f"create {LINK}: creating",
        "create listener: running",
        "looking for a saga (x): no answer",
        f"create {LINK}: running",
        "create listener: done after 12s",
    ] == ran.out.lines[:6]
    assert f"  address            {RESULT.address}" in ran.out.lines


def test_a_file_of_another_place_is_refused_before_anything_is_shown(request_file: str) -> None:
    """What Temporal remembers is of the other place, so that showing it would answer another question."""
    elsewhere = RequestRefused.of_findings(
        [
            Finding(
                type=FindingType.LINK_ELSEWHERE, resource="aws.region", message="it stands there", next_step="go there"
            )
        ]
    )
    ran = run_command(Links(DONE, stands=elsewhere), "status", "-f", request_file)
    assert (2, []) == (ran.code, ran.out.lines)
    assert "  - LinkElsewhere (aws.region): it stands there; go there" in ran.err.lines


def test_watch_in_json_is_the_last_status_alone() -> None:
    """Progress goes to stderr, the one object to stdout."""
    ran = run_command(Links(RUNS, DONE), "status", str(LINK), "--watch", "-o", "json")
    assert DONE.model_dump(mode="json") == json.loads(ran.out.file.getvalue())
    assert f"create {LINK}: creating" in ran.err.lines


def test_a_forgotten_link_is_looked_for_in_aws_and_at_the_platform(request_file: str) -> None:
    """The file says where to look; each thing is shown with its id and the page where it is seen."""
    links = Links(UNKNOWN, inspection=THERE)
    ran = run_command(links, "status", str(LINK), "-f", request_file)
    assert (0, []) == (ran.code, ran.err.lines)
    assert DeleteRequest.of(read_request(request_file)) == links.asked[-1]
    assert [
        f"{LINK}: Temporal remembers no saga; this is what exists in AWS and at the platform",
        "  load balancer: active",
        f"    {ARN}",
        "    see https://console/lb",
        "  endpoint service",
        "    vpce-svc-1",
    ] == ran.out.lines
    answer = run_command(Links(UNKNOWN, inspection=THERE), "status", "-f", request_file, "-o", "json")
    assert THERE.model_dump(mode="json") == json.loads(answer.out.file.getvalue())


def test_a_link_of_which_nothing_is_there_is_told_in_one_line(request_file: str) -> None:
    """Nothing is an answer."""
    ran = run_command(Links(UNKNOWN, inspection=InspectionResult(link=str(LINK))), "status", "-f", request_file)
    assert [f"{LINK}: Temporal remembers no saga; nothing exists in AWS or at the platform"] == ran.out.lines


def test_what_the_clouds_refuse_to_a_look_is_a_refusal(request_file: str) -> None:
    """A look that fails leaves nothing behind."""
    refused = CredentialsRefused("looking", outcome=Outcome.REFUSED)
    assert 2 == run_command(Links(UNKNOWN, inspection=refused), "status", "-f", request_file).code


def test_with_a_file_what_temporal_remembers_goes_first(request_file: str) -> None:
    """The clouds are asked only when Temporal has no answer."""
    links = Links(DONE)
    ran = run_command(links, "status", str(LINK), "-f", request_file)
    assert (0, [LINK]) == (ran.code, links.asked)


def test_a_file_of_another_link_is_refused(request_file: str) -> None:
    """Nobody takes one link's things for another's."""
    ran = run_command(Links(DONE), "status", "w41b11c0/other", "-f", request_file)
    assert 2 == ran.code
    assert f"error: reading LINK and FILE (w41b11c0/other): the file describes {LINK}" == ran.err.lines[0]


def test_status_of_nothing_is_refused() -> None:
    """A link or a file; the sentence says so."""
    assert 2 == run_command(Links(DONE), "status").code


@pytest.mark.parametrize("verb", [("status",), ("delete",), ("resume",), ("roll-back", "--reason", "x")])
def test_a_mistyped_link_proposes_the_near_ones(verb: tuple[str, ...]) -> None:
    """Whoever mistypes a name reads the name that was meant."""
    summaries = [summary("w41b11c0/orders-db"), summary("other/thing")]
    links = Links(UNKNOWN, start=UNKNOWN, steered=UNKNOWN, summaries=summaries)
    ran = run_command(links, *verb, "w41b11c0/order-db")
    assert (2, "next: did you mean w41b11c0/orders-db? Otherwise check the name") == (ran.code, ran.err.lines[-1])
    far = run_command(Links(UNKNOWN, start=UNKNOWN, steered=UNKNOWN, summaries=summaries), *verb, "zzz/yyyyyy")
    assert (2, "next: check the name") == (far.code, far.err.lines[-1])


def test_a_suggestion_that_cannot_be_made_hides_no_answer() -> None:
    """The link is unknown, also when the list of all links does not come."""

    class WithoutList(Links):
        async def list(self, **_: object) -> list[LinkSummary]:
            raise TemporalUnreachable("listing the links")

    ran = run_command(WithoutList(UNKNOWN), "status", str(LINK))
    assert (2, "error: looking for a saga") == (ran.code, ran.err.lines[0])


def test_list_marks_the_links_that_need_a_person() -> None:
    """They stand out on a terminal, and a last line on stderr names them; a pipe keeps bare words."""
    summaries = [summary(str(LINK), Phase.WAITING_FOR_PERSON), summary("w41b11c0/other")]
    drawn = run_command(Links(summaries=summaries), "list", interactive=True)
    assert max(len(line) for line in drawn.out.lines) <= 80
    assert ["waiting-for-person !" in line for line in drawn.out.lines] == [False, True, False]
    piped = run_command(Links(summaries=summaries), "list")
    assert ["PHASE", "waiting-for-person", "running"] == [line.split("\t")[2] for line in piped.out.lines]
    said = f"! needs a person: {LINK}; `privatelink status LINK` says what to do"
    assert [[said], [said]] == [drawn.err.lines, piped.err.lines]
    assert [] == run_command(Links(summaries=summaries), "list", "-o", "json").err.lines
    assert [] == run_command(Links(summaries=summaries[1:]), "list").err.lines


@pytest.mark.parametrize("phase", list(Phase))
def test_list_takes_every_phase(phase: Phase) -> None:
    """Also those that need a person."""
    links = Links()
    assert 0 == run_command(links, "list", "--phase", phase).code
    assert [(phase, None, None)] == links.asked


def test_a_file_that_cannot_be_read_asks_nobody(tmp_path: Path) -> None:
    """A bad file is a refusal before anything is asked."""
    links = Links(DONE)
    assert (2, []) == (run_command(links, "status", "-f", str(tmp_path / "none.yaml")).code, links.asked)


DIFFERS = Finding(type=FindingType.LINK_DIFFERS, resource="listeners", message="differs", next_step="delete it first")
ATTEMPT = LastAttempt(
    operation="create",
    saga_id="2",
    phase=Phase.REFUSED,
    started_at=NOW - timedelta(minutes=5),
    closed_at=NOW - timedelta(minutes=4),
    error=ErrorDetails(type="RequestRefused", message="checking: differs", findings=(DIFFERS,)),
)


def test_the_last_attempt_stands_beside_the_link_that_it_did_not_change() -> None:
    """The link is shown as it is, with its address; one line more says what failed since, when and why."""
    status = DONE.model_copy(update={"last_attempt": ATTEMPT})
    ran = run_command(Links(status), "status", str(LINK))
    assert f"create {LINK}: running, 1 of 1 steps done, 1m 23s" == ran.out.lines[0]
    assert f"  address            {RESULT.address}" in ran.out.lines
    assert "last attempt: create, refused 4m ago (RequestRefused: LinkDiffers)" == ran.out.lines[-1]
    seen = json.loads(run_command(Links(status), "status", str(LINK), "-o", "json").out.lines[0])["last_attempt"]
    assert ("create", "refused", "RequestRefused") == (seen["operation"], seen["phase"], seen["error"]["type"])


def test_list_shows_the_last_attempt_in_a_column_of_its_own() -> None:
    """In a pipe the column is always there; on a terminal where some link has one."""
    row = summary(str(LINK)).model_copy(update={"last_attempt": ATTEMPT})
    piped = run_command(Links(summaries=[row, summary("w41b11c0/other")]), "list")
    assert ["LAST ATTEMPT", "create refused (RequestRefused: LinkDiffers)", "-"] == [
        line.split("\t")[6] for line in piped.out.lines
    ]
    drawn = run_command(Links(summaries=[row]), "list", interactive=True)
    assert max(len(line) for line in drawn.out.lines) <= 80
    assert "LAST ATTEMPT" in drawn.out.lines[0]
    assert "LAST" not in run_command(Links(summaries=[summary(str(LINK))]), "list", interactive=True).out.lines[0]


def test_a_phase_and_a_step_of_a_later_version_are_shown_as_they_are() -> None:
    """A reader that meets a word which it does not know goes on."""
    told = Progress.model_validate(
        {
            "link": str(LINK),
            "operation": "move",
            "saga_id": "1",
            "phase": "moving",
            "steps": [{"id": "a", "title": "pack", "state": "packed"}],
        }
    )
    status = link_status().model_copy(update={"operation": "move", "phase": told.phase, "progress": told})
    for interactive in (True, False):
        lines = run_command(Links(status), "status", str(LINK), interactive=interactive).out.lines
        assert f"move {LINK}: moving, 0 of 1 steps done, 1m 23s" == lines[0]
        assert "packed" in "\n".join(lines)
