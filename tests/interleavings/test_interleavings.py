"""Random interleavings end well: a few in every run of the tests, many by `make chaos`, as many as wanted by hand.

`INTERLEAVINGS=300` runs that many, drawn anew; `make chaos-long` does so.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.interleavings.machine import Interleavings
from tests.interleavings.playground import playground

FEW, MANY = 2, 20

DRAWN_ANEW = os.environ.get("INTERLEAVINGS")


def run(machine: type[RuleBasedStateMachine], examples: int, *, drawn_anew: bool = False) -> None:
    """Run sequences of the machine's rules; a failing one is shrunk, and fails the test with its steps as code."""
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=12,
                derandomize=not drawn_anew,
                database=None,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
            ),
        )
    except Exception as error:  # noqa: BLE001 - told in full, its steps first, in place of hypothesis's own frames
        steps = "\n".join(getattr(error, "__notes__", ()))
        pytest.fail(f"{steps}\n{type(error).__name__}: {error}", pytrace=False)


@pytest.mark.skipif(DRAWN_ANEW is not None, reason="INTERLEAVINGS asks for many")
def test_a_few_interleavings_end_well() -> None:
    """Creates, deletes, cancels, kills, restarts, faults and jumps of time in any order, on links of one account.

    Each link ends complete or gone, and no stranger's thing is touched.
    """
    with playground() as ground:
        run(type("Interleavings", (Interleavings,), {"playground": ground}), FEW)


@pytest.mark.chaos
@pytest.mark.timeout(0)
def test_many_interleavings_end_well() -> None:
    """The same, for longer."""
    with playground() as ground:
        machine = type("Interleavings", (Interleavings,), {"playground": ground})
        run(machine, int(DRAWN_ANEW or MANY), drawn_anew=DRAWN_ANEW is not None)


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
