"""People: what a saga needs from them can be read in 80 columns, copied, and is printed once."""

from datetime import timedelta

import pytest

from privatelink.cli.lines import Changes
from privatelink.cli.people import WAITS, instructions
from privatelink.client.status import LinkStatus
from privatelink.model.progress import Ask, Intervention, Phase, StepState
from tests.support.cli import DELETED, LINK, NOW, RESULT, Links, Ran, ask, link_status, run_command, step

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f6a7b8-" + "x" * 60
CONFIRM = f"privatelink confirm {LINK} --step create-private-link"
BY_HAND = ask(
    "create-private-link",
    message="create the PrivateLink in EMQX's console",
    page="https://cloud.emqx.com/console/deployments/w41b11c0",
    clicks=("open Network Management", "choose +PrivateLink"),
    paste={"Service Name": SERVICE},
    commands=(CONFIRM,),
    reminders=1,
)
PAUSED = Intervention(at=NOW - timedelta(minutes=2), action="pause", by="ana@desk", why="network freeze")


def waiting(*asks: Ask, phase: Phase = Phase.WAITING_FOR_PERSON, state: StepState = StepState.RUNNING) -> LinkStatus:
    """A create that needs a person, who has paused it before."""
    return link_status(step("create private link", state), phase=phase, asks=asks, interventions=[PAUSED])


DONE = link_status(step("create private link", StepState.DONE), phase=Phase.RUNNING, result=RESULT)


def test_what_is_needed_stands_with_page_clicks_values_command_and_time_left() -> None:
    """All that a person needs for the two clicks, and each value alone on a line that is only it."""
    assert [
        "needs a person: create the PrivateLink in EMQX's console",
        "  until 2026-03-03 12:00 UTC (2d left)",
        "  reminder 1; first asked at 2026-03-01 11:59 UTC",
        "  page: https://cloud.emqx.com/console/deployments/w41b11c0",
        "  1. open Network Management",
        "  2. choose +PrivateLink",
        "  Service Name:",
        SERVICE,
        "  then run:",
        CONFIRM,
    ] == list(instructions(BY_HAND, NOW))


def test_several_commands_are_a_choice() -> None:
    """Of several endpoint connections a person picks one."""
    choices = tuple(f"privatelink confirm {LINK} --vpc-endpoint-id vpce-{number}" for number in (1, 2))
    assert ["  then run one of:", *choices] == list(instructions(ask(commands=choices, deadline=None), NOW))[1:]


def test_words_from_elsewhere_cannot_steer_the_terminal() -> None:
    """An ask is text and nothing else, in every part."""
    evil = "a\x1b[2Jb"
    parts = ask(message=evil, page=evil, clicks=(evil,), paste={evil: evil}, commands=(evil,))
    assert not [line for line in instructions(parts, NOW) if "\x1b" in line]


def test_an_ask_is_told_once_and_again_with_each_reminder() -> None:
    """A log has the instructions once, not at every look; a reminder repeats them."""
    changes = Changes()
    first = "\n".join(changes.of(waiting(BY_HAND), NOW))
    assert "\n".join(instructions(BY_HAND)) in first
    assert "2026-03-01 11:58 UTC: pause by ana@desk: network freeze" in first
    assert [] == changes.of(waiting(BY_HAND), NOW + timedelta(hours=1))
    [again] = changes.of(waiting(BY_HAND.model_copy(update={"reminders": 2})), NOW)
    assert "reminder 2" in again


def test_what_is_asked_a_second_time_is_told_a_second_time() -> None:
    """A step that is held again, by the very same error, does not stand still without a word."""
    changes = Changes()
    held = ask("create-private-link", message="too many PrivateLinks")
    changes.of(waiting(held), NOW)
    changes.of(link_status(step("create private link", StepState.RUNNING)), NOW)
    again = held.model_copy(update={"since": NOW})
    assert "needs a person: too many PrivateLinks" in "\n".join(changes.of(waiting(again), NOW))


def watched(file: str, *looks: LinkStatus, interactive: bool = False) -> Ran:
    """A create whose state is as given at each poll, and then runs."""
    return run_command(Links(*looks, DONE), "create", "-f", file, interactive=interactive)


def test_lines_say_once_that_the_command_waits(request_file: str) -> None:
    """Somebody who reads a log knows why it stands still, and that Ctrl-C does not end the create."""
    lines = watched(request_file, waiting(BY_HAND), waiting(BY_HAND), waiting(BY_HAND)).out.lines
    assert 1 == lines.count(WAITS)
    assert 1 == lines.count(SERVICE)
    assert lines.index(SERVICE) < lines.index(f"{LINK} is running")


def test_above_the_live_picture_values_stand_unwrapped(request_file: str) -> None:
    """On a terminal of 80 columns a longer value is still one line, and the picture below fits."""
    lines = watched(request_file, waiting(BY_HAND), interactive=True).out.lines
    assert 1 == sum(line.endswith(SERVICE) for line in lines)
    assert 1 == lines.count(CONFIRM)
    assert any("needs a person: create the PrivateLink in EMQX's console (2d left)" in line for line in lines)
    assert not [line for line in lines if "create private link" in line and len(line) > 80]


@pytest.mark.parametrize("interactive", [False, True])
def test_status_shows_what_is_needed_below_the_steps(*, interactive: bool) -> None:
    """Whoever comes later sees who has done what, and what to do now."""
    lines = run_command(Links(waiting(BY_HAND)), "status", str(LINK), interactive=interactive).out.lines
    assert ["2026-03-01 11:58 UTC: pause by ana@desk: network freeze", *instructions(BY_HAND, NOW)] == lines[-11:]
    assert f"create {LINK}: waiting-for-person, 0 of 1 steps done, 1m 23s" == lines[0]


def test_status_shows_a_held_step_with_its_error_and_what_to_run() -> None:
    """The error, and the two commands by which a person decides."""
    commands = (f"privatelink retry-now {LINK}", f"privatelink roll-back {LINK} --reason WHY")
    held = ask("create-private-link", message="create-private-link: too many PrivateLinks", commands=commands)
    status = waiting(held, phase=Phase.HELD, state=StepState.HELD)
    lines = run_command(Links(status), "status", str(LINK), interactive=True).out.lines
    assert f"{' held     create private link':76}12s" in lines
    assert "needs a person: create-private-link: too many PrivateLinks" in lines
    assert ["  then run one of:", *commands] == lines[-3:]


def test_a_pause_without_end_has_no_deadline() -> None:
    """Until somebody says `resume`."""
    pause = ask("pause", message="paused by ana@desk: network freeze", deadline=None)
    lines = run_command(Links(waiting(pause, phase=Phase.PAUSED)), "status", str(LINK)).out.lines
    assert "needs a person: paused by ana@desk: network freeze" in lines
    assert not [line for line in lines if "until" in line]


def test_json_holds_asks_and_interventions_in_one_object() -> None:
    """A program reads the same as a person."""
    status = waiting(BY_HAND)
    text = run_command(Links(status), "status", str(LINK), "-o", "json").out.file.getvalue()
    assert status == LinkStatus.model_validate_json(text)


def test_an_ended_delete_asks_nothing() -> None:
    """Nothing is needed from anybody when it is over."""
    ended = link_status(step("a", StepState.DONE), operation="delete", phase=Phase.DELETED, result=DELETED)
    lines = run_command(Links(ended), "status", str(LINK)).out.lines
    assert not [line for line in lines if "needs a person" in line]
