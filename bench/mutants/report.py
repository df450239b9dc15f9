"""What a run of mutants shows: the survivors, and the share that the tests noticed."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.measure import Measure
from bench.mutants.drawing import Mutant


def measures(noticed: int, drawn: int) -> list[Measure]:
    """What goes into bench/results.json."""
    return [
        Measure(
            "mutants_noticed",
            noticed / drawn,
            0.95,
            "of the drawn mutants that are not equivalent",
            more_is_better=True,
        ),
        Measure("mutants_drawn", drawn, None, "mutants of activities, clouds and workflows"),
    ]


def show_survivors(survivors: list[tuple[Mutant, int]], title: str) -> None:
    """Print where each survivor is, what it changes, and how many tests run the line."""
    table = Table(title=title, title_justify="left", show_lines=True)
    for column in ("survivor", "line", "as the mutant has it", "tests"):
        table.add_column(column, overflow="fold")
    for mutant, tests in sorted(survivors, key=lambda survivor: (survivor[0].file, survivor[0].line)):
        table.add_row(f"{mutant.file}:{mutant.line}", escape(mutant.before), escape(mutant.after), str(tests))
    Console(width=160).print(table)
