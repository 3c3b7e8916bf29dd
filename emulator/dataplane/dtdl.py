"""Models in the Digital Twins Definition Language, versions 2 and 3: validation, and the contents of their twins.

Source: https://azure.github.io/opendigitaltwins-dtdl/DTDL/v3/DTDL.v3.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from emulator.messages import Json

Find = Callable[[str], Json | None]
"""Returns the definition of a model by its id."""

_SEGMENT = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_ID = re.compile(rf"dtmi:{_SEGMENT}(?::{_SEGMENT})*;[1-9]\d{{0,8}}(?:\.\d{{1,6}})?")
_NAME = re.compile(_SEGMENT)
_CONTEXT = re.compile(r"dtmi:dtdl:context;(?P<version>\d+)(?:#.*)?")
_VERSIONS = (2, 3)
_CONTENTS = ("Command", "Component", "Property", "Relationship", "Telemetry")
_PRIMITIVES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("boolean",), (bool,)),
    **dict.fromkeys(("double", "float"), (int, float)),
    **dict.fromkeys(("integer", "long", "byte", "short"), (int,)),
    **dict.fromkeys(("date", "dateTime", "duration", "string", "time", "uuid", "bytes", "decimal"), (str,)),
}
_COMPLEX: dict[str, type] = {"Array": list, "Map": dict, "Object": dict}


class BadModel(Exception):
    """A definition that is not valid."""


class UnsupportedVersion(BadModel):
    """A definition in a version of the language that the service doesn't know."""


def is_id(text: Any) -> bool:
    """Whether a text is a model id."""
    return isinstance(text, str) and bool(_ID.fullmatch(text)) and len(text) <= 2048


def check(model: Any) -> None:
    """Raise `BadModel` for a definition that is no valid interface. References are not followed."""
    if not isinstance(model, dict):
        raise BadModel("A model must be a JSON object.")
    identifier = model.get("@id")
    if not isinstance(identifier, str) or not is_id(identifier):
        raise BadModel(f"Identifier '{identifier}' is invalid, or the model has no '@id'.")
    version = _version(model)
    if version not in _VERSIONS:
        raise UnsupportedVersion(f"{identifier} has no '@context' of DTDL version 2 or 3.")
    if "Interface" not in _list(model.get("@type")):
        raise BadModel(f"{identifier} does not have '@type' Interface.")
    if len(_list(model.get("extends"))) > (2 if version == 2 else 1024):
        raise BadModel(f"{identifier}'s property 'extends' has too many values.")
    names: set[str] = set()
    for content in _list(model.get("contents")):
        _check_content(identifier, content)
        if content["name"] in names:
            raise BadModel(f"{identifier}'s property 'contents' has more than one element named '{content['name']}'.")
        names.add(content["name"])


def references(model: Json) -> list[str]:
    """Return the ids of the models that a definition refers to: what it extends, and its components."""
    parts = [part["schema"] for part in _list(model.get("contents")) if "Component" in _list(part.get("@type"))]
    return [identifier for identifier in (*_list(model.get("extends")), *parts) if isinstance(identifier, str)]


def contents(model: Json, find: Find) -> dict[str, Json]:
    """Return the contents of a twin of the model by name, inherited ones included."""
    found: dict[str, Json] = {}
    for base in _list(model.get("extends")):
        definition = base if isinstance(base, dict) else find(base)
        if definition:
            found |= contents(definition, find)
    return found | {content["name"]: content for content in _list(model.get("contents"))}


def is_a(identifier: str, ancestor: str, find: Find) -> bool:
    """Whether a model is another model or extends it, directly or not."""
    model = find(identifier)
    bases = _list(model.get("extends")) if model else []
    return identifier == ancestor or any(isinstance(base, str) and is_a(base, ancestor, find) for base in bases)


def kind_of(content: Json) -> str:
    """Return the type of a content: `Property`, `Component`, ..."""
    return next((kind for kind in _CONTENTS if kind in _list(content.get("@type"))), "")


def mismatches(schema: Any, value: Any, path: str) -> list[str]:
    """Return what is wrong with a value, in the words of the service."""
    if isinstance(schema, str):
        types = _PRIMITIVES.get(schema, (object,))
        wrong = not isinstance(value, types) or (isinstance(value, bool) and bool not in types and object not in types)
        return [f"Property {path} has invalid value. Expected: {schema}."] if wrong else []
    if not isinstance(schema, dict):
        return []
    kinds = _list(schema.get("@type"))
    if "Enum" in kinds:
        allowed = [entry.get("enumValue") for entry in _list(schema.get("enumValues"))]
        return [] if value in allowed else [f"Property {path} has invalid value. Expected one of {allowed}."]
    for kind, expected in _COMPLEX.items():
        if kind in kinds and not isinstance(value, expected):
            return [f"Property {path} has invalid value. Expected: {kind}."]
    if "Object" in kinds:
        return _within_object(schema, value, path)
    if "Map" in kinds:
        inner = (schema.get("mapValue") or {}).get("schema")
        return [text for key, part in value.items() for text in mismatches(inner, part, f"{path}.{key}")]
    if "Array" in kinds:
        return [text for part in value for text in mismatches(schema.get("elementSchema"), part, f"{path}[]")]
    return []


def _within_object(schema: Json, value: Json, path: str) -> list[str]:
    fields = {field["name"]: field.get("schema") for field in _list(schema.get("fields"))}
    found: list[str] = []
    for name, part in value.items():
        if name in fields:
            found += mismatches(fields[name], part, f"{path}.{name}")
        elif not name.startswith("$"):
            found.append(f"{path}.{name} does not exist on component or schema.")
    return found


def _check_content(identifier: str, content: Any) -> None:
    if not isinstance(content, dict) or not kind_of(content):
        raise BadModel(f"{identifier}'s property 'contents' has an element of no known '@type'.")
    name = content.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 512:
        raise BadModel(f"{identifier}'s property 'contents' has an element whose name '{name}' is invalid.")
    kind = kind_of(content)
    if kind in ("Component", "Property", "Telemetry") and not content.get("schema"):
        raise BadModel(f"{identifier}'s {kind} '{name}' has no 'schema'.")
    schema = content.get("schema")
    named = isinstance(schema, str) and kind != "Component"
    if named and schema not in _PRIMITIVES and not str(schema).startswith("dtmi:"):
        raise BadModel(f"{identifier}'s {kind} '{name}' has the schema '{schema}', which is invalid.")


def _version(model: Json) -> int | None:
    for context in _list(model.get("@context")):
        if isinstance(context, str) and (match := _CONTEXT.fullmatch(context)):
            return int(match["version"])
    return None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else [value]
