"""The words that steer a saga: what each sends, what it prints, and bad input refused by a sentence."""

import getpass
import json
import socket
from datetime import timedelta

import pytest
from pydantic import BaseModel

from privatelink.client.status import LinkStatus
from privatelink.errors import LinkUnknown, NoWorker, UpdateRefused
from privatelink.model.progress import Ask, Phase, StepState
from privatelink.model.updates import Approve, Confirm, Pause, Resume, RetryNow, RollBack
from tests.support.cli import LINK, NOW, RESULT, STEERED, Links, ask, link_status, run_command, step

HOST = "vpce-0a1b-2c3d.vpce-svc-4e5f.us-east-1.vpce.amazonaws.com"


def asking(*asks: Ask) -> LinkStatus:
    """A create that asks people for all of this."""
    return link_status(step("confirm running", StepState.RUNNING), phase=Phase.WAITING_FOR_PERSON, asks=asks)


ASKS = asking(ask())
ME = f"{getpass.getuser()}@{socket.gethostname()}"

SENT: list[tuple[tuple[str, ...], BaseModel]] = [
    (
        ("confirm", str(LINK), "--step", "s", "--address", HOST, "--by", "ana"),
        Confirm(step="s", address=HOST, by="ana"),
    ),
    (
        ("confirm", str(LINK), "--step", "s", "--vpc-endpoint-id", "vpce-0a1"),
        Confirm(step="s", vpc_endpoint_id="vpce-0a1", by=ME),
    ),
    (("confirm", str(LINK)), Confirm(step="confirm-running", by=ME)),
    (("approve", str(LINK), "--note", "CHG-1234", "--by", "ana"), Approve(by="ana", note="CHG-1234")),
    (("approve", str(LINK)), Approve(by=ME)),
    (("approve", str(LINK), "--vpc-endpoint-id", "vpce-0a1b"), Approve(by=ME, vpc_endpoint_id="vpce-0a1b")),
    (
        ("pause", str(LINK), "--reason", "freeze", "--until", "2h"),
        Pause(reason="freeze", until=NOW + timedelta(hours=2), by=ME),
    ),
    (("pause", str(LINK), "--reason", "freeze", "--by", "ana"), Pause(reason="freeze", by="ana")),
    (("resume", str(LINK)), Resume(by=ME)),
    (("retry-now", str(LINK), "--by", "ana"), RetryNow(by="ana")),
    (("roll-back", str(LINK), "--reason", "wrong subnets"), RollBack(reason="wrong subnets", by=ME)),
]


@pytest.mark.parametrize(("arguments", "argument"), SENT)
def test_each_verb_sends_its_update_and_says_what_it_did(arguments: tuple[str, ...], argument: BaseModel) -> None:
    """One word, one Update, with who says it; the answer is a sentence or one JSON object."""
    links = Links(ASKS)
    ran = run_command(links, *arguments)
    assert (0, [f"{LINK}: the saga goes on", "  step create-listener-3306"]) == (ran.code, ran.out.lines)
    assert (LINK, argument) == links.asked[-1]
    answer = run_command(Links(ASKS), *arguments, "-o", "json").out.file.getvalue()
    assert STEERED.model_dump(mode="json") == json.loads(answer)


BAD: list[tuple[tuple[str, ...], str]] = [
    (("confirm", str(LINK), "--step", "s", "--address", "10.0.0.1"), "(address): it is not a host name"),
    (("confirm", str(LINK), "--step", "s", "--address", f"https://{HOST}"), "(address): it is not a host name"),
    (("confirm", str(LINK), "--step", "s", "--address", f"{HOST}:3306"), "(address): it is not a host name"),
    (("confirm", str(LINK), "--step", "s", "--vpc-endpoint-id", "eni-1"), "(vpc_endpoint_id): it is not the id"),
    (("confirm", str(LINK), "--step", ""), "(step): it is not the name of a step"),
    (("approve", str(LINK), "--by", ""), "(by): it does not say who"),
    (("approve", str(LINK), "--note", " "), "(note): it has no text"),
    (("pause", str(LINK), "--reason", ""), "(reason): it does not say why"),
    (("pause", str(LINK), "--reason", "x", "--until", "2020-01-01T00:00:00Z"), "it is in the past"),
    (("pause", str(LINK), "--reason", "x", "--until", "soon"), "it is neither a duration nor an ISO 8601 time"),
    (("resume", str(LINK), "--by", " "), "(by): it does not say who"),
    (("roll-back", str(LINK), "--reason", "x" * 501), "(reason): it does not say why"),
    (("resume", "orders-db"), "it is not of the form deployment/name"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused_by_a_sentence_and_sends_nothing(arguments: tuple[str, ...], message: str) -> None:
    """Exit 2, what is wrong with which field, and no word to the saga."""
    links = Links(ASKS)
    ran = run_command(links, *arguments)
    assert (2, []) == (ran.code, links.asked)
    assert message in "\n".join(ran.err.lines)


@pytest.mark.parametrize("arguments", [("pause", str(LINK)), ("roll-back", str(LINK)), ("approve",)])
def test_what_must_be_given_is_asked_for(arguments: tuple[str, ...]) -> None:
    """A pause or a rollback without a reason is none."""
    links = Links(ASKS)
    assert (2, []) == (run_command(links, *arguments).code, links.asked)


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        ([], "no step waits for that"),
        ([ask("pause", commands=(f"privatelink resume {LINK}",))], "no step waits for that"),
        ([ask("a"), ask("b")], "several steps wait for that: a, b"),
    ],
)
def test_confirm_without_a_step_is_refused_unless_one_step_asks(asks: list[Ask], message: str) -> None:
    """Nothing is confirmed by a guess; a pause or an approval is not what `confirm` answers."""
    links = Links(asking(*asks))
    ran = run_command(links, "confirm", str(LINK))
    assert (2, [LINK]) == (ran.code, links.asked)
    assert f"error: confirming a step of {LINK}: {message}" == ran.err.lines[0]


def test_confirm_without_a_step_finds_the_one_beside_a_pause() -> None:
    """Of all that a saga asks for, only one is answered by `confirm`."""
    asks = [ask("pause", commands=(f"privatelink resume {LINK}",)), ask("confirm-running")]
    links = Links(
        ASKS.model_copy(update={"progress": ASKS.progress and ASKS.progress.model_copy(update={"asks": asks})})
    )
    run_command(links, "confirm", str(LINK))
    assert (LINK, Confirm(step="confirm-running", by=ME)) == links.asked[-1]


def test_confirm_needs_a_saga_that_runs_and_a_worker_that_tells() -> None:
    """An ended saga and a missing worker have sentences and exit codes of their own."""
    ended = run_command(Links(link_status(phase=Phase.RUNNING, result=RESULT)), "confirm", str(LINK))
    assert (2, True) == (
        ended.code,
        "no saga of it is running; the last one, a create, ended as running" in ended.err.lines[0],
    )
    assert 5 == run_command(Links(link_status()), "confirm", str(LINK)).code


@pytest.mark.parametrize(
    ("error", "code"),
    [(UpdateRefused("pausing: it is paused"), 2), (LinkUnknown("looking"), 2), (NoWorker("pausing"), 5)],
)
def test_what_the_saga_refuses_ends_with_its_exit_code(error: Exception, code: int) -> None:
    """Refused is 2, nobody there is 5, in text and in JSON."""
    arguments = ("pause", str(LINK), "--reason", "x")
    assert code == run_command(Links(ASKS, steered=error), *arguments).code
    answer = json.loads(run_command(Links(ASKS, steered=error), *arguments, "-o", "json").out.file.getvalue())
    assert type(error).__name__ == answer["error"]["type"]
