"""The query language: the grammar of queries and of the filters of event routes, read into functions that evaluate.

Sources: the pages reference-query-clause-select, -from, -join, -match and -where, reference-query-operators,
reference-query-functions and reference-query-reserved of https://learn.microsoft.com/azure/digital-twins, and the
limits of .../reference-service-limits. A filter is a condition alone; it may compare with a text without quotes, as the
live tests of the azure-iot extension of az do (`type = Microsoft.DigitalTwins.Twin.Create`).
"""

from __future__ import annotations

import re
from typing import Any, cast

from lark import Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from emulator.dataplane.comparisons import MISSING, OF_ONE, OF_STRINGS, compared, same
from emulator.dataplane.grammar import RESERVED, parser
from emulator.dataplane.query_parts import Column, Condition, Functions, Hop, Path, Query

_LONGEST, _MOST_VALUES, _MOST_OPERATORS, _MOST_JOINS, _MOST_HOPS = 8000, 100, 50, 5, 10
"""The page of operators says 100 values of a set, that of limits 50: so up to 100 are taken."""


class BadExpression(Exception):
    """A text is no query or condition, or one that is not played; the message says why."""


def condition_of(text: str) -> Condition:
    """Return the condition of a filter; raise `BadExpression` for anything else."""
    return cast(Condition, _read("condition", text, {}))


def query_of(text: str, functions: Functions) -> Query:
    """Return a query; raise `BadExpression` for anything else, and for one beyond the limits."""
    if len(text) > _LONGEST:
        raise BadExpression(f"A query has at most {_LONGEST} characters.")
    return cast(Query, _read("query", text, functions))


def _read(start: str, text: str, functions: Functions) -> Any:
    try:
        return _Reader(functions).transform(parser().parse(text, start=start))
    except UnexpectedInput as error:
        found = text[error.pos_in_stream or 0 :].split()[:1]
        where = f"'{found[0]}' at position {error.pos_in_stream}" if found else "the end of the text"
        raise BadExpression(f"Unexpected {where}.") from None
    except VisitError as error:
        if isinstance(error.orig_exc, BadExpression):
            raise error.orig_exc from None
        raise


class _Reader(Transformer[Token, Any]):
    """Makes what is evaluated of what was parsed: each method of a rule of the grammar."""

    def __init__(self, functions: Functions) -> None:
        super().__init__()
        self._functions = functions
        self._identified: set[str] = set()
        self._paths: set[Path] = set()
        self._operators = 0

    # Names and values.

    def NAME(self, token: Token) -> str:
        if token.upper() in RESERVED.split():
            raise BadExpression(f"'{token}' is a reserved keyword: write [[{token}]] for a property of that name.")
        return str(token)

    def ESCAPED(self, token: Token) -> str:
        return token[2:-2]

    def STRING(self, token: Token) -> Token:
        return Token("LITERAL", re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL))

    def INT(self, token: Token) -> int:
        return int(token)

    def NUMBER(self, token: Token) -> float:
        return float(token)

    def literal(self, parts: list[Any]) -> Any:
        (value,) = parts
        constants = {"TRUE": True, "FALSE": False, "NULL": None}
        kind = value.type if isinstance(value, Token) else ""
        return constants[kind] if kind in constants else str(value) if kind else value

    def path(self, parts: list[str]) -> Path:
        return tuple(parts)

    def set(self, parts: list[Any]) -> list[Any]:
        if len(parts) > _MOST_VALUES:
            raise BadExpression(f"A set has at most {_MOST_VALUES} values.")
        return parts

    # Conditions.

    def condition(self, parts: list[Condition]) -> Condition:
        return parts[0]

    def either(self, parts: list[Any]) -> Condition:
        tests = self._tests(parts)
        return lambda values: any(test(values) for test in tests)

    def both(self, parts: list[Any]) -> Condition:
        tests = self._tests(parts)
        return lambda values: all(test(values) for test in tests)

    def _tests(self, parts: list[Any]) -> list[Condition]:
        tests = [part for part in parts if not isinstance(part, Token)]
        self._operators += len(tests) - 1
        if self._operators > _MOST_OPERATORS:
            raise BadExpression(f"A condition has at most {_MOST_OPERATORS} AND and OR.")
        return tests

    def negation(self, parts: list[Any]) -> Condition:
        inner = parts[-1]
        return lambda values: not inner(values)

    def constant(self, parts: list[Token]) -> Condition:
        result = parts[0].type == "TRUE"
        return lambda _: result

    def comparison(self, parts: list[Any]) -> Condition:
        path, sign, value = parts
        self._note(path, identifies=sign == "=" and isinstance(value, str))
        if isinstance(value, tuple):
            return lambda values: compared(str(sign), values(path), values(value))
        return lambda values: compared(str(sign), values(path), value)

    def among(self, parts: list[Any]) -> Condition:
        path, _, allowed = parts
        self._note(path, identifies=True)
        return lambda values: any(same(values(path), value) for value in allowed)

    def not_among(self, parts: list[Any]) -> Condition:
        path, _, refused = parts
        self._note(path)
        return lambda values: values(path) is not MISSING and not any(same(values(path), value) for value in refused)

    def _note(self, path: Path, *, identifies: bool = False) -> None:
        self._paths.add(path)
        if identifies and path[-1].lower() == "$dtid":
            self._identified.add(path[0] if len(path) > 1 else "")

    def call(self, parts: list[Any]) -> Condition:
        name, arguments = parts[0].upper(), [part for part in parts[1:] if part is not None]
        path = arguments[0] if arguments and isinstance(arguments[0], tuple) else ()
        if name in self._functions:
            try:
                return self._functions[name](*arguments)
            except TypeError:
                raise BadExpression(f"The arguments of {name} are wrong.") from None
        if path:
            self._note(path)
        if path and name in OF_ONE and len(arguments) == 1:
            return lambda values: OF_ONE[name](values(path))
        if path and name in OF_STRINGS and len(arguments) == 2 and isinstance(arguments[1], str):
            part = arguments[1]
            return lambda values: isinstance(found := values(path), str) and OF_STRINGS[name](found, part)
        if path and name == "ARRAY_CONTAINS" and len(arguments) == 2 and not isinstance(arguments[1], tuple):
            value = arguments[1]
            return lambda values: isinstance(found := values(path), list) and any(same(part, value) for part in found)
        known = name in OF_ONE or name in OF_STRINGS or name == "ARRAY_CONTAINS"
        raise BadExpression(f"The arguments of {name} are wrong." if known else f"The function {name} is not played.")

    # Queries.

    def top(self, parts: list[Any]) -> int:
        return int(parts[-1])

    def everything(self, _: list[Any]) -> None:
        return None

    def count(self, _: list[Any]) -> str:
        return "COUNT"

    def columns(self, parts: list[Column]) -> tuple[Column, ...]:
        names = [column.name for column in parts]
        if len(set(names)) < len(names):
            raise BadExpression("Two columns have the same name: give one another with AS.")
        return tuple(parts)

    def column(self, parts: list[Any]) -> Column:
        path, name = parts[0], parts[-1] if len(parts) > 2 and parts[-1] else parts[0][-1]
        return Column(path, name)

    def relationships(self, parts: list[Any]) -> tuple[bool, str, tuple[Hop, ...], bool]:
        return False, parts[1] or "", (), False

    def twins(self, parts: list[Any]) -> tuple[bool, str, tuple[Hop, ...], bool]:
        start, hops = parts[1] or "", parts[2:]
        if hops and isinstance(hops[0], list):
            if start:
                raise BadExpression("With MATCH the collections are named in the pattern.")
            first, *pattern = hops[0]
            return True, first, _linked(first, pattern), True
        if len(hops) > _MOST_JOINS:
            raise BadExpression(f"A query has at most {_MOST_JOINS} JOIN.")
        return True, start, tuple(hops), False

    def join(self, parts: list[Any]) -> Hop:
        _, target, _, path, relationship = parts
        if len(path) != 2:
            raise BadExpression("RELATED needs a collection and the name of a relationship, as T.contains.")
        return Hop(target, (path[1],), relationship or "", path[0])

    def match(self, parts: list[Any]) -> list[Any]:
        return parts[1:]

    def node(self, parts: list[Any]) -> str:
        return parts[0] or ""

    def variable(self, parts: list[str]) -> Token:
        return Token("VARIABLE", parts[0])

    def names(self, parts: list[str]) -> tuple[str, ...]:
        return tuple(parts)

    def exactly(self, parts: list[int]) -> tuple[int, int]:
        return parts[0], parts[0]

    def up_to(self, parts: list[Any]) -> tuple[int, int]:
        return (parts[0] or 0) + 1, parts[1]

    def edge(self, parts: list[Any]) -> Hop:
        left, variable, names, hops, right = parts
        if left.type == "LEFT" and right.type == "RIGHT":
            raise BadExpression("A relationship of MATCH points one way, or neither.")
        directions = "<" if left.type == "LEFT" else ">" if right.type == "RIGHT" else "<>"
        fewest, most = hops or (1, 1)
        if most < fewest or fewest < 1:
            raise BadExpression("The number of hops is wrong.")
        if variable and most > 1:
            raise BadExpression("A relationship of more than one hop can't have a name.")
        return Hop("", names or (), str(variable or ""), "", directions, fewest, most)

    def query(self, parts: list[Any]) -> Query:
        rest = [part for part in parts if not isinstance(part, Token)]
        top = next((part for part in rest if isinstance(part, int)), None)
        source = next(i for i, part in enumerate(rest) if isinstance(part, tuple) and part[:1] in ((True,), (False,)))
        columns = next((part for part in rest[:source] if isinstance(part, tuple | str)), None)
        condition = rest[source + 1] if len(rest) > source + 1 else None
        of_twins, start, hops, is_match = rest[source]
        return Query(
            of_twins,
            start,
            hops,
            is_match,
            columns if isinstance(columns, tuple) else None,
            columns == "COUNT",
            top,
            condition,
            frozenset(self._identified),
            frozenset(self._paths),
        )


def _linked(first: str, pattern: list[Any]) -> tuple[Hop, ...]:
    """Return the relationships of a pattern with the collections that they join."""
    hops, source = [], first
    for hop, target in zip(pattern[::2], pattern[1::2], strict=True):
        hops.append(Hop(target, hop.names, hop.relationship, source, hop.directions, hop.fewest, hop.most))
        source = target
    if sum(hop.most for hop in hops) > _MOST_HOPS:
        raise BadExpression(f"A query has at most {_MOST_HOPS} hops.")
    return tuple(hops)
