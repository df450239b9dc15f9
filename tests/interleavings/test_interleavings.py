"""Random interleavings end well: a few in every test run, many with `make chaos`, any number by hand.

`INTERLEAVINGS=300` draws and runs that many new ones, and counts what was false in them; `make chaos-long` does so.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.interleavings.counting import STEPS, count
from tests.interleavings.machine import Interleavings
from tests.interleavings.programs import running_programs

FEW, MANY = 3, 20

DRAWN_ANEW = os.environ.get("INTERLEAVINGS")


def run(machine: type[RuleBasedStateMachine], examples: int) -> None:
    """Run sequences of the machine's rules; a failing one is shrunk, and fails the test with its steps as code."""
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                derandomize=True,
                database=None,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
            ),
        )
    except Exception as error:  # noqa: BLE001 - reported in full, its steps first, instead of hypothesis's own frames
        steps = "\n".join(getattr(error, "__notes__", ()))
        pytest.fail(f"{steps}\n{type(error).__name__}: {error}", pytrace=False)


@pytest.mark.skipif(DRAWN_ANEW is not None, reason="INTERLEAVINGS asks for many")
@pytest.mark.timeout(600)
def test_a_few_interleavings_end_well() -> None:
    """Callers, operators, machines, clouds and other people in any order, on links of several accounts and both modes.

    Every answer is true in every account, region and deployment, and each link can be deleted at the end.
    """
    with running_programs() as programs:
        run(type("Interleavings", (Interleavings,), {"programs": programs}), FEW)


@pytest.mark.chaos
@pytest.mark.timeout(0)
@pytest.mark.skipif(DRAWN_ANEW is not None, reason="INTERLEAVINGS draws anew")
def test_many_interleavings_end_well() -> None:
    """The same, for longer."""
    with running_programs() as programs:
        run(type("Interleavings", (Interleavings,), {"programs": programs}), MANY)


@pytest.mark.chaos
@pytest.mark.timeout(0)
@pytest.mark.skipif(DRAWN_ANEW is None, reason="INTERLEAVINGS says how many")
def test_no_ending_of_so_many_drawn_interleavings_is_false() -> None:
    """Each history runs to its end; every false ending is reported with its steps."""
    counted = count(int(DRAWN_ANEW or 0))
    assert counted.judged > 0
    bad = [*counted.false_endings, *counted.broken]
    if bad:
        pytest.fail(f"{len(counted.false_endings)} false endings:\n\n" + "\n\n".join(bad), pytrace=False)


class _Breakable(RuleBasedStateMachine):
    """Breaks a law when a link is deleted twice."""

    def __init__(self) -> None:
        super().__init__()
        self.deletes = 0

    @rule()
    def create(self) -> None:
        """Harmless."""

    @rule()
    def delete(self) -> None:
        """Harmless once."""
        self.deletes += 1
        assert self.deletes < 2, "a link is gone twice"


def test_a_failing_sequence_shrinks_and_prints_itself_as_a_test() -> None:
    """Only the steps that break the law are left, as code that does it again."""
    with pytest.raises(pytest.fail.Exception) as failed:
        run(_Breakable, 50)
    lines = [line.strip() for line in str(failed.value).splitlines()]
    steps = [line for line in lines if line.startswith("state")]
    assert steps == ["state = _Breakable()", "state.delete()", "state.delete()", "state.teardown()"]
    assert "AssertionError: a link is gone twice" in lines
