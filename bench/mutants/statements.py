"""Where in a source file its statements, its functions and what is never mutated begin and end."""

import ast
from collections.abc import Iterator

Span = tuple[tuple[int, int], tuple[int, int]]
"""From (line, column) until (line, column)."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _span(node: ast.stmt | ast.expr) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def functions(tree: ast.Module) -> Iterator[Span]:
    """The bodies of all functions."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            yield _span(node.body[0])[0], _span(node)[1]


def binary(tree: ast.Module) -> Iterator[Span]:
    """All binary operations. Elsewhere `*` and `|` are other things: arguments, patterns."""
    return (_span(node) for node in ast.walk(tree) if isinstance(node, ast.BinOp))


def never_mutated(tree: ast.Module) -> Iterator[Span]:
    """What no test of behaviour can notice: annotations, decorators' arguments, log lines, imports for the types."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield _span(annotation)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield _span(node)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=logger))) if _logs(logger):
                yield _span(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from map(_span, node.decorator_list)
                if isinstance(node, FUNCTIONS) and node.returns:
                    yield _span(node.returns)


def _logs(called: ast.expr) -> bool:
    return ast.unparse(called).rpartition(".")[2].lower() in {"log", "logger"}


def statement(tree: ast.Module, line: int) -> range:
    """The lines of the statement at this line; of one with a body, those before the body."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt | ast.excepthandler) and node.lineno <= line <= (node.end_lineno or line)
    ]
    if not around:
        return range(line, line + 1)
    innermost = max(around, key=lambda node: node.lineno)
    body = getattr(innermost, "body", None) or getattr(innermost, "cases", None)
    if not body:
        return range(innermost.lineno, (innermost.end_lineno or line) + 1)
    first = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
    return range(innermost.lineno, first.lineno) if line < first.lineno else range(line, line + 1)
