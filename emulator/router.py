"""Routes: which handler carries out which operation, for all services."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.messages import Refused, Reply, Request

if TYPE_CHECKING:
    from emulator.world import World

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
