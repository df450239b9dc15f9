"""Exit codes: what a script learns without reading any text."""

from enum import IntEnum

from privatelink.client.doctor import TEMPORAL, WORKER
from privatelink.errors import ErrorDetails, Outcome
from privatelink.model.result import SetUpResult


class ExitCode(IntEnum):
    """What the command ended with; scripts may rely on these numbers."""

    DONE = 0
    UNEXPECTED = 1
    REFUSED = 2
    ROLLED_BACK = 3
    INCOMPLETE = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


_BY_OUTCOME = {
    Outcome.REFUSED: ExitCode.REFUSED,
    Outcome.ROLLED_BACK: ExitCode.ROLLED_BACK,
    Outcome.INCOMPLETE: ExitCode.INCOMPLETE,
}
_BY_TYPE = {
    "InvalidRequest": ExitCode.REFUSED,
    "InvalidSettings": ExitCode.REFUSED,
    "RequestRefused": ExitCode.REFUSED,
    "RemovalRefused": ExitCode.REFUSED,
    "UpdateRefused": ExitCode.REFUSED,
    "OtherOperationRunning": ExitCode.REFUSED,
    "RequestDiffers": ExitCode.REFUSED,
    "LinkUnknown": ExitCode.REFUSED,
    "Cancelled": ExitCode.ROLLED_BACK,
    "GivenUp": ExitCode.ROLLED_BACK,
    "TemporalUnreachable": ExitCode.UNREACHABLE,
    "NoWorker": ExitCode.UNREACHABLE,
    "WorkerCannotGoOn": ExitCode.UNREACHABLE,
}


def exit_code(error: ErrorDetails) -> ExitCode:
    """The code for an error, by its outcome if it has one, otherwise by its type.

    An error with no outcome and an unlisted type does not say that everything is removed, so it counts as incomplete.
    """
    if error.outcome is not None:
        return _BY_OUTCOME[error.outcome]
    return _BY_TYPE.get(error.type, ExitCode.INCOMPLETE)


def set_up_exit_code(result: SetUpResult) -> ExitCode:
    """The code for what `check` found. Something that can't be reached outranks something that is wrong."""
    wrong = {finding.name for finding in result.findings if not finding.ok}
    if wrong & {TEMPORAL, WORKER}:
        return ExitCode.UNREACHABLE
    return ExitCode.DONE if result.ok else ExitCode.REFUSED
