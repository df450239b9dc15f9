"""The page of measurements: docs/benchmarks.template.md, its marks filled in from bench/results.json.

A mark is the name of a measure and a format, as in `{{create_wall:.0f}}`. `python -m scripts.benchmarks` writes
docs/benchmarks.md; with `--check` it writes nothing, and exits 1 when the page is not current.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from bench.measure import RESULTS, Measure
from scripts.runbook import DOCS

TEMPLATE = DOCS / "benchmarks.template.md"
PAGE = DOCS / "benchmarks.md"

_MADE = "<!-- Made by `make benchmarks` from docs/benchmarks.template.md and bench/results.json: change those. -->"
_MARK = re.compile(r"\{\{(\w+)(:[^}]+)?\}\}")
_RELEASE = re.compile(r"(?<=Linux) [^,]+")
"""Release of a kernel, which is of no use to readers."""


def benchmarks() -> str:
    """The whole text. Raises `KeyError` when a mark names a measure that bench/results.json does not have."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    machine = results.pop("machine")
    measures = {name: Measure(name, **fields) for name, fields in results.items()}

    def value(mark: re.Match[str]) -> str:
        name, form = mark.groups("")
        return (
            _RELEASE.sub("", str(machine)) if name == "machine" else f"{measures[name].value:{form.removeprefix(':')}}"
        )

    text = _MARK.sub(value, TEMPLATE.read_text(encoding="utf-8"))
    text = text.replace("<!-- results -->\n", "\n".join(_rows(measures.values())) + "\n")
    return f"{_MADE}\n\n{text.rstrip()}\n"


def is_current() -> bool:
    """Whether docs/benchmarks.md is up to date."""
    return PAGE.exists() and PAGE.read_text(encoding="utf-8") == benchmarks()


def main(arguments: list[str]) -> int:
    """Write or check, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmarks", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is not current")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(benchmarks(), encoding="utf-8")
        return 0
    if is_current():
        return 0
    print("docs/benchmarks.md is not current; run: make benchmarks", file=sys.stderr)
    return 1


def _rows(measures: Iterable[Measure]) -> Iterator[str]:
    yield "| measure | value | goal | unit |"
    yield "|---|---|---|---|"
    for measure in measures:
        yield f"| `{measure.name}` | {_number(measure.value)} | {measure.goal_in_words} | {measure.unit} |"


def _number(value: float) -> str:
    """Three digits of a small number, all digits before the point of a large one."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 - three digits


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
