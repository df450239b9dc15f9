"""Which mutants of a file there are, and a seeded sample of those of many files."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from random import Random
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-untyped]
from cosmic_ray.mutating import mutate_code  # type: ignore[import-untyped]
from cosmic_ray.plugins import get_operator  # type: ignore[import-untyped]
from cosmic_ray.work_item import MutationSpec  # type: ignore[import-untyped]

from bench.mutants.statements import Span, binary, functions, never_mutated

OPERATORS = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBreakWithContinue",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "ZeroIterationForLoop",
)
"""Of cosmic-ray's operators those with one counterpart each: `==` becomes `!=`, but not `<`, `<=` and `is` as well."""

INSIDE_FUNCTIONS = {"NumberReplacer", "ReplaceBinaryOperator_BitOr_BitAnd"}
"""Outside functions a number is a choice that has a name, and `|` joins types."""


@dataclass(frozen=True)
class Mutant:
    """One break: what cosmic-ray needs to make it, and what a person reads of it."""

    spec: Any
    """cosmic-ray's `MutationSpec`."""
    file: str
    line: int
    before: str
    after: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names this mutant in `equivalent.toml`: lines move, so it is the text and not the number."""
        return self.file, self.before, self.after


def specs(file: str, source: str) -> Iterator[Any]:
    """Every mutation of this file that counts, as cosmic-ray's `MutationSpec`."""
    tree, parsed = ast.parse(source), get_ast(source)
    lines, never, inside, sums = source.splitlines(), *map(list, (never_mutated(tree), functions(tree), binary(tree)))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        positions = (position for node in ast_nodes(parsed) for position in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            if _within(start, never) or (name in INSIDE_FUNCTIONS and not _within(start, inside)):
                continue
            if "BinaryOperator" in name and not _within(start, sums):
                continue
            # Of an exception with dots in its name, cosmic-ray 8.7 knows the position and fails to replace it.
            if name == "ExceptionReplacer" and not lines[start[0] - 1][start[1] : end[1]].isidentifier():
                continue
            yield MutationSpec(file, f"core/{name}", occurrence, start, end)


def _within(position: tuple[int, int], spans: Iterable[Span]) -> bool:
    return any(start <= position < end for start, end in spans)


def mutant(spec: Any, source: str) -> Mutant:  # noqa: ANN401 - cosmic-ray has no types
    """The mutant with the lines that it changes."""
    mutated = mutate_code(source, get_operator(spec.operator_name)(), spec.occurrence)
    diff = list(unified_diff(source.splitlines(), mutated.splitlines(), n=0, lineterm=""))[3:]
    before, after = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    return Mutant(spec, str(spec.module_path), spec.start_pos[0], before, after)


def draw(files: Iterable[Path], *, seed: int, most: int, equivalent: set[tuple[str, str, str]]) -> list[Mutant]:
    """At most so many mutants of these files that are not equivalent; the same ones for the same seed and sources."""
    sources = {str(file): file.read_text() for file in sorted(files)}
    every = [spec for file, source in sources.items() for spec in specs(file, source)]
    Random(seed).shuffle(every)  # noqa: S311 - a sample, no secret
    drawn: list[Mutant] = []
    for spec in every:
        if len(drawn) == most:
            break
        one = mutant(spec, sources[str(spec.module_path)])
        if one.key not in equivalent:
            drawn.append(one)
    return drawn
