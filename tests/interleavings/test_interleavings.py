"""Random interleavings end well. `INTERLEAVINGS=300` runs that many, drawn anew; `make chaos-long` does so."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.interleavings.machine import Interleavings
from tests.interleavings.playground import playground

pytestmark = pytest.mark.chaos

LONG = os.environ.get("INTERLEAVINGS")


def test_whatever_happens_each_link_ends_complete_or_gone_and_no_stranger_is_touched() -> None:
    """Creates, deletes, cancels, kills, restarts, faults and jumps of time in any order, on links of one account.

    A failing order is shrunk, and printed as a test.
    """
    with playground() as ground:
        machine = type("Interleavings", (Interleavings,), {"playground": ground})
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=int(LONG or 4),
                    stateful_step_count=12,
                    derandomize=LONG is None,
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
