"""The faults of the matrix: what each does at a step, and why some steps cannot have it."""

import difflib
from dataclasses import dataclass

from tests.chaos.steps import STEPS, Step, Story

HIDDEN_SECONDS = 60
"""Seconds for which a thing is hidden, on the sandbox's clock. AWS is assumed to show everything within two minutes."""

SLOW_SECONDS = 25
"""Real seconds that a slow call takes: longer than the 20 s that one of our calls may take."""


@dataclass(frozen=True)
class Fault:
    """One column. `kind` and `times` are as in the sandbox's plan; without a `kind` the test itself makes the fault."""

    words: str
    kind: str = ""
    times: int | None = 1
    lasts: bool = False
    """Whether the cell waits for a deadline or a time-out, and uses no processor time meanwhile."""


FAULTS: dict[str, Fault] = {
    "throttled": Fault("throttled 3 times", "throttle", 3),
    "5xx": Fault("5xx twice", "server_error", 2),
    "5xx-for-ever": Fault("5xx for ever", "server_error", None, lasts=True),
    "denied": Fault("access denied", "access_denied", None, lasts=True),
    "slow": Fault("slower than its time-out", "slow", lasts=True),
    "reply-lost": Fault("effect applied, reply lost", "lost_reply"),
    "not-visible": Fault("not yet visible", "not_visible"),
    "stuck": Fault("state stuck", "stuck", lasts=True),
    "failed": Fault("state failed", "failed"),
    "unsuccessful": Fault("200 with Unsuccessful", "unsuccessful", None, lasts=True),
    "killed": Fault("worker killed right after the effect"),
    "cancel": Fault("cancel right after the effect"),
    "deleted": Fault("deleted behind our back", lasts=True),
}


class UnknownCellError(ValueError):
    """The matrix does not have the requested step or fault; the message names similar ones."""


@dataclass(frozen=True)
class Cell:
    """One step with one fault."""

    step: str
    fault: str

    def __post_init__(self) -> None:
        """Refuse what the matrix does not have."""
        for what, name, known in (("step", self.step, STEPS), ("fault", self.fault, FAULTS)):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3) or list(known)
                raise UnknownCellError(f"choosing a {what} ({name!r}): the matrix has none such; {', '.join(near)}")

    def __str__(self) -> str:
        """Text of the cell, as on the command line."""
        return f"{self.step}:{self.fault}"

    @classmethod
    def parse(cls, text: str) -> "Cell":
        """Read `step:fault`."""
        step, separator, fault = text.partition(":")
        if not separator:
            raise UnknownCellError(f"choosing a cell ({text!r}): it is not of the form step:fault, as in {EXAMPLE}")
        return cls(step, fault)

    @property
    def is_alone(self) -> bool:
        """Whether it needs a sandbox of its own.

        It does if it breaks a read that all sagas share for long; or if its step may use a read that another saga
        caused a moment before, and so would not meet the fault.
        """
        step = STEPS[self.step]
        lasts = step.match is None and self.fault in {"5xx-for-ever", "denied", "slow"}
        return lasts or (step.overhears and self.fault not in {"killed", "cancel"})

    def possible(self) -> "Cell":
        """Return the cell. Raises `UnknownCellError` with the reason if it cannot exist."""
        if self.absence:
            raise UnknownCellError(f"choosing a cell ({self}): it cannot be: {self.absence}")
        return self

    @property
    def absence(self) -> str:
        """Why this cell cannot exist; empty if it can."""
        step = STEPS[self.step]
        return step.absent.get(self.fault, "") or _absence(step, self.fault)


EXAMPLE = "create-load-balancer:reply-lost"


def all_cells() -> list[Cell]:
    """Every cell that can exist, in the order of the table."""
    return [cell for step in STEPS for fault in FAULTS if not (cell := Cell(step, fault)).absence]


def _absence(step: Step, fault: str) -> str:
    reasons = {
        "not-visible": (step.hides, "it makes nothing that a reading could miss"),
        "stuck": ("stuck" in step.bad_states, _stateless(step)),
        "failed": ("failed" in step.bad_states, _stateless(step)),
        "unsuccessful": (step.lists_unsuccessful, "its call has no list of Unsuccessful"),
        "deleted": (step.deleted is not None, "nothing is made by then"),
    }
    can_be, why = reasons.get(fault, (True, ""))
    return "" if can_be else why


def _stateless(step: Step) -> str:
    if step.action.startswith(("GET ", "Describe", "POST /connectors_probe")):
        return "it only reads"
    return "a removal of this kind cannot end so" if step.story is Story.ROLLBACK else "what it makes has no states"
