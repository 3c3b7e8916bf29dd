"""OData's `$filter`: the part of it that clients use; the rest is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.graph.refusals import malformed, unsupported_query
from emulator.messages import Json

Predicate = Callable[[Json], bool]

_FILTERABLE = {
    "application": {
        "id",
        "appId",
        "displayName",
        "uniqueName",
        "signInAudience",
        "identifierUris",
        "tags",
        "publisherDomain",
    },
    "servicePrincipal": {
        "id",
        "appId",
        "displayName",
        "servicePrincipalType",
        "accountEnabled",
        "servicePrincipalNames",
        "tags",
        "alternativeNames",
    },
    "user": {
        "id",
        "mail",
        "userPrincipalName",
        "displayName",
        "givenName",
        "surname",
        "userType",
        "accountEnabled",
        "otherMails",
        "proxyAddresses",
    },
    "group": {"id", "displayName", "mail", "securityEnabled", "mailEnabled", "mailNickname"},
    "grant": {"clientId", "consentType", "resourceId", "principalId"},
    "organization": {"id"},
    "federatedIdentityCredential": {"id", "name", "issuer", "subject"},
}
_FILTERABLE["deletedApplication"] = _FILTERABLE["application"]
_FILTERABLE["deletedServicePrincipal"] = _FILTERABLE["servicePrincipal"]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_@][\w.\-/@]*|[0-9A-Fa-f\-]{36}|\d+)|([(),:]))")
_LITERALS = {"true": True, "false": False, "null": None}
_ADVANCED = {"ne", "not", "ge", "gt", "le", "lt", "endswith", "contains"}
_AFFIXES = {"startswith": str.startswith, "endswith": str.endswith}


def parse_filter(text: str, kind: str, resource: str, *, advanced: bool = False) -> Predicate:
    """Return the test of `$filter=text` for served objects.

    Understood: `eq`, `in`, `startswith`, `any(x:x eq …)`, `any(x:startswith(x,…))`, `and`, `or`, parentheses; with
    `advanced` also `ne`, `not` and `endswith` (learn.microsoft.com/graph/aad-advanced-queries). Strings compare
    case-insensitively.
    """
    parser = _Parser(_tokens(text), _FILTERABLE[kind], resource, advanced=advanced)
    found = parser.either()
    parser.end()
    return found


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed(f"Invalid filter clause: There is an unterminated literal at position {at} in '{text}'.")
        tokens.append(match.group(match.lastindex or 0))
        at = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens; each method consumes its rule of the grammar and returns a test."""

    def __init__(self, tokens: list[str], known: set[str], resource: str, *, advanced: bool) -> None:
        self._tokens, self._at = tokens, 0
        self._known, self._resource, self._refused = known, resource, _ADVANCED
        if advanced:
            self._refused = _ADVANCED - {"ne", "not", "endswith"}

    def either(self) -> Predicate:
        tests = [self._both()]
        while self._peek() == "or":
            self._next()
            tests.append(self._both())
        return lambda body: any(test(body) for test in tests)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._syntax()

    def _both(self) -> Predicate:
        tests = [self._term()]
        while self._peek() == "and":
            self._next()
            tests.append(self._term())
        return lambda body: all(test(body) for test in tests)

    def _term(self) -> Predicate:
        word = self._next()
        if word == "(":
            inner = self.either()
            self._take(")")
            return inner
        if word in self._refused:
            raise self._advanced(word)
        if word == "not":
            refused = self._term()
            return lambda body: not refused(body)
        if word in _AFFIXES:
            name, test = self._affix(word, self._property)
            return lambda body: test(body.get(name))
        if word.endswith("/any"):
            return self._any(word.removesuffix("/any"))
        return self._compare(self._property(word))

    def _affix(self, word: str, named: Callable[[str], str]) -> tuple[str, Callable[[Any], bool]]:
        self._take("(")
        name = named(self._next())
        self._take(",")
        affix = self._literal()
        self._take(")")
        if not isinstance(affix, str):
            raise self._syntax()
        has = _AFFIXES[word]
        return name, lambda value: isinstance(value, str) and has(value.lower(), affix.lower())

    def _any(self, token: str) -> Predicate:
        name = self._property(token)
        self._take("(")
        variable = self._next()
        self._take(":")
        word = self._next()
        if word == "startswith":
            tested, test = self._affix(word, str)
        else:
            tested, operator = word, self._next()
            if operator != "eq":
                raise self._advanced(name)
            literal = self._literal()
            test = lambda part: _same(part, literal)  # noqa: E731 - the other branch's is one too
        if tested != variable:
            raise self._syntax()
        self._take(")")
        return lambda body: any(test(part) for part in body.get(name) or [])

    def _compare(self, name: str) -> Predicate:
        operator = self._next()
        if operator in self._refused:
            raise self._advanced(name)
        if operator in ("eq", "ne"):
            literal = self._literal()
            return lambda body: _same(body.get(name), literal) is (operator == "eq")
        if operator == "in":
            self._take("(")
            values = [self._literal()]
            while self._peek() == ",":
                self._next()
                values.append(self._literal())
            self._take(")")
            return lambda body: any(_same(body.get(name), value) for value in values)
        raise self._syntax()

    def _property(self, name: str) -> str:
        if name not in self._known:
            raise self._advanced(name)
        return name

    def _literal(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in _LITERALS:
            return _LITERALS[token]
        if re.fullmatch(r"[0-9A-Fa-f\-]{36}", token):
            return token
        raise self._syntax()

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._syntax()
        self._at += 1
        return token

    def _take(self, expected: str) -> None:
        if self._next() != expected:
            raise self._syntax()

    def _advanced(self, name: str) -> Exception:
        text = f"Unsupported or invalid query filter clause specified for property '{name}' of resource"
        return unsupported_query(f"{text} '{self._resource}'.")

    def _syntax(self) -> Exception:
        return malformed("Invalid filter clause: Syntax error.")


def _same(value: Any, expected: Any) -> bool:
    if isinstance(value, str) and isinstance(expected, str):
        return value.lower() == expected.lower()
    return bool(value == expected)
