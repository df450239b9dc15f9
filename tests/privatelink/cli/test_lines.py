"""Plain lines: every change of a saga is one line, printed once."""

from datetime import timedelta

import pytest

from privatelink.cli.lines import Changes, headline
from privatelink.cli.words import NO_WORKER, duration, one_line
from privatelink.errors import ErrorDetails
from privatelink.model.progress import Phase, StepState
from tests.support.cli import NOW, link_status, step


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0.0s"), (0.44, "0.4s"), (10, "10s"), (60, "1m"), (125, "2m 5s"), (3600, "1h"), (90061, "1d 1h")],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    """A duration is read at a glance, and two clocks that differ make none negative."""
    assert words == duration(timedelta(seconds=seconds))


def test_text_from_elsewhere_stays_on_one_line_and_cannot_steer_the_terminal() -> None:
    """A message that a cloud has worded is text and nothing else."""
    assert "a b c [2J d" == one_line("a\nb\t c\x1b[2J\x07\u202ed")


def test_the_headline_counts_the_steps_that_are_done() -> None:
    """The first line says how far the whole is."""
    status = link_status(step("load balancer", StepState.DONE), step("listener", StepState.TO_COME))
    assert "create w41b11c0/orders-db: creating, 1 of 2 steps done, 1m 23s" == headline(status, NOW)


def test_each_change_is_told_once() -> None:
    """Looking twice at the same state prints nothing the second time; only what has changed is printed again."""
    changes = Changes()
    running = link_status(
        step("load balancer active", StepState.RUNNING),
        step("listener", StepState.TO_COME),
        said={"load-balancer-active": "waiting for lb-1:\nprovisioning"},
    )
    done = link_status(step("load balancer active", StepState.DONE), ids={"load balancer": "arn:1"})

    assert [
        "create w41b11c0/orders-db: creating",
        "load balancer active: running",
        "load balancer active: waiting for lb-1: provisioning",
    ] == changes.of(running, NOW)
    assert [] == changes.of(running, NOW + timedelta(seconds=5))
    assert ["load balancer active: done after 12s", "load balancer: arn:1"] == changes.of(done, NOW)


def test_a_waiting_step_says_a_thing_once() -> None:
    """Two refusals in turn, each time with another request id and duration, are two lines, however long it lasts."""
    changes = Changes()
    said = []
    for look in range(6):
        why = "AccessDenied" if look % 2 else "Throttling"
        text = f"deleting tg-1: {why} [request r-{look}]; {look} s of 60 min"
        status = link_status(step("delete target groups", StepState.RUNNING), said={"delete-target-groups": text})
        said += [line for line in changes.of(status, NOW) if "tg-1" in line]
    assert [
        "delete target groups: deleting tg-1: Throttling [request r-0]; 0 s of 60 min",
        "delete target groups: deleting tg-1: AccessDenied [request r-1]; 1 s of 60 min",
    ] == said


def test_a_missing_worker_is_told_and_so_is_its_return() -> None:
    """Somebody who waits learns that nobody works, once, and when somebody does again."""
    changes = Changes()
    stands = link_status(step("listener", StepState.RUNNING))
    changes.of(stands, NOW)
    assert [NO_WORKER] == changes.of(link_status(), NOW)
    assert [] == changes.of(link_status(), NOW)
    assert ["a worker answers"] == changes.of(stands, NOW)


def test_a_failed_step_is_told_with_the_new_phase() -> None:
    """The turn into the rollback is visible in the lines."""
    changes = Changes()
    changes.of(link_status(step("listener", StepState.RUNNING)), NOW)
    cause = ErrorDetails(type="QuotaExceeded", message="creating the listener (lb-1): too many")
    failed = link_status(step("listener", StepState.FAILED, took=3), phase=Phase.ROLLING_BACK, error=cause)
    assert [
        "create w41b11c0/orders-db: rolling-back",
        "listener: failed after 3.0s",
        "first cause: creating the listener (lb-1): too many",
    ] == changes.of(failed, NOW)
