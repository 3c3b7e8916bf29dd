"""Requests, replies, refusals and routes, for all services."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from emulator.world import World

Json = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """The caller that a verified token names."""

    object_id: str
    tenant_id: str
    kind: Literal["user", "app"]
    app_id: str
    """The client application the token was issued to."""
    name: str
    """A user's principal name, an application's app id: what Azure shows in refusals."""
    permissions: frozenset[str] = frozenset()
    """Microsoft Graph application roles (`roles`) of an app; empty for a user."""


@dataclass(frozen=True)
class Request:
    """An HTTP request, decoded as far as routing needs."""

    method: str
    path: str
    """Percent-decoded, runs of `/` folded into one, no trailing `/`; keeps the case the client sent."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Compares names case-insensitively."""
    body: bytes
    origin: str
    """Scheme, host and port as the client wrote them, for links in answers: `https://management.azure.com`."""
    caller: Caller | None = None
    asked: tuple[tuple[str, str], ...] = ()
    """The query once more, as the pairs it was sent as."""

    def repeated(self, name: str) -> list[str]:
        """Return all values of a repeatable query parameter."""
        return [value for key, value in self.asked if key == name]

    def json(self) -> Json:
        """Return the body as a JSON object; refuse (400) anything else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Refused(
                400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
            )
        return value


@dataclass
class Reply:
    """One HTTP answer. `body` None sends no content; `latency` names a row of the latency table."""

    status: int = 200
    body: Json | list[Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    latency: str = "read"


class Refused(Exception):
    """A request that the service refuses. Each service renders it in its own error shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[Json] | None = None,
        target: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.details, self.target, self.headers = details, target, dict(headers or {})


def folded(path: str) -> str:
    """Return `path` as `Request.path` has it: runs of `/` folded into one, no trailing `/`."""
    return re.sub(r"/{2,}", "/", path).rstrip("/") or "/"


Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Route:
    """A published operation and the function that carries it out."""

    method: str
    template: str
    handler: Handler
    latency: str
    regex: re.Pattern[str]


class Router:
    """Finds the handler of a path. Paths compare case-insensitively, the values in them keep their case.

    Templates: `{name}` is one segment (or the text between quotes), `{name:segment}` is one segment that may have
    parentheses (a resource group may), `{name:path}` spans segments.
    Handlers are called as `handler(world, request, **values)` and return a `Reply`.
    """

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, method: str, template: str, *, latency: str = "read") -> Callable[[Handler], Handler]:
        """Register the decorated function for `method` and `template`; may be stacked."""

        def register(handler: Handler) -> Handler:
            self._routes.append(Route(method, template, handler, latency, _compile(template)))
            self._routes.sort(key=lambda route: (route.template.count(":path}"), route.template.count("{")))
            return handler

        return register

    def dispatch(self, world: World, request: Request) -> Reply | None:
        """Carry out the request; return None if no route has its path, refuse (405) if only the method differs."""
        other_method = False
        for route in self._routes:
            match = route.regex.fullmatch(request.path)
            if not match:
                continue
            if route.method != request.method:
                other_method = True
                continue
            reply = route.handler(world, request, **match.groupdict())
            if reply.latency == "read":
                reply.latency = route.latency
            return reply
        if other_method:
            raise Refused(405, "MethodNotAllowed", f"The method {request.method} is not allowed for this resource.")
        return None


def _compile(template: str) -> re.Pattern[str]:
    out: list[str] = []
    for part in re.split(r"(\{[^}]+\})", template):
        if not part.startswith("{"):
            out.append(re.escape(part))
            continue
        name, _, span = part[1:-1].partition(":")
        quoted = bool(out) and out[-1].endswith("'")
        spans = {"path": ".+?", "segment": "[^/]+"}
        pattern = spans.get(span) or ("[^']+" if quoted else "[^/()]+")
        out.append(f"(?P<{name}>{pattern})")
    return re.compile("".join(out), re.IGNORECASE)
