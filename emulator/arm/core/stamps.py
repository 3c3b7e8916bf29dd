"""Times and authors as Resource Manager writes them into resources."""

from __future__ import annotations

from datetime import UTC, datetime

from emulator.messages import Caller, Json


def now(utc: str = "0Z") -> str:
    """Return the present time, which ends in `utc`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + utc


def system_data(caller: Caller, previous: Json | None) -> Json:
    """Return `systemData` after a change by `caller`. `previous` is its former value, None at the creation."""
    time, kind = now(), "User" if caller.kind == "user" else "Application"
    created = previous or {"createdBy": caller.name, "createdByType": kind, "createdAt": time}
    return {**created, "lastModifiedBy": caller.name, "lastModifiedByType": kind, "lastModifiedAt": time}
