"""Exit codes: a script learns from the number alone what is left in the clouds."""

import pytest

from privatelink.cli.exits import ExitCode, exit_code, set_up_exit_code
from privatelink.errors import BY_TYPE, ErrorDetails, Outcome
from privatelink.model.result import SetUpCheck, SetUpResult


@pytest.mark.parametrize("error_type", sorted(BY_TYPE))
@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.REFUSED, ExitCode.REFUSED),
        (Outcome.ROLLED_BACK, ExitCode.ROLLED_BACK),
        (Outcome.INCOMPLETE, ExitCode.INCOMPLETE),
    ],
)
def test_the_outcome_decides_whatever_the_error(error_type: str, outcome: Outcome, code: ExitCode) -> None:
    """What is left behind counts, not why."""
    assert code == exit_code(ErrorDetails(type=error_type, message="", outcome=outcome))


@pytest.mark.parametrize(
    ("error_type", "code"),
    [
        ("InvalidRequest", 2),
        ("InvalidSettings", 2),
        ("RequestRefused", 2),
        ("RemovalRefused", 2),
        ("UpdateRefused", 2),
        ("OtherOperationRunning", 2),
        ("RequestDiffers", 2),
        ("LinkUnknown", 2),
        ("Cancelled", 3),
        ("GivenUp", 3),
        ("RollbackIncomplete", 4),
        ("TemporalUnreachable", 5),
        ("NoWorker", 5),
    ],
)
def test_an_error_from_before_any_saga_has_the_code_of_its_type(error_type: str, code: int) -> None:
    """An error that never was in a saga has no outcome, and still has its code."""
    assert error_type in BY_TYPE
    assert code == exit_code(ErrorDetails(type=error_type, message=""))


def test_an_error_that_does_not_tell_counts_as_something_left_behind() -> None:
    """Nobody takes a link for removed because an error forgot to say."""
    assert ExitCode.INCOMPLETE == exit_code(ErrorDetails(type="CloudRefused", message=""))


def test_a_check_that_looked_at_nothing_is_not_passed() -> None:
    """Only what was found to be right is."""
    right = SetUpCheck(name="Temporal", ok=True, message="answers")
    assert (True, ExitCode.DONE) == (
        SetUpResult(findings=(right,)).ok,
        set_up_exit_code(SetUpResult(findings=(right,))),
    )
    assert (False, ExitCode.REFUSED) == (SetUpResult().ok, set_up_exit_code(SetUpResult()))
