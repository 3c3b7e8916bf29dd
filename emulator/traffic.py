"""The recording of requests and answers: one HAR 1.2 entry a line, without credentials."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from multidict import CIMultiDict

REMOVED = "[removed]"

_NAMES = (
    "access_token|refresh_token|id_token|device_code|client_info|client_secret|client_assertion|assertion|oidcToken|password|secretText|"
    "primaryKey|secondaryKey|primaryConnectionString|secondaryConnectionString|connectionString|"
    "connectionStringPrimaryKey|connectionStringSecondaryKey|accessKey1|accessKey2|deadLetterSecret"
)
_IN_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_KEY_PAIRS = re.compile(r'("key[12]"\s*:\s*|"keyName"\s*:\s*"key[12]"\s*,\s*"value"\s*:\s*)"[\w+/=]{40,}"', re.ASCII)
"""The keys of Event Grid topics and storage accounts. Times under the same names are shorter, and so don't match."""
_ANYWHERE = re.compile(r"(SharedAccessKey=|[?&]sig=|\"value\": \"(?=eyJ))[^;&\s\"]+", re.IGNORECASE)
"""Secrets in connection strings and signed URLs, and the token that GitHub gives to a job."""
_SECRETS = (
    (_IN_JSON, rf'\1"{REMOVED}"', _NAMES.lower().split("|")),
    (_KEY_PAIRS, rf'\1"{REMOVED}"', ("key1", "key2")),
    (_ANYWHERE, rf"\1{REMOVED}", ("sharedaccesskey=", "sig=", "eyj")),
)
"""A pattern, what stands in place of what it finds, and what an ASCII text has of that in lower case: at least one.

To look for these first takes a tenth of the time where a text of thousands of models has none. Beyond ASCII there are
letters, as the long s, that the patterns take for those of other case.
"""
_IN_FORM = re.compile(rf"(^|[?&])({_NAMES}|code)=[^&]*", re.IGNORECASE)
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-ms-authorization-auxiliary")

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    started: datetime
    method: str
    url: str
    version: str
    """`HTTP/1.1`."""
    headers: Headers
    body: bytes


@dataclass
class Answer:
    """The answer to one request."""

    status: int
    headers: CIMultiDict[str]
    content: bytes
    cut: bool
    """Send half of the content and close."""


@dataclass
class Timing:
    """How long a request took in this world, and what it began that goes on after the answer."""

    latency: tuple[str, float] = ("", 0.0)
    """The row of the latency table that the answer waited for, and its seconds."""
    begun: list[tuple[str, str, float]] = field(default_factory=list)
    """The key, the row and the seconds of each."""


class Recorder:
    """Appends entries to a file, if there is one. An entry is written when `record` returns."""

    def __init__(self, file: Path | None) -> None:
        self._handle = file.open("a", encoding="utf-8") if file else None

    def record(self, received: Received, answer: Answer | None, timing: Timing, *, injected: bool) -> None:
        """Append one entry, with credentials removed. Without an answer its status is 0.

        `injected` says that a fault touched the answer.
        """
        if self._handle is None:
            return
        request, response = _request(received), _response(answer, received.version)  # the client waits for that too
        took = round((datetime.now(UTC) - received.started).total_seconds() * 1000, 3)
        entry: dict[str, Any] = {
            "startedDateTime": received.started.isoformat(timespec="milliseconds"),
            "time": took,
            "request": request,
            "response": response,
            "cache": {},
            "timings": {"send": 0, "wait": took, "receive": 0},
            "_latency": {"row": timing.latency[0], "seconds": timing.latency[1]},
            "_begun": [{"key": key, "row": row, "seconds": seconds} for key, row, seconds in timing.begun],
        }
        if injected:
            entry["_injected"] = True
        self._handle.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._handle.flush()

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            self._handle.close()


def _request(received: Received) -> dict[str, Any]:
    headers = _shown(received.headers)
    request: dict[str, Any] = {
        "method": received.method,
        "url": received.url,
        "httpVersion": received.version,
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": _pairs(parse_qsl(urlsplit(received.url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(received.body),
    }
    if received.body:
        request["postData"] = {"mimeType": _type(headers), **_text(received.body, _type(headers))}
    return request


def _response(answer: Answer | None, version: str) -> dict[str, Any]:
    status, content = (answer.status, answer.content) if answer else (0, b"")
    headers = _shown(answer.headers.items()) if answer else []
    return {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": version if status else "",
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": len(content), "mimeType": _type(headers), **_text(content, _type(headers))},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(content),
    }


def _shown(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _SECRET_HEADERS]


def _pairs(values: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values]


def _type(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _text(body: bytes, mime_type: str) -> dict[str, str]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    if "form-urlencoded" in mime_type:
        return {"text": _IN_FORM.sub(rf"\1\2={REMOVED}", text)}
    lowered = text.lower()
    for pattern, replacement, signs in _SECRETS:
        if not text.isascii() or any(sign in lowered for sign in signs):
            text = pattern.sub(replacement, text)
    return {"text": text}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
