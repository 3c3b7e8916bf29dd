"""Recorded answers of the real Azure, and how an answer of the embedded one differs from one of them.

The recordings lie outside the repository. Every id, name and secret in them is a placeholder (`{rg}`, `{guid1}`), lists
are cut (`"... 3 more"`), and where a recorder took a header out nothing follows from its absence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.world import Answer

COMPLETE = ("ps", "assets", "net")
"""The sources whose recorders left every header in."""
TELLING = ("retry-after", "location", "azure-asyncoperation", "www-authenticate", "x-ms-request-id", "x-ms-error-code")
"""Headers whose absence says something."""
VALUES = frozenset(
    {
        *("provisioningState", "status", "registrationState", "registrationPolicy", "type", "kind", "nameAvailable"),
        *("createdByType", "lastModifiedByType", "principalType", "endpointType", "authenticationType", "code"),
        *("publicNetworkAccess", "signInAudience", "servicePrincipalType", "consentType", "statusCode", "message"),
        *("@odata.type", "decommissioned", "accountEnabled", "inputSchema", "rights", "assignableScopes"),
        *("connectionStringPrimaryKey", "primaryConnectionString", "accessKey1", "requiredMembers", "groupId"),
    }
)
"""Keys whose values are compared as they are: words of Azure's own."""
_PLACEHOLDER = re.compile(r"\{base64 of (?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\{[^{}\"]*\}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?P<zone>.*)")
_LITERAL = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|eastus2?|westus2?|westcentralus|\d{4}-\d\d-\d\d(-preview)?(?!\d)"
)
"""What differs by chance: ids of roles, regions, api-versions."""
_MORE = re.compile(r"\.\.\. \d+ more")


@dataclass(frozen=True)
class Recording:
    """One recorded answer."""

    name: str
    """Its group, and its number in it."""
    source: str
    method: str
    url: str
    body: Any
    status: int
    headers: Mapping[str, Any]
    answer: Any

    @property
    def is_complete(self) -> bool:
        """Whether a missing header was not sent."""
        return self.source.partition(":")[0] in COMPLETE


def load(shared: Path) -> dict[str, Recording]:
    """Return the recordings by name."""
    groups = json.loads((shared / "real" / "answers.json").read_text(encoding="utf-8"))["answers"]
    found = [
        Recording(
            f"{group}/{number}",
            entry["source"],
            entry["request"]["method"],
            entry["request"]["url"],
            entry["request"].get("body"),
            entry["status"],
            entry.get("headers") or {},
            entry["body"],
        )
        for group, entries in groups.items()
        for number, entry in enumerate(entries)
    ]
    return {entry.name: entry for entry in found}


def differences(recording: Recording, answer: Answer) -> list[str]:
    """Return where an answer differs: `status`, `header NAME missing`, `body.properties.hostName null` ..."""
    found = [f"status {answer.status}"] if answer.status != recording.status else []
    found += _of_headers(recording, answer)
    if recording.answer is None:
        return found + (["body there"] if answer.content else [])
    if isinstance(recording.answer, str):
        return found
    try:
        body = answer.json()
    except ValueError:
        return [*found, "body missing"]
    return found + sorted(set(_of_bodies(recording.answer, body, "body")))


def _of_headers(recording: Recording, answer: Answer) -> Iterator[str]:
    recorded = {name: value for name, value in recording.headers.items() if name not in ("also", "server")}
    for name in (*recorded, *recording.headers.get("also", ())):
        value = answer.headers.get(name)
        if value is None:
            yield f"header {name} missing"
        elif name in recorded and not _has_form(str(recorded[name]), value, name):
            yield f"header {name} of another form"
    if recording.is_complete:
        known = {*recorded, *recording.headers.get("also", ())}
        yield from (f"header {name} there" for name in TELLING if name in answer.headers and name not in known)


def _has_form(recorded: str, value: str, name: str) -> bool:
    if name in ("retry-after", "x-ms-resource-unit", "query-charge"):
        return value.replace(".", "").isdigit()
    recorded = recorded.replace("management.azure.com:443", "management.azure.com").removesuffix(" (signed)")
    if name in ("location", "azure-asyncoperation"):  # signed since 2024: by the newest recordings
        recorded, value = recorded.partition("&t=")[0], value.partition("&t=")[0]
    return _form(recorded).fullmatch(value) is not None


def _form(recorded: str) -> re.Pattern[str]:
    """Return the pattern of a recorded text: a placeholder stands for anything."""
    pieces = _PLACEHOLDER.split(_LITERAL.sub("{literal}", recorded))
    return re.compile(".+?".join(re.escape(piece) for piece in pieces), re.DOTALL)


def _of_bodies(recorded: Any, found: Any, where: str) -> Iterator[str]:
    key = where.rpartition(".")[2]
    if isinstance(recorded, dict) and isinstance(found, dict):
        if key == "tags":  # names of the testers' own
            return
        whole = "..." not in recorded
        for name in recorded:
            if name == "...":
                continue
            if name not in found:
                yield f"{where}.{name} missing"
            else:
                yield from _of_bodies(recorded[name], found[name], f"{where}.{name}")
        if whole:
            yield from (f"{where}.{name} there" for name in found if name not in recorded)
    elif isinstance(recorded, list) and isinstance(found, list):
        items = [item for item in recorded if not (isinstance(item, str) and _MORE.fullmatch(item))]
        if items and not found:
            yield f"{where} empty"
        if items and found:  # the nearest of them is meant
            yield from min((list(_of_bodies(items[0], item, f"{where}[]")) for item in found), key=len)
    elif (recorded is None) != (found is None):
        yield f"{where} {'null' if found is None else 'not null'}"
    elif isinstance(recorded, str) and isinstance(found, str):
        if not _is_same(recorded, found, key):
            yield f"{where} of another form"
    elif isinstance(recorded, str) and recorded.startswith("{"):
        return
    elif type(recorded) is not type(found) and not {type(recorded), type(found)} <= {int, float}:
        yield f"{where} of another type"
    elif key in VALUES and recorded != found:
        yield f"{where} is {found}"


def _is_same(recorded: str, found: str, key: str) -> bool:
    if time := _TIME.fullmatch(recorded):
        other = _TIME.fullmatch(found)
        return other is not None and other["zone"] == time["zone"]
    if recorded == "..":
        return True
    if key in VALUES:
        wanted, given = (text.replace("http://aka.ms", "https://aka.ms") for text in (recorded, found))
        if "..." in wanted:  # cut by who wrote it down
            wanted = re.split(r"'[\w,]*\.\.\.", wanted)[0] + "{rest}"
        return _form(wanted).fullmatch(given) is not None
    if "{" in recorded and ("/" in recorded or recorded.startswith("W/")):
        return _form(recorded).fullmatch(found) is not None
    return bool(recorded) == bool(found) or "{" in recorded
