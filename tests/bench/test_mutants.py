"""Which mutants count, which tests can notice one, and that each mutant that was judged equivalent still exists."""

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from bench.mutants.__main__ import ROOT, equivalents
from bench.mutants.drawing import Mutant, draw, mutant, specs
from bench.mutants.record import Record
from bench.mutants.statements import statement


def afters(source: str) -> set[str]:
    """The changed lines of every mutant of a source."""
    return {mutant(spec, source).after for spec in specs("some.py", source)}


def test_conditions_numbers_and_loops_are_broken() -> None:
    """Each kind of break is among the mutants."""
    source = dedent("""
        def first(found, least):
            for one in found:
                if one >= least and not one.gone:
                    return one + 1
            return None
    """)

    assert {
        "for one in []:",
        "if one > least and not one.gone:",
        "if one >= least or not one.gone:",
        "if one >= least and  one.gone:",
        "if not one >= least and not one.gone:",
        "return one - 1",
        "return one + 2",
        "return one + 0",
    } == afters(source)


@pytest.mark.parametrize(
    "source",
    [
        "def keep(one: int | None, *, two: str | bytes = '') -> int | str: ...",
        "SECONDS = 14",
        "Either = int | str",
        "class Kept:\n    seconds: float = 14",
        "@dataclass(frozen=True)\nclass Kept: ...",
        "if TYPE_CHECKING:\n    import one",
        "def act():\n    activity.logger.info('took %s', 1 + 1)",
        "def act():\n    LOG.warning('took %s', 1 + 1)",
        "def act(*given):\n    return call(*given)",
        "def act():\n    try:\n        call()\n    except errors.Refused:\n        return",
    ],
)
def test_what_no_test_of_behaviour_can_notice_is_left_alone(source: str) -> None:
    """Types, log lines, constants that somebody chose: breaking them breaks no law."""
    assert set() == afters(source)


def test_a_seed_draws_the_same_mutants_again(tmp_path: Path) -> None:
    """A survivor can be run again, and other seeds draw others."""
    file = tmp_path / "some.py"
    file.write_text("\n".join(f"def act{number}(one):\n    return one == {number}" for number in range(30)))

    def drawn(seed: int) -> list[Mutant]:
        return draw([file], seed=seed, most=5, equivalent=set())

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 5 == len(drawn(1))


def test_an_equivalent_mutant_is_not_drawn(tmp_path: Path) -> None:
    """What a person judged is no survivor any more, and another one takes its place in the sample."""
    file = tmp_path / "some.py"
    file.write_text("def act(one):\n    return one == 5\n")
    everything = draw([file], seed=1, most=10, equivalent=set())

    rest = draw([file], seed=1, most=len(everything) - 1, equivalent={everything[0].key})

    assert everything[1:] == rest


def test_every_equivalent_mutant_still_exists() -> None:
    """A judgement about a line that has changed since is taken out."""
    files = {file for file, _, _ in equivalents()}
    sources = {file: (ROOT / file).read_text() for file in files}
    existing = {mutant(spec, source).key for file, source in sources.items() for spec in specs(file, source)}

    assert equivalents() <= existing


SOURCE = """\
LIMIT = not True


def act(one):
    if (
        one
    ):
        return call(
            one,
        )
    return LIMIT
"""


@pytest.mark.parametrize(("line", "lines"), [(1, [1]), (6, [5, 6, 7]), (9, [8, 9, 10]), (11, [11])])
def test_a_statement_has_all_its_lines_and_no_line_of_its_body(line: int, lines: list[int]) -> None:
    """Coverage may credit a statement of several lines to any one of them."""
    assert lines == list(statement(ast.parse(SOURCE), line))


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Two tests of a module, one of which runs its return statement, and a file that starts a program."""
    monkeypatch.chdir(tmp_path)
    Path("rooms").mkdir()
    Path("rooms/some.py").write_text(SOURCE)
    record = Record()
    quick, slow = "tests/rooms/test_some.py::test_quick", "tests/rooms/test_some.py::test_slow"
    record.add(
        "tests/rooms/test_some.py",
        {slow: 3.0, quick: 1.0},
        {"rooms/some.py": {1: [""], 5: [f"{slow}|run", f"{quick}|run", "failed|run"], 8: [f"{slow}|run"]}},
    )
    record.add("tests/e2e/test_all.py", {"tests/e2e/test_all.py::test_all": 60.0}, {"rooms/some.py": {8: [""]}})
    return record


def test_the_fastest_test_comes_first(record: Record) -> None:
    """A mutant is noticed sooner. A test that failed when it was recorded can notice nothing."""
    expected = ["tests/rooms/test_some.py::test_quick", "tests/rooms/test_some.py::test_slow"]
    assert expected == record.tests("rooms/some.py", 6)


def test_a_line_that_a_program_runs_has_the_whole_file(record: Record) -> None:
    """Nobody knows which test of the file had the program do it."""
    assert ["tests/rooms/test_some.py::test_slow", "tests/e2e/test_all.py"] == record.tests("rooms/some.py", 9)


def test_a_line_outside_functions_has_the_tests_of_the_functions(record: Record) -> None:
    """All tests import it, and most of them have nothing to do with it."""
    expected = ["tests/rooms/test_some.py::test_quick", "tests/rooms/test_some.py::test_slow"]
    assert expected == record.tests("rooms/some.py", 1)


def test_a_module_without_functions_has_the_tests_of_its_folder(record: Record) -> None:
    """A module of constants is used by its neighbours."""
    Path("rooms/sizes.py").write_text("IS_LARGE = True\n")

    assert ["tests/rooms/test_some.py"] == record.tests("rooms/sizes.py", 1)


def test_a_line_that_no_test_runs_has_none(record: Record) -> None:
    """Its mutant is a survivor at once."""
    assert [] == record.tests("rooms/some.py", 11)
