"""Injected faults: rules that change, delay or withhold answers.

A rule is a JSON object:

- `method`: a regular expression for the whole method; any method without it.
- `path`: a regular expression looked for in the path, without host, as it was received and percent-decoded, with
  and without `?query`; case makes no difference, as in Azure. Any path without it.
- `nth`: the number of the matching request since the rules were set (default 1), or `"every"`.
- `phase`: `before` (the operation is not carried out, the default) or `after`.
- `do`: `status:CODE` (answer that status in the service's error shape), `drop` (reset the connection), `hold` (never
  answer), `delay:SECONDS`, `truncate` (send half of the answer and close), `body:TEXT` (answer TEXT, not JSON),
  `headers` (the service's own answer, but with these headers), `tls` (see below).
- `headers`: headers of the answer, with `status:`, `body:`, `headers` and `truncate`. A value `now+SECONDS` is sent as
  the HTTP date in so many seconds.
- `body`: the JSON to answer with `status:`, in place of the service's own error.

`tls` resets a connection in the middle of its TLS handshake, before there is a request: `path` is looked for in the
host name that the proxy is asked for, `method` in `CONNECT`, and `nth` counts connections. Connections that don't
use the proxy are not affected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

_KEYS = {"method", "path", "nth", "phase", "do", "headers", "body"}
_PLAIN = ("drop", "hold", "truncate", "headers", "tls")


class BadRules(ValueError):
    """Invalid rules; the message says which and why."""


@dataclass(frozen=True)
class Action:
    """The effect of a rule."""

    kind: str
    """`status`, `drop`, `hold`, `delay`, `truncate`, `body`, `headers` or `tls`."""
    status: int = 0
    seconds: float = 0.0
    text: str = ""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def sent_headers(self) -> dict[str, str]:
        """Return the headers as they are sent now: with dates in place of `now+SECONDS`."""
        return {name: _dated(value) for name, value in self.headers.items()}


def _dated(value: str) -> str:
    ahead = re.fullmatch(r"now\+(\d+)", value)
    if ahead is None:
        return value
    # HTTP dates have whole seconds: rounded up, so that the wait is never shorter than the rule says.
    return format_datetime(datetime.now(UTC) + timedelta(seconds=int(ahead[1]) + 1), usegmt=True)


@dataclass
class Rule:
    """One rule and how many requests it has matched."""

    method: re.Pattern[str]
    path: re.Pattern[str]
    nth: int | None
    """None: every matching request."""
    phase: str
    action: Action
    written: dict[str, Any]
    matched: int = 0

    def meets(self, method: str, targets: Iterable[str]) -> bool:
        """Count the request if it matches; return whether the rule applies to it."""
        if not self.method.fullmatch(method) or not any(self.path.search(target) for target in targets):
            return False
        self.matched += 1
        return self.nth is None or self.nth == self.matched


@dataclass(frozen=True)
class Injection:
    """The faults of one request, by phase and in the order of the rules."""

    before: tuple[Action, ...] = ()
    after: tuple[Action, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether any rule applies, if only to delay the answer."""
        return bool(self.before or self.after)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def replace(self, rules: Any) -> None:
        """Replace all rules, with counts at zero. Raises BadRules, and then changes nothing."""
        if not isinstance(rules, list):
            raise BadRules("The rules are a JSON list.")
        self._rules = [_rule(number, rule) for number, rule in enumerate(rules, 1)]

    def json(self) -> list[dict[str, Any]]:
        """Return the rules, each with the number of requests it has `matched`."""
        return [{**rule.written, "matched": rule.matched} for rule in self._rules]

    def match(self, method: str, target: str, normal: str) -> Injection:
        """Return the faults of a request. `target` is its path as received, `normal` the decoded path."""
        path, mark, query = target.partition("?")
        targets = {path, target, normal, normal + mark + unquote(query.replace("+", " "))}
        met = [rule for rule in self._rules if rule.action.kind != "tls" and rule.meets(method, targets)]
        return Injection(
            tuple(rule.action for rule in met if rule.phase == "before"),
            tuple(rule.action for rule in met if rule.phase == "after"),
        )

    def cuts(self, host: str) -> bool:
        """Count a connection to `host`; return whether to cut its TLS handshake."""
        met = [rule.meets("CONNECT", (host,)) for rule in self._rules if rule.action.kind == "tls"]
        return any(met)


def _rule(number: int, rule: Any) -> Rule:
    def bad(why: str) -> BadRules:
        return BadRules(f"Rule {number}: {why}")

    if not isinstance(rule, dict):
        raise bad("not a JSON object.")
    if unknown := sorted(set(rule) - _KEYS):
        raise bad(f"unknown key {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}.")
    nth = rule.get("nth", 1)
    if nth != "every" and (not isinstance(nth, int) or isinstance(nth, bool) or nth < 1):
        raise bad('"nth" is a number from 1 on or "every".')
    phase = rule.get("phase", "before")
    if phase not in ("before", "after"):
        raise bad('"phase" is "before" or "after".')
    headers = rule.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str | int) for value in headers.values()):
        raise bad('"headers" is an object of strings.')
    try:
        patterns = {key: re.compile(rule.get(key) or ".*", re.IGNORECASE | re.DOTALL) for key in ("method", "path")}
    except (re.error, TypeError) as error:
        raise bad(f'"method" and "path" are regular expressions: {error}.') from None
    action = _action(rule.get("do"), {str(name): str(value) for name, value in headers.items()}, rule.get("body"))
    if action is None:
        raise bad('"do" is status:CODE, drop, hold, delay:SECONDS, truncate, body:TEXT, headers or tls.')
    if rule.get("body") is not None and action.kind != "status":
        raise bad('"body" goes with "do": "status:CODE".')
    return Rule(patterns["method"], patterns["path"], None if nth == "every" else nth, phase, action, dict(rule))


def _action(do: Any, headers: dict[str, str], body: Any) -> Action | None:
    if not isinstance(do, str):
        return None
    kind, _, value = do.partition(":")
    if do in _PLAIN:
        return Action(do, headers=headers)
    if kind == "status" and re.fullmatch(r"[2-5]\d\d", value):
        return Action("status", status=int(value), headers=headers, body=body)
    if kind == "delay" and re.fullmatch(r"\d+(\.\d+)?", value):
        return Action("delay", seconds=float(value))
    if kind == "body" and ":" in do:
        return Action("body", text=value, headers=headers)
    return None
