"""The recording of what was asked and answered: one HAR 1.2 entry a line, without credentials."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

REMOVED = "[removed]"

_NAMES = (
    "access_token|refresh_token|id_token|device_code|client_info|client_secret|client_assertion|assertion|password|secretText|"
    "primaryKey|secondaryKey|primaryConnectionString|secondaryConnectionString|connectionString|"
    "connectionStringPrimaryKey|connectionStringSecondaryKey|accessKey1|accessKey2|deadLetterSecret"
)
_IN_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_KEY_PAIRS = re.compile(r'("key[12]"\s*:\s*|"keyName"\s*:\s*"key[12]"\s*,\s*"value"\s*:\s*)"[\w+/=]{40,}"', re.ASCII)
"""The keys of Event Grid topics and storage accounts; times of the same names are shorter."""
_ANYWHERE = re.compile(r"(SharedAccessKey=|[?&]sig=)[^;&\s\"]+", re.IGNORECASE)
"""Parts of connection strings and of signed URLs, in whatever quotes them."""
_IN_FORM = re.compile(rf"(^|[?&])({_NAMES}|code)=[^&]*", re.IGNORECASE)
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-ms-authorization-auxiliary")

Headers = list[tuple[str, str]]


class Recorder:
    """Appends entries to a file; without a file, to nothing. An entry is with the system when `record` returns."""

    def __init__(self, file: Path | None) -> None:
        self._handle = file.open("a", encoding="utf-8") if file else None

    def record(
        self,
        *,
        started: datetime,
        method: str,
        url: str,
        version: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        status: int,
        answer_headers: Iterable[tuple[str, str]] = (),
        answer: bytes = b"",
        injected: bool = False,
        latency: tuple[str, float] = ("", 0.0),
        begun: Iterable[tuple[str, str, float]] = (),
    ) -> None:
        """Append one entry; status 0 is a request that got no answer. Nothing is changed but credentials removed.

        `latency` is the row of the latency table that the answer waited for, and its seconds; `begun` what goes on
        after the answer: its key, row and seconds.
        """
        if self._handle is None:
            return
        asked, told = _shown(headers), _shown(answer_headers)
        took = (datetime.now(UTC) - started).total_seconds() * 1000
        request: dict[str, Any] = {
            "method": method,
            "url": url,
            "httpVersion": version,
            "cookies": [],
            "headers": _pairs(asked),
            "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
            "headersSize": -1,
            "bodySize": len(body),
        }
        if body:
            request["postData"] = {"mimeType": _type(asked), **_text(body, _type(asked))}
        entry: dict[str, Any] = {
            "startedDateTime": started.isoformat(timespec="milliseconds"),
            "time": round(took, 3),
            "request": request,
            "response": {
                "status": status,
                "statusText": _phrase(status),
                "httpVersion": version if status else "",
                "cookies": [],
                "headers": _pairs(told),
                "content": {"size": len(answer), "mimeType": _type(told), **_text(answer, _type(told))},
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(answer),
            },
            "cache": {},
            "timings": {"send": 0, "wait": round(took, 3), "receive": 0},
        }
        entry["_latency"] = {"row": latency[0], "seconds": latency[1]}
        entry["_begun"] = [{"key": key, "row": row, "seconds": seconds} for key, row, seconds in begun]
        if injected:
            entry["_injected"] = True
        self._handle.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._handle.flush()

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            self._handle.close()


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
    text = _KEY_PAIRS.sub(rf'\1"{REMOVED}"', _IN_JSON.sub(rf'\1"{REMOVED}"', text))
    return {"text": _ANYWHERE.sub(rf"\1{REMOVED}", text)}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
