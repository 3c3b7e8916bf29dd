"""Operators that cosmic-ray doesn't have: they leave something out. Runs in the environment that has cosmic-ray."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import parso
from cosmic_ray.operators.operator import Operator

Position = tuple[tuple[int, int], tuple[int, int]]


class _Replacing(Operator):  # type: ignore[misc]  # mypy isn't told of cosmic-ray, which is installed elsewhere
    """Replaces a node by one of a few texts."""

    def replacements(self, node: Any) -> list[str]:
        """Return what the node's code can be replaced by."""
        raise NotImplementedError

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Return where the node stands, once for each replacement."""
        for _ in self.replacements(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Return the replacement."""
        before = node.get_first_leaf().prefix
        return parso.parse(before + self.replacements(node)[index])

    @classmethod
    def examples(cls) -> tuple[()]:
        """Return nothing: cosmic-ray tests its own operators by these."""
        return ()


class DropOperand(_Replacing):
    """`a and b` becomes `a`, and `b`; so with `or`."""

    def replacements(self, node: Any) -> list[str]:
        if node.type not in ("and_test", "or_test"):
            return []
        operator = f" {node.children[1].value} "
        parts = [part.get_code(include_prefix=False) for part in node.children[::2]]
        return [operator.join(parts[:position] + parts[position + 1 :]) for position in range(len(parts))]


class DropFilter(_Replacing):
    """`for a in b if c` becomes `for a in b`."""

    def replacements(self, node: Any) -> list[str]:
        return ["if True"] if node.type == "comp_if" else []


class DropArgument(_Replacing):
    """`f(a, name=b)` becomes `f(a)`. A text isn't dropped: texts aren't mutated; nor is `strict`, which only checks."""

    def replacements(self, node: Any) -> list[str]:
        if node.type not in ("arglist", "trailer"):
            return []
        arguments = [part for part in node.children if part.type == "argument" and self._counts(part)]
        return [self._without(node, argument) for argument in arguments]

    @staticmethod
    def _counts(argument: Any) -> bool:
        name, *rest = argument.children
        return bool(rest and rest[0] == "=" and rest[1].type not in ("string", "fstring") and name.value != "strict")

    @staticmethod
    def _without(node: Any, dropped: Any) -> str:
        if node.type == "trailer":
            return "()"
        kept = [part for part in node.children if part is not dropped and part != ","]
        return ", ".join(part.get_code(include_prefix=False) for part in kept)


class DropReturn(_Replacing):
    """`return a` becomes `return None`."""

    def replacements(self, node: Any) -> list[str]:
        if node.type != "return_stmt" or len(node.children) < 2:
            return []
        return [] if node.children[1].get_code().strip() == "None" else ["return None"]


class DropStatement(_Replacing):
    """A call whose answer isn't used, and `a |= b`, become `pass`."""

    def replacements(self, node: Any) -> list[str]:
        if node.parent is None or node.parent.type != "simple_stmt":
            return []
        if node.type in ("atom_expr", "power") and node.children[-1].children[0] == "(":
            return ["pass"]
        if node.type == "expr_stmt" and node.children[1].type == "annassign":
            return []
        augmented = node.type == "expr_stmt" and str(getattr(node.children[1], "value", "")).rstrip("=") != ""
        return ["pass"] if augmented else []


class InvertMembership(_Replacing):
    """`a in b` becomes `a not in b`, and the other way round."""

    def replacements(self, node: Any) -> list[str]:
        if node.type != "comparison" or len(node.children) != 3:
            return []
        left, operator, right = (part.get_code(include_prefix=False) for part in node.children)
        other = {"in": "not in", "not in": "in"}.get(" ".join(operator.split()))
        return [f"{left} {other} {right}"] if other else []


OWN = (DropOperand, DropFilter, DropArgument, DropReturn, DropStatement, InvertMembership)
