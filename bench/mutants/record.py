"""Which tests run which line, and how long each takes: recorded once per test file, and kept until a source changes.

A line that runs while modules are imported, or in a process that a test starts, belongs to no single test. Then the
whole test file stands for it.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

from coverage import CoverageData

from bench.mutants.statements import functions, statement

ELSEWHERE = {"bench", "sandbox", "scripts", "ui"}
"""Folders of tests that run nothing of the rooms that are mutated."""


@dataclass
class Record:
    """What all test files together showed."""

    seconds: dict[str, float] = field(default_factory=dict)
    """How long a test, or a whole test file, took. What did not pass is missing here."""
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    """Of each product file: the tests that run a line, and the test files of which some process does."""

    def add(self, test_file: str, seconds: dict[str, float], lines: dict[str, dict[int, list[str]]]) -> None:
        """Take in what one test file showed: seconds of each test that passed, and coverage's contexts of each line."""
        self.seconds |= {test_file: sum(seconds.values()), **seconds}
        for file, contexts_by_line in lines.items():
            known = self.lines.setdefault(file, {})
            for line, contexts in contexts_by_line.items():
                tests = {context.partition("|")[0] or test_file for context in contexts}
                known.setdefault(line, set()).update(tests & self.seconds.keys())

    def tests(self, file: str, line: int) -> list[str]:
        """The tests that can notice a mutant in this line, the fastest first.

        Outside functions all tests import the line. There the tests of the module's functions are taken, or where it
        has none, the tests of its folder.
        """
        tree, known = ast.parse(Path(file).read_text()), self.lines.get(file, {})
        inside = any(start[0] <= line <= end[0] for start, end in functions(tree))
        lines = statement(tree, line) if inside else known
        running = {test for one in lines for test in known.get(one, ()) if inside or "::" in test}
        if not running and not inside:
            folder = f"tests/{Path(file).parent}/"
            running = {test for test in self.seconds if test.startswith(folder) and "::" not in test}
        return sorted(running, key=lambda test: (self.seconds[test], test))


def test_files(paths: Iterable[Path]) -> list[Path]:
    """All files of tests at or under these paths that can notice a mutant."""
    found = {file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))}
    return sorted(file for file in found if len(file.parts) > 2 and file.parts[1] not in ELSEWHERE)  # noqa: PLR2004


def record(files: Iterable[Path], kept: Path) -> Record:
    """The record of these test files; those whose record is not kept yet are run. Both are read from this directory."""
    everything = Record()
    sources = sha256()
    for source in sorted(Path().rglob("*.py")):
        if source.parts[0] != "bench" and not source.name.startswith("test_"):
            sources.update(source.read_bytes())
    kept.mkdir(parents=True, exist_ok=True)
    for file in files:
        digest = sources.copy()
        digest.update(file.read_bytes())
        name = str(file).replace("/", ".")
        data, report = (kept / f"{name}.{digest.hexdigest()[:16]}.{kind}" for kind in ("coverage", "xml"))
        if not report.exists():
            print(f"recording {file}", flush=True)
            for stale in kept.glob(f"{name}.*"):
                stale.unlink()
            _run(file, data, report)
        everything.add(str(file), *_read(data, report))
        if {"failure", "error"} & {verdict.tag for case in _cases(report) for verdict in case}:
            print(f"{file} fails without a mutant: its failed tests are left out, and the next run records it again")
            report.unlink()
    return everything


def _run(file: Path, data: Path, report: Path) -> None:
    """Run one test file under coverage. The report is moved in place last: it says that the record is whole."""
    unfinished = report.with_suffix(".unfinished")
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not chaos", str(file), f"--junit-xml={unfinished}"]
    covering = ["--cov=activities", "--cov=clouds", "--cov=workflows", "--cov-context=test", "--cov-report="]
    # The core that newer Pythons have by default knows no contexts.
    environment = {**os.environ, "COVERAGE_FILE": str(data), "COVERAGE_CORE": "ctrace"}
    subprocess.run([*command, *covering], env=environment, stdout=subprocess.DEVNULL, check=False)
    unfinished.rename(report)


def _cases(report: Path) -> Iterator[ET.Element]:
    return ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it


def _read(data: Path, report: Path) -> tuple[dict[str, float], dict[str, dict[int, list[str]]]]:
    """The seconds of each test that passed, and for each file its lines with their contexts."""
    seconds = {
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": float(case.get("time", 0))
        for case in _cases(report)
        if len(case) == 0
    }
    if not data.exists():
        return seconds, {}
    covered = CoverageData(str(data))
    covered.read()
    here = Path.cwd()
    return seconds, {
        str(Path(file).relative_to(here)): covered.contexts_by_lineno(file) for file in covered.measured_files()
    }
