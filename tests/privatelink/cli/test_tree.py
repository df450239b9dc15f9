"""The tree: a saga in 80 columns, and in as many lines as the terminal has."""

import pytest

from privatelink.cli.tree import Tree
from privatelink.cli.views import LiveView
from privatelink.cli.words import NO_WORKER
from privatelink.client.status import LinkStatus
from privatelink.errors import ErrorDetails
from privatelink.model.progress import Phase, StepState
from tests.support.cli import ARN, NOW, RESULT, Terminal, link_status, step

SAID = "waiting for the load balancer (pl-orders-db-abcdefghij): provisioning, 1 m 0 s of 10 m; it takes 2 to 3 minutes"
IN_THE_MIDDLE = link_status(
    step("look up deployment", StepState.DONE, took=0.25),
    step("wait for load balancer", StepState.RUNNING),
    step("create endpoint service", StepState.TO_COME),
    ids={"load balancer": ARN},
    said={"wait-for-load-balancer": SAID},
)


def drawn(status: LinkStatus, *, fit: bool = False, height: int = 50) -> list[str]:
    """The picture's lines on a terminal of 80 columns."""
    terminal = Terminal(interactive=True, height=height)
    terminal.console.print(Tree(status, NOW, fit=fit))
    return terminal.lines


def test_every_step_stands_with_its_state_its_time_and_what_it_says() -> None:
    """The whole saga is there: done with its duration, running with elapsed of limit and last words, to come."""
    assert [
        "create w41b11c0/orders-db: creating, 1 of 3 steps done, 1m 23s",
        f"{' done     look up deployment':75}0.2s",
        f"{' running  wait for load balancer':70}1m of 10m",
        "          waiting for the load balancer (pl-orders-db-abcdefghij):",
        "          provisioning, 1 m 0 s of 10 m; it takes 2 to 3 minutes",
        " to come  create endpoint service",
        " load balancer  arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalance",
        "                r/net/pl-orders-db-abcdefghij/50dc6c495c0c9188",
    ] == drawn(IN_THE_MIDDLE)


def test_the_live_picture_shortens_arns_to_what_tells_them_apart() -> None:
    """A line per id is enough while it is redrawn; the full ids come at the end."""
    assert (
        " load balancer  loadbalancer/net/pl-orders-db-abcdefghij/50dc6c495c0c9188"
        == drawn(IN_THE_MIDDLE, fit=True)[-1]
    )


@pytest.mark.parametrize("height", [24, 12, 8, 5])
def test_a_low_terminal_folds_steps_and_keeps_what_runs(height: int) -> None:
    """However low the terminal, the picture fits it and shows what runs."""
    status = link_status(
        *(step(f"done {number}", StepState.DONE) for number in range(12)),
        step("accept connection", StepState.RUNNING),
        *(step(f"later {number}", StepState.TO_COME) for number in range(12)),
        ids={f"thing {number}": ARN for number in range(6)},
    )
    lines = drawn(status, fit=True, height=height)
    assert len(lines) < height
    assert any("accept connection" in line for line in lines)
    assert " done     12 steps" in lines


def test_nothing_is_wider_than_the_terminal() -> None:
    """Long names, ids and messages are broken, not cut, at 80 columns."""
    word = "x" * 200
    status = link_status(step(word, StepState.RUNNING), ids={"service": word}, said={word: word})
    lines = drawn(status)
    assert max(len(line) for line in lines) <= 80
    assert 600 == sum(line.count("x") for line in lines)


def test_a_rollback_says_why_it_runs() -> None:
    """While everything is being removed, the picture still says what went wrong."""
    cause = ErrorDetails(type="QuotaExceeded", message="creating the listener (lb-1): too many")
    lines = drawn(link_status(step("a", StepState.FAILED), phase=Phase.ROLLING_BACK, error=cause))
    assert ["  first cause: creating the listener (lb-1): too many", f"{' failed   a':76}12s"] == lines[1:]


def test_brackets_in_a_message_are_text() -> None:
    """A message is never read as markup."""
    status = link_status(step("a", StepState.RUNNING), said={"a": "[red]not red[/red] [/]"})
    assert "          [red]not red[/red] [/]" in drawn(status)


def test_without_a_worker_temporal_still_tells_what_is_waited_for() -> None:
    """The picture says why it is poor, and shows what it has."""
    lines = drawn(link_status(said={"wait-for-targets": "2 of 3 healthy"}))
    assert f"  {NO_WORKER}" in lines
    assert " running  wait-for-targets" in lines
    assert "          2 of 3 healthy" in lines


def test_colour_is_left_out_when_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR is obeyed (no-color.org)."""
    coloured, plain = Terminal(interactive=True, color=True), Terminal(interactive=True, color=True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured.console.print(Tree(IN_THE_MIDDLE, NOW))
    monkeypatch.setenv("NO_COLOR", "1")
    plain.console.print(Tree(IN_THE_MIDDLE, NOW))
    assert "\x1b[32mdone" in coloured.file.getvalue()
    assert "\x1b[32m" not in plain.file.getvalue()


def test_ids_are_left_to_the_result_at_the_end() -> None:
    """What the result prints, the picture does not repeat."""
    status = link_status(step("a", StepState.DONE), ids={"load balancer": ARN}, result=RESULT)
    assert not [line for line in drawn(status) if "loadbalancer" in line]


def test_a_note_stands_below_the_last_picture_until_there_is_a_new_one() -> None:
    """When Temporal does not answer, the last that is known stays, with the reason."""
    view, terminal = LiveView(lambda: NOW, "create a/b", print), Terminal(interactive=True)
    terminal.console.print(view)
    view.show(IN_THE_MIDDLE)
    view.note("Temporal\ndoes not answer")
    terminal.console.print(view)
    view.show(IN_THE_MIDDLE)
    terminal.console.print(view)
    assert "create a/b: starting" == terminal.lines[0]
    assert ["  Temporal does not answer"] == [line for line in terminal.lines if "answer" in line]
    assert 2 * ["create w41b11c0/orders-db: creating, 1 of 3 steps done, 1m 23s"] == [
        line for line in terminal.lines if "1 of 3 steps done" in line
    ]
