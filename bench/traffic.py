"""Recorded traffic as the computations need it: when, what was asked, what was told, and what the emulator injected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LINKS = ("azure-asyncoperation", "location")
_OPERATIONS = (
    "registration",
    "instance",
    "instance_update",
    "instance_deletion",
    "group_deletion",
    "endpoint",
    "destination",
)
"""Rows of the latency table that somebody waits for by polling; the others are how long others take to notice."""


@dataclass(frozen=True)
class Request:
    """One request and its answer. Times are in seconds from any one instant; texts are in lower case."""

    method: str
    host: str
    path: str
    """Without query and trailing slash."""
    started: float
    ended: float
    """When the answer went out."""
    latency: float
    """The seconds of `ended - started` that were injected."""
    status: int = 200
    asks: frozenset[str] = frozenset()
    """The identifiers in its URL and body, and its host."""
    tells: frozenset[str] = frozenset()
    """The identifiers and host names in its answer, and the links in its headers."""
    audience: str = ""
    """Of a token request: the host that the token is for."""
    operation: float = 0.0
    """The seconds of the long-running operation that it began, from `started` on."""
    retry_after: float = 0.0
    links: tuple[str, ...] = ()
    """The paths at which the answer says to poll."""

    @property
    def label(self) -> str:
        """Return it in short: the method and what the path ends with, without identifiers and names' values."""
        parts = [part for part in self.path.split("/") if part and not _GUID.fullmatch(part)]
        if self.audience:
            return f"token for {self.audience}"
        return f"{self.method} {re.sub(r'[(][^)]*[)]', '', '/'.join(parts[-2:]))}"


def requests(entries: Iterable[Mapping[str, Any]], since: float = 0.0) -> list[Request]:
    """Return the requests of HAR entries by the time they began; `since` is the instant that is 0."""
    return sorted((_request(entry, since) for entry in entries), key=lambda request: request.started)


def _request(entry: Mapping[str, Any], since: float) -> Request:
    asked, told = entry["request"], entry["response"]
    url = urlsplit(unquote(asked["url"]).lower())
    body = str(asked.get("postData", {}).get("text", "")).lower()
    headers = {header["name"].lower(): str(header["value"]) for header in told["headers"]}
    links = tuple(unquote(headers[name]).lower() for name in _LINKS if name in headers)
    answer = " ".join([str(told["content"].get("text", "")).lower(), *links])
    started = datetime.fromisoformat(entry["startedDateTime"]).timestamp() - since
    operations = [operation["seconds"] for operation in entry.get("_begun", ()) if operation["row"] in _OPERATIONS]
    return Request(
        method=asked["method"],
        host=url.hostname or "",
        path=re.sub("/{2,}", "/", url.path).rstrip("/"),
        started=started,
        ended=started + entry["time"] / 1000,
        latency=float(entry.get("_latency", {}).get("seconds", 0.0)),
        status=told["status"],
        asks=frozenset(_GUID.findall(f"{url.path} {url.query} {body}")) | {url.hostname or ""},
        tells=frozenset(_GUID.findall(answer)) | frozenset(re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+){2,}", answer)),
        audience=_audience(url.path, f"{url.query}&{body}"),
        operation=max(operations, default=0.0),
        retry_after=float(headers.get("retry-after", "0")),
        links=tuple(urlsplit(link).path.rstrip("/") for link in links),
    )


def _audience(path: str, form: str) -> str:
    """Return the host that a token request asks for; "" for anything else."""
    if not path.endswith(("/token", "/oauth2/token")):
        return ""
    named = re.search(r"(?:^|&)(?:resource|scope)=(?:[^&]*\s)?https://([^/&\s]+)", unquote(form))
    host = named[1] if named else ""
    return "management.azure.com" if host == "management.core.windows.net" else host


def read(text: str, since: float = 0.0) -> list[Request]:
    """Return the requests of a traffic file's text."""
    return requests((json.loads(line) for line in text.splitlines()), since)
