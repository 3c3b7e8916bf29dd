"""Where a file is mutated: not in annotations and declarations, and in steps only in what is pure and no wording."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Place = tuple[int, int]
"""A line from 1, and a column from 0."""
WORDS = ("title", "detail", "seconds")
"""What is only shown: the pure tests assert no words and no estimates."""


class Scope:
    """Tells of a place in a file whether it is mutated."""

    def __init__(self, path: str, text: str) -> None:
        self._skipped = list(_declarations(ast.parse(text)))
        if path.startswith("steps/"):
            self._skipped += _unmutated_functions(ast.parse(text))

    def __contains__(self, place: Place) -> bool:
        return not any(start <= place < end for start, end in self._skipped)


def is_mutated(path: str) -> bool:
    """Whether a file of engine/ or steps/ is mutated: calls of SDKs aren't."""
    return not path.rpartition("/")[2].startswith("azure")


def _range(node: ast.expr | ast.stmt) -> tuple[Place, Place]:
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)


def _declarations(tree: ast.Module) -> Iterator[tuple[Place, Place]]:
    """Yield annotations, aliases of types, what only type checkers import, and what decorators are given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation:
            yield _range(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            yield _range(node.returns)
        elif isinstance(node, ast.keyword) and node.arg == "strict":  # of zip: it only checks
            yield _range(node.value)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield _range(node)
        for decorator in getattr(node, "decorator_list", []):
            (line, column), end = _range(decorator)
            if isinstance(decorator, ast.Call):
                yield _range(decorator.func)[1], end
            elif _is_abstract(node):
                yield (line, column - 1), end
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
            yield _range(statement)


def _is_abstract(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(decorator, ast.Name) and decorator.id == "abstractmethod" for decorator in decorators)


def _unmutated_functions(tree: ast.Module) -> Iterator[tuple[Place, Place]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) or (isinstance(node, ast.FunctionDef) and node.name in WORDS):
            first = min((node.lineno, *(decorator.lineno for decorator in node.decorator_list)))
            yield (first, 0), _range(node)[1]
