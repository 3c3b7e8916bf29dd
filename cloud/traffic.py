"""The requests of a run and their answers, in a file for people: HAR 1.2 entries, one a line, without any secret.

Of headers there are only those that are named here. Of URLs, also those in bodies and headers, the path and the
api-version, and what begins with `$`: the others may be signatures. Of bodies only JSON, without the values of keys,
secrets, tokens and connection strings. Tokens are asked for elsewhere, so sign-ins aren't in it at all. Names, ids and
addresses of people and resources are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

REMOVED = "[removed]"
_HEADERS = (
    *("content-type", "prefer", "if-match", "if-none-match", "user-agent", "etag", "retry-after", "location"),
    *("azure-asyncoperation", "www-authenticate", "x-ms-error-code", "x-ms-request-id", "x-ms-correlation-request-id"),
    *("x-ms-failure-cause", "request-id", "mise-correlation-id", "traceresponse"),
)
_SECRET_NAME = re.compile(
    r"secret|secretText|clientSecret|deadLetterSecret|hint|password|assertion|(?:access|refresh|id|continuation)?_?token"
    r"|key\d|(?:primary|secondary|access|shared)\w*Key\d?|.*connectionString.*",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"SharedAccessKey=|AccountKey=|SharedAccessSignature|[?&;]sig=|\beyJ[\w-]{20,}", re.IGNORECASE
)


class Traffic:
    """Appends to a file, an entry when its answer is there. OSError when it can't be opened."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    def record(
        self, request: tuple[str, str, Mapping[str, str], Any], status: int, headers: Mapping[str, str], content: bytes,
        begun: float,
    ) -> None:  # fmt: skip
        """Append an entry. `request` is method, URL, headers and body; `begun` a time.monotonic()."""
        method, url, sent, body = request
        took = round((monotonic() - begun) * 1000, 1)
        asked, answered = _text(body), _text(content)
        address = _address(url)
        entry = {
            "startedDateTime": datetime.fromtimestamp(datetime.now(UTC).timestamp() - took / 1000, UTC).isoformat(),
            "time": took,
            "request": {
                "method": method,
                "url": address,
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": _shown(sent),
                "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(address).query)],
                **({"postData": {"mimeType": "application/json", "text": asked}} if asked else {}),
                "headersSize": -1,
                "bodySize": len(asked),
            },
            "response": {
                "status": status,
                "statusText": HTTPStatus(status).phrase if status in {one.value for one in HTTPStatus} else "",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": _shown(headers),
                "content": {"size": len(content), "mimeType": headers.get("Content-Type", ""), "text": answered},
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(content),
            },
            "cache": {},
            "timings": {"send": 0, "wait": took, "receive": 0},
        }
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self._file.flush()


def _shown(headers: Mapping[str, str]) -> list[dict[str, str]]:
    kept = {name: str(value) for name, value in headers.items() if name.lower() in _HEADERS}
    return [{"name": name, "value": str(_clean(value))} for name, value in kept.items()]


def _address(url: str) -> str:
    address, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part.lower().startswith(("api-version=", "$", "%24"))]
    return f"{address}?{'&'.join(kept)}" if kept else address


def _text(body: Any) -> str:
    """Return a JSON body without secrets; "" for any other."""
    try:
        return json.dumps(_clean(json.loads(body)), ensure_ascii=False) if body else ""
    except (ValueError, TypeError):
        return ""


def _clean(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        named = {key: "secret" if key == "value" and "keyName" in value else key for key in value}
        return {key: _clean(part, named[key]) for key, part in value.items()}
    if isinstance(value, list):
        return [_clean(part, name) for part in value]
    if not isinstance(value, str):
        return value
    if _SECRET_NAME.fullmatch(name) or _SECRET_TEXT.search(value):
        return REMOVED
    return _address(value) if value.startswith("https://") else value
