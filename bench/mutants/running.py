"""One mutant after another in a copy of the tree, each against the tests that can notice it."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from cosmic_ray.mutating import mutate_and_test  # type: ignore[import-untyped]
from cosmic_ray.work_item import TestOutcome, WorkerOutcome  # type: ignore[import-untyped]

from bench.mutants.drawing import Mutant
from bench.mutants.record import Record

START_SECONDS = 60
"""Seconds in which pytest, a sandbox and a Temporal server start, on a machine that does other things as well."""
TIMES_AS_LONG = 5
"""How many times their usual time tests may take, before it counts as noticed that they do not end."""


@contextmanager
def copied_tree(root: Path, copy: Path) -> Iterator[None]:
    """Work in a new copy of this tree, so that a mutant never stands where somebody edits. The caches are shared."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (copy / ".cache").symlink_to(root / ".cache")
    with chdir(copy):
        yield


def noticed(mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> bool:
    """Whether any of these tests fails, or does not end, with this mutant."""
    usual = [seconds[test] for test in tests]
    one, all_of_them = (START_SECONDS + TIMES_AS_LONG * time for time in (max(usual), sum(usual)))
    return _fails([mutant.spec], [f"--timeout={one:.0f}", *_chosen(tests)], all_of_them)


def ensure_collected(tests: list[str], record: Record) -> None:
    """Raise where pytest does not find these tests: each mutant would look as if it were noticed."""
    if _fails([], ["--collect-only", *_chosen(tests)], START_SECONDS + sum(record.seconds.values())):
        raise RuntimeError("collecting the recorded tests: pytest does not find all of them, or fails without a mutant")


def _chosen(tests: list[str]) -> list[str]:
    # In a file, because a command line can be too short for the tests of one line of a saga.
    Path("chosen-tests.txt").write_text("\n".join(tests) + "\n")
    return ["@chosen-tests.txt"]


def _fails(specs: list[object], arguments: list[str], limit: float) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not chaos", "-p", "no:cacheprovider", *arguments]
    result = mutate_and_test(specs, shlex.join(command), limit)
    if result.worker_outcome != WorkerOutcome.NORMAL or result.test_outcome == TestOutcome.INCOMPETENT:
        raise RuntimeError(f"testing a mutant: {result.output or 'there is nothing to mutate'}")
    return bool(result.test_outcome == TestOutcome.KILLED)
