"""The faults that are tried, as rules for the embedded Azure, and the requests they are tried on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from emulator.messages import folded
from tests.matrix.verdict import GUID

OPERATION = "operationsStatuses"
LOGIN = r"/oauth2/|/discovery/|/\.well-known/"

_EXPIRED = {
    "error": {
        "code": "ExpiredAuthenticationToken",
        "message": "The access token expiry UTC time '1/1/2024 1:00:00 AM' is earlier than current UTC time "
        "'1/1/2024 2:00:00 AM'.",
    }
}
_GRAPH_EXPIRED = {
    "error": {
        "code": "InvalidAuthenticationToken",
        "message": "Lifetime validation failed, the token is expired.",
        "innerError": {"date": "2024-01-01T02:00:00", "request-id": "00000000-0000-4000-8000-0000000000aa"},
    }
}
_CHALLENGE = {
    "WWW-Authenticate": 'Bearer authorization_uri="https://login.microsoftonline.com/common", error="invalid_token"'
}
_OPERATION = {"id": "/operation", "name": "operation", "startTime": "2024-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with a request."""

    name: str
    rule: Mapping[str, Any]
    only: str = ""
    """A regular expression for the paths that it makes sense for; all without it."""
    lasting: bool = False
    """Waiting or repeating does not help, not even when it happens once."""
    clock: float = 0.0
    """Seconds that the tool's clock jumps ahead, again and again, while it waits."""


def _status(code: int, **headers: str) -> Mapping[str, Any]:
    named = {"headers": {"Retry-After": headers["after"]}} if headers else {}
    return {"do": f"status:{code}", **named}


def _ends(status: str, **more: Any) -> Mapping[str, Any]:
    body = {**_OPERATION, "status": status, **more}
    return {"do": "status:200", "body": body, "headers": {"Retry-After": "0"}}


_FAILED = {"code": "ProvisioningFailed", "message": "The provisioning failed."}
_GRAPH = r"^/v1\.0/"
_ARM = r"^/subscriptions"

FAULTS = (
    Fault("429, Retry-After in seconds", _status(429, after="1")),
    Fault("429, Retry-After as a date", _status(429, after="now+1")),
    Fault("429", _status(429)),
    Fault("408", _status(408)),
    Fault("500", _status(500)),
    Fault("502", _status(502)),
    Fault("503", _status(503)),
    Fault("503, Retry-After", _status(503, after="1")),
    Fault("504", _status(504)),
    Fault("reset before it is carried out", {"do": "drop"}),
    Fault("reset after it was carried out", {"do": "drop", "phase": "after"}),
    Fault("answer cut in the middle", {"do": "truncate", "phase": "after"}),
    Fault("not JSON", {"do": "body:<html>busy", "phase": "after", "headers": {"Content-Type": "application/json"}}),
    Fault("somebody else's page", {"do": "body:<html>Sign in to this network", "phase": "before"}),
    Fault("wrong content type", {"do": "headers", "phase": "after", "headers": {"Content-Type": "text/plain"}}),
    Fault("silence", {"do": "hold"}, clock=10.0),
    Fault("silence after it was carried out", {"do": "hold", "phase": "after"}, clock=10.0),
    Fault("401, expired", {"do": "status:401", "body": _EXPIRED, "headers": _CHALLENGE}, only=_ARM),
    Fault("401, expired", {"do": "status:401", "body": _GRAPH_EXPIRED, "headers": _CHALLENGE}, only=_GRAPH),
    Fault("operation ends Failed", _ends("Failed", error=_FAILED), only=OPERATION, lasting=True),
    Fault("operation is Canceled", _ends("Canceled"), only=OPERATION, lasting=True),
    Fault("operation never ends", _ends("Running"), only=OPERATION, clock=60.0),
)

HANDSHAKE = Fault("TLS handshake cut", {"do": "tls"})


@dataclass(frozen=True)
class Target:
    """A request of an undisturbed run: the `number`th of its method and path; or a connection to a host."""

    method: str
    path: str
    """A regular expression, as rules have it."""
    shown: str
    number: int = 1

    def __str__(self) -> str:
        return f"{self.method} {self.shown}{f' #{self.number}' if self.number > 1 else ''}"


@dataclass(frozen=True)
class Affliction:
    """A fault at a request: once, or every time."""

    fault: Fault
    target: Target
    every: bool

    def rule(self) -> dict[str, Any]:
        nth = "every" if self.every else self.target.number
        return {"method": self.target.method, "path": self.target.path, "nth": nth, **self.fault.rule}

    def json(self) -> dict[str, Any]:
        return {"matrix": "fault", "fault": self.fault.name, "target": str(self.target), "rule": self.rule()}


@dataclass
class Targets:
    """The requests of an undisturbed run, in order, and the hosts it connects to."""

    requests: list[Target] = field(default_factory=list)
    hosts: list[Target] = field(default_factory=list)

    @classmethod
    def of(cls, log: list[dict[str, Any]]) -> Targets:
        """Return the targets in a log of requests."""
        seen: Counter[tuple[str, str]] = Counter()
        found = cls()
        for visit in log:
            path = folded(unquote(visit["path"].partition("?")[0]))
            pattern = "^" + "[^/']+".join(re.escape(part) for part in GUID.split(path)) + "$"
            seen[visit["method"], pattern] += 1
            shown = GUID.sub("{id}", path)
            found.requests.append(Target(visit["method"], pattern, shown, seen[visit["method"], pattern]))
            host = visit["host"].partition(":")[0]
            if not host[0].isdigit() and all(host != known.shown for known in found.hosts):
                found.hosts.append(Target("CONNECT", f"^{re.escape(host)}$", host))
        return found


def afflictions(log: list[dict[str, Any]], *, only: str = "") -> list[Affliction]:
    """Return every fault at every request once, and at every method and path every time. `only`: of these paths."""
    targets = Targets.of(log)
    found: list[Affliction] = []
    for target in targets.requests:
        if not re.search(only, target.shown):
            continue
        for fault in FAULTS:
            if not re.search(fault.only, target.shown):
                continue
            once = Affliction(fault, target, every=False)
            if fault.name != "operation never ends":  # once, that is how it goes on anyway
                found.append(once)
            if target.number == 1:
                found.append(Affliction(fault, target, every=True))
    hosts = [] if only else targets.hosts
    return found + [Affliction(HANDSHAKE, host, every) for host in hosts for every in (False, True)]
