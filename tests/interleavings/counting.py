"""Many newly drawn interleavings, each run to its end: what was false is counted and reported, but stops nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.interleavings.machine import Interleavings
from tests.interleavings.programs import running_programs

STEPS = 12
"""Number of events in one history."""


@dataclass
class Counted:
    """Results of the drawn histories. Every entry of the two lists begins with the steps of its history.

    `false_endings` are answers that the books contradicted, `broken` are histories that broke another law or hung.
    `judged` is the number of answers that were compared with the books.
    """

    drawn: int = 0
    judged: int = 0
    false_endings: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Results for the bench."""
        return asdict(self)


class _Counting(Interleavings):
    """Records failures instead of failing."""

    counted: ClassVar[Counted]

    @contextmanager
    def bearing(self) -> Iterator[None]:
        """Record an error in the middle of a history, and go on. Otherwise hypothesis would run the history again."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - of any kind: it is reported
            self.counted.broken.append(self._told(f"{type(error).__name__}: {error}"))

    def teardown(self) -> None:
        """Settle and judge; record what was not true, with the steps."""
        self.counted.drawn += 1
        began = len(self.programs.false_endings)
        try:
            super().teardown()
        except Exception as error:  # noqa: BLE001 - of any kind: it is reported, and the next history begins
            if len(self.programs.false_endings) == began:
                self.counted.broken.append(self._told(f"{type(error).__name__}: {error}"))
        self.counted.false_endings += [self._told(one) for one in self.programs.false_endings[began:]]

    def _told(self, what: str) -> str:
        return "\n".join([*self.steps, f"=> {what}"])


def count(number: int, *, says: Callable[[Counted], None] = lambda _: None) -> Counted:
    """Draw `number` histories and play them; `says` gets the results so far after each."""
    counted = Counted()
    began = time.monotonic()
    with running_programs() as programs:

        class Counting(_Counting):
            """Runs on these programs."""

            def teardown(self) -> None:
                super().teardown()
                counted.judged, counted.seconds = programs.judged, time.monotonic() - began
                says(counted)

        Counting.programs, Counting.counted = programs, counted
        run_state_machine_as_test(
            Counting,
            settings=settings(
                max_examples=number,
                stateful_step_count=STEPS,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            ),
        )
    return counted
