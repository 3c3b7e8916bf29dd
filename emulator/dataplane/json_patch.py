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
        if not isinstance(operation, dict) or not operation.get("op"):
            raise invalid("Parameter op must not be empty.")
        if operation["op"] not in ("add", "remove", "replace"):
            raise invalid(f"Unsupported operation type {operation['op']}.")
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
            raise invalid(f"The target location specified by path segment '{last}' was not found.")
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
    advice = "Please provide a valid patch document. See section on update apis in the documentation"
    return Refused(400, "JsonPatchInvalid", f"{message} {advice} http://aka.ms/adtv2twins.")
