"""Requests, replies and refusals, for all services."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
    contexts: frozenset[str] = frozenset()
    """The authentication contexts (`acrs`) that the sign-in has satisfied."""


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
