"""Ids and names that need no request: GUIDs, region codes, built-in roles, and what a principal or a role is."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Literal

PrincipalKind = Literal["User", "ServicePrincipal", "Group"]

DATA_OWNER = "Azure Digital Twins Data Owner"
DATA_READER = "Azure Digital Twins Data Reader"
BUILT_IN_ROLES = {
    # Source: "Azure built-in roles" in the Azure documentation; the ids are the same everywhere.
    DATA_OWNER: "bcd981a7-7f74-457b-83e1-cceb9e632ffe",
    DATA_READER: "d57506d4-4c8d-48b1-8587-93c323f6a5a3",
    "Azure Event Hubs Data Sender": "2b629674-e913-4c01-ae53-ef4638d8f975",
    "Azure Service Bus Data Sender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
}

SHORT_ROLES = {"owner": DATA_OWNER, "reader": DATA_READER}
"""What inputs call the roles of this service, in this case alone: Owner and Reader are other roles, of resources."""


@dataclass(frozen=True)
class Principal:
    """Who a role can be assigned to."""

    object_id: str
    kind: PrincipalKind
    label: str


@dataclass(frozen=True)
class DataPermission:
    """What a role allows of data, apart from what it excludes."""

    actions: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    """A role, by its display name and the GUID of its definition."""

    name: str
    id: str
    data: tuple[DataPermission, ...] | None = field(default=None, compare=False)
    """What it allows of data; None where that wasn't asked."""


def built_in_role(name_or_id: str) -> Role | None:
    """Return the built-in role of this display name or GUID, in any case; None for another role."""
    for name, identifier in BUILT_IN_ROLES.items():
        if name_or_id.lower() in (name.lower(), identifier):
            return Role(name, identifier)
    return None


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019")
_NO_BREAK = re.compile("[\u00a0\u2007\u202f]")
_INVISIBLE = "\ufeff\u200b\u2060"
"""A byte order mark and its like, which `str.strip` takes for letters."""


def pasted(text: str) -> str:
    """Return an id, a name or a URL without what shells, editors and documents leave around it.

    These are blanks, carriage returns, as of `$(az ... --output tsv)` in Git Bash and WSL, pairs of quotes, and the
    braces of PowerShell and the registry around a GUID. Blanks that don't break, as web pages and documents have them
    inside, become plain ones.
    """
    text = _NO_BREAK.sub(" ", text)
    while True:
        inner = text.strip().strip(_INVISIBLE)
        around, core = inner[:1] + inner[-1:], inner[1:-1]
        if len(inner) > 1 and (around in _QUOTES or (around == "{}" and is_guid(core))):
            inner = core
        if inner == text:
            return text
        text = inner


def region_code(name: str) -> str:
    """Return the code name of a region given by code or display name: Azure's code is the name without spaces."""
    return name.replace(" ", "").lower()
