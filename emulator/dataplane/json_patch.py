"""JSON Patch (RFC 6902) with the three operations that the data plane accepts: add, replace, remove."""

from __future__ import annotations

import copy
import json
from typing import Any

from emulator.messages import Json, Refused, Request


def parsed(request: Request) -> list[Json]:
    """Return the operations of a body; refuse (400 `JsonPatchInvalid`) an invalid patch."""
    try:
        operations = json.loads(request.body)
    except ValueError:
        operations = None
    if not isinstance(operations, list):
        raise invalid("The JSON Patch provided must be an array of operations.")
    for operation in operations:
        if not isinstance(operation, dict) or operation.get("op") not in ("add", "remove", "replace"):
            raise invalid("Operations are limited to add, replace and remove.")
        if not str(operation.get("path", "")).startswith("/"):
            raise invalid("The path of an operation must begin with '/'.")
        if operation["op"] != "remove" and "value" not in operation:
            raise invalid(f"The operation at {operation['path']} has no value.")
    return operations


def applied(document: Json, operations: list[Json]) -> Json:
    """Return the document with the operations applied; refuse (400) those that don't fit it."""
    changed = copy.deepcopy(document)
    for operation in operations:
        *parents, last = segments(operation["path"])
        place: Any = changed
        for name in parents:
            place = place.get(name) if isinstance(place, dict) else None
        if not isinstance(place, dict) or (operation["op"] != "add" and last not in place):
            raise invalid(f"The path '{operation['path']}' does not exist. Use the add operation to create it.")
        if operation["op"] == "remove":
            del place[last]
        else:
            place[last] = operation["value"]
    return changed


def segments(path: str) -> list[str]:
    """Return the names in a path, unescaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def invalid(message: str) -> Refused:
    """Return the refusal of a patch."""
    return Refused(400, "JsonPatchInvalid", f"The JSON Patch provided is invalid. {message}")
