"""Conditions of event route filters and queries: parsed into functions that evaluate them.

The grammar is the part of the query language that both share: comparisons, `IN`, the functions below, `AND`, `OR`,
`NOT` and parentheses. Source: https://learn.microsoft.com/azure/digital-twins/reference-query-operators
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

Values = Callable[[str], Any]
"""Returns the value of a property path, or `MISSING`."""
Condition = Callable[[Values], bool]
MISSING = object()

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<operator><=|>=|!=|=|<|>)|(?P<mark>[(),\[\]])"
    r"|(?P<word>(?:\[\[[^\]]+\]\]|[$A-Za-z_][\w$]*)(?:\.(?:\[\[[^\]]+\]\]|[$A-Za-z_][\w$]*))*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OF_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "STARTSWITH": str.startswith,
    "STARTS_WITH": str.startswith,
    "ENDSWITH": str.endswith,
    "ENDS_WITH": str.endswith,
    "CONTAINS": operator.contains,
}
_OF_ONE: dict[str, Callable[[Any], bool]] = {
    "IS_DEFINED": lambda value: value is not MISSING,
    "IS_NULL": lambda value: value is None,
    "IS_BOOL": lambda value: isinstance(value, bool),
    "IS_NUMBER": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "IS_STRING": lambda value: isinstance(value, str),
    "IS_OBJECT": lambda value: isinstance(value, dict),
    "IS_PRIMITIVE": lambda value: value is None or isinstance(value, bool | int | float | str),
}


class BadExpression(Exception):
    """A text is no condition; the message says where."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def key(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text


def parse(text: str, functions: dict[str, Callable[..., Condition]] | None = None) -> Condition:
    """Return the function that evaluates a condition. `functions` are additional, called with literal arguments."""
    reader = _Reader(text, functions or {})
    test = reader.either()
    if reader.left:
        reader.fail()
    return test


def literal(text: str) -> str:
    """Return the text between the quotes."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class _Reader:
    """Reads a condition token by token, each method one rule of the grammar."""

    def __init__(self, text: str, functions: dict[str, Callable[..., Condition]]) -> None:
        self._text, self._functions, self._next = text, functions, 0
        self._tokens: list[_Token] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if not match:
                raise BadExpression(f"Unexpected '{text[at:].strip()[:20]}' at position {at}.")
            kind = str(match.lastgroup)
            self._tokens.append(_Token(kind, match[kind], match.start(kind)))
            at = match.end()

    @property
    def left(self) -> bool:
        return self._next < len(self._tokens)

    def fail(self) -> NoReturn:
        if self.left:
            token = self._tokens[self._next]
            raise BadExpression(f"Unexpected '{token.text}' at position {token.at}.")
        raise BadExpression("Unexpected end of the expression.")

    def either(self) -> Condition:
        parts = [self._both()]
        while self._accept("OR"):
            parts.append(self._both())
        return lambda values: any(part(values) for part in parts)

    def _both(self) -> Condition:
        parts = [self._negated()]
        while self._accept("AND"):
            parts.append(self._negated())
        return lambda values: all(part(values) for part in parts)

    def _negated(self) -> Condition:
        if self._accept("NOT"):
            inner = self._negated()
            return lambda values: not inner(values)
        if self._accept("("):
            inner = self.either()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        token = self._take("word")
        if token.key in ("TRUE", "FALSE"):
            return lambda _: token.key == "TRUE"
        if self._accept("("):
            return self._function(token)
        path = token.text
        if self._accept("IN"):
            self._expect("[")
            allowed = [self._value()]
            while self._accept(","):
                allowed.append(self._value())
            self._expect("]")
            return lambda values: any(_same(values(path), value) for value in allowed)
        sign = self._take("operator").text
        value = self._value()
        return lambda values: _compared(sign, values(path), value)

    def _function(self, token: _Token) -> Condition:
        name = token.key
        if name in self._functions:
            arguments = [self._literal_argument()]
            while self._accept(","):
                arguments.append(self._literal_argument())
            self._expect(")")
            try:
                return self._functions[name](*arguments)
            except TypeError:
                raise BadExpression(f"The arguments of {name} are wrong.") from None
        path = self._take("word").text
        if name in _OF_ONE:
            self._expect(")")
            return lambda values: _OF_ONE[name](values(path))
        if name in _OF_STRINGS:
            self._expect(",")
            part = literal(self._take("string").text)
            self._expect(")")
            return lambda values: isinstance(found := values(path), str) and _OF_STRINGS[name](found, part)
        raise BadExpression(f"The function {name} is not supported.")

    def _literal_argument(self) -> str:
        if self.left and self._tokens[self._next].kind == "word":
            return self._take("word").text.upper()
        return literal(self._take("string").text)

    def _value(self) -> Any:
        for kind in ("string", "number"):
            if self.left and self._tokens[self._next].kind == kind:
                text = self._take(kind).text
                return literal(text) if kind == "string" else float(text)
        token = self._take("word")
        constants = {"TRUE": True, "FALSE": False, "NULL": None}
        if token.key not in constants:
            self._next -= 1
            self.fail()
        return constants[token.key]

    def _take(self, kind: str) -> _Token:
        if not self.left or self._tokens[self._next].kind != kind:
            self.fail()
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, key: str) -> bool:
        found = self.left and self._tokens[self._next].key == key
        self._next += found
        return found

    def _expect(self, key: str) -> None:
        if not self._accept(key):
            self.fail()


def _compared(sign: str, found: Any, value: Any) -> bool:
    if sign == "!=":
        return found is not MISSING and not _same(found, value)
    if sign == "=":
        return _same(found, value)
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (found, value))
    strings = isinstance(found, str) and isinstance(value, str)
    return (numbers or strings) and _COMPARE[sign](found, value)


def _same(found: Any, value: Any) -> bool:
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)
