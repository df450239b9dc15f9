"""One measure (name, value, goal, unit), and how a list of them is printed and stored."""

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Measure:
    """`goal` is the maximum of `value`, or its minimum with `more_is_better`. None means that there is no goal."""

    name: str
    value: float
    goal: float | None
    unit: str
    more_is_better: bool = False

    @property
    def goal_in_words(self) -> str:
        """The goal for a person to read, as in `<= 1.05`."""
        if self.goal is None:
            return ""
        return f"{'>=' if self.more_is_better else '<='} {self.goal:g}"

    @property
    def verdict(self) -> str:
        """Whether the goal is met, for a person to read."""
        if self.goal is None:
            return ""
        met = self.value >= self.goal if self.more_is_better else self.value <= self.goal
        return "met" if met else "MISSED"


def machine() -> str:
    """The machine that ran the bench: processor count and kind, system, Python."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = f"{len(models)} x {models[0]}" if models else platform.processor() or platform.machine()
    return f"{cores}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def show(measures: list[Measure]) -> None:
    """Print the table and write the results, keeping those of measures that did not run."""
    table = Table(title=machine(), title_justify="left")
    for column in ("measure", "value", "goal", "unit", ""):
        table.add_column(column)
    for measure in measures:
        table.add_row(measure.name, f"{measure.value:.3g}", measure.goal_in_words, measure.unit, measure.verdict)
    Console(width=110).print(table)
    results = {
        measure.name: {key: value for key, value in asdict(measure).items() if key != "name"} for measure in measures
    }
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**kept, "machine": machine(), **results}, indent=2) + "\n")
