"""Checks a request body of Graph against the properties of its type."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from emulator.graph.refusals import bad, invalid_value
from emulator.graph.schema import ObjectType
from emulator.messages import Json

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def check(shape: ObjectType, body: Json) -> Json:
    """Return the properties that a request sets, without annotations; refuse unknown, read-only and mistyped ones."""
    settings = {name: value for name, value in body.items() if "@" not in name}
    for name, value in settings.items():
        if name not in shape.properties:
            raise bad(f"Invalid property '{name}'.")
        if name in shape.read_only:
            raise bad(f"Property '{name}' is read-only and cannot be set.")
        settings[name] = _value(shape.properties[name], value, name, shape.name)
    return settings


def _value(kind: Any, value: Any, name: str, resource: str) -> Any:
    if isinstance(kind, list):
        if not isinstance(value, list) or None in value:
            raise invalid_value(name, resource)
        return [_value(kind[0], part, name, resource) for part in value]
    if value is None:
        return None
    if isinstance(kind, ObjectType):
        if not isinstance(value, dict):
            raise invalid_value(name, resource)
        return check(kind, value)
    if not _is(kind, value):
        raise invalid_value(name, resource)
    return value


def _is(kind: str, value: Any) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if kind == "guid":
        return GUID.fullmatch(value) is not None
    if kind == "time":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
    return True
