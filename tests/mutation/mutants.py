"""Prints the mutants of the files named as arguments, a line of JSON each. Runs where cosmic-ray is installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.mutation.operators import OWN
from tests.mutation.scope import Scope

COMPARISONS = {
    "Eq": ("NotEq", "LtE", "GtE"),
    "NotEq": ("Eq", "Lt", "Gt"),
    "Lt": ("LtE", "GtE", "NotEq"),
    "LtE": ("Lt", "Gt", "Eq"),
    "Gt": ("GtE", "LtE", "NotEq"),
    "GtE": ("Gt", "Lt", "Eq"),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
ARITHMETIC = {
    "Add": ("Sub",),
    "Sub": ("Add", "BitOr", "BitAnd"),
    "Mul": ("Add", "FloorDiv"),
    "Div": ("Mul",),
    "FloorDiv": ("Mul",),
    "Mod": ("Mul",),
    "BitOr": ("BitAnd", "Sub", "BitXor"),
    "BitAnd": ("BitOr", "Sub"),
}
"""Which operator is replaced by which: those that could pass for it. All others end in a TypeError at once."""
OTHERS = (
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
)


def _operators() -> Iterator[Any]:
    for kind, table in (("Comparison", COMPARISONS), ("Binary", ARITHMETIC)):
        for before, afters in table.items():
            yield from (get_operator(f"core/Replace{kind}Operator_{before}_{after}") for after in afters)
    yield from (get_operator(f"core/{name}") for name in OTHERS)
    yield from OWN


def mutants(path: str) -> Iterator[dict[str, object]]:
    """Yield the mutants of a file: where, by what, and the file's text; of equal ones the first."""
    text = Path(path).read_text(encoding="utf-8")
    scope, found, nodes = Scope(path, text), {text}, list(ast_nodes(get_ast(text)))
    for kind in _operators():
        operator = kind()
        positions = [position for node in nodes for position in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(positions):
            if start not in scope:
                continue
            mutated = mutate_code(text, operator, occurrence)
            if mutated is not None and mutated not in found:
                found.add(mutated)
                yield {"path": path, "line": start[0], "operator": kind.__name__, "text": mutated}


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for mutant in mutants(argument):
            print(json.dumps(mutant))
