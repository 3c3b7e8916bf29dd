"""Models in the Digital Twins Definition Language, versions 2 and 3: validation, and the contents of their twins.

Sources: https://azure.github.io/opendigitaltwins-dtdl/DTDL/v2/DTDL.v2.html, .../v3/DTDL.v3.html, and for what the
service itself demands (no inline interfaces, no component in a component)
https://learn.microsoft.com/azure/digital-twins/concepts-models (Service-specific DTDL notes). Ids with a version of two
parts came with version 3 ("Changes from Version 2"). A quantity has a unit: version 2 in the tables of Property and
Telemetry, version 3 in .../v3/DTDL.quantitativeTypes.v1.html. Both are as Microsoft's parser has them
(`tests/clients/dtdl.py`); of the service itself no answer is published.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.dataplane import schemas
from emulator.dataplane.schemas import SEGMENT, listed
from emulator.messages import Json

Find = Callable[[str], Json | None]
"""Returns the definition of a model by its id."""

_ID = re.compile(rf"(?P<name>dtmi:{SEGMENT}(?::{SEGMENT})*)(?:;(?P<version>[1-9]\d{{0,8}}(?:\.\d{{1,6}})?))?")
_CONTEXT = re.compile(r"dtmi:dtdl:context;(?P<version>\d+)(?:#.*)?")
_EXTENSION = "dtmi:dtdl:extension:"
_QUANTITIES = f"{_EXTENSION}quantitativeTypes;"
_VERSIONS = (2, 3)
_CONTENTS = ("Command", "Component", "Property", "Relationship", "Telemetry")
_DEEPEST = 10
"""Levels of `extends`, in both versions."""


class BadModel(Exception):
    """A definition that is not valid."""


class UnsupportedVersion(BadModel):
    """A definition in a version of the language that the service doesn't know."""


def is_id(text: Any) -> bool:
    """Whether a text is a model id. Version 3 of the language lets an id be without a version."""
    return isinstance(text, str) and bool(_ID.fullmatch(text)) and len(text) <= 2048


def check(model: Any) -> None:
    """Raise `BadModel` for a definition that is no valid interface. References are not followed."""
    if not isinstance(model, dict):
        raise BadModel("A model must be a JSON object.")
    identifier = model.get("@id")
    if not isinstance(identifier, str) or not is_id(identifier):
        raise BadModel(f"Identifier '{identifier}' is invalid, or the model has no '@id'.")
    version = version_of(model)
    if version not in _VERSIONS:
        raise UnsupportedVersion(f"{identifier} has no '@context' of DTDL version 2 or 3.")
    if version == 2 and (";" not in identifier or "." in identifier):
        raise BadModel(f"Identifier '{identifier}' has no version of one number, which DTDL version 2 demands.")
    if "Interface" not in listed(model.get("@type")):
        raise BadModel(f"{identifier} does not have '@type' Interface.")
    if len(listed(model.get("extends"))) > (2 if version == 2 else 1024):
        raise BadModel(f"{identifier}'s property 'extends' has too many values.")
    if not all(is_id(base) for base in listed(model.get("extends"))):
        raise BadModel(f"{identifier}'s property 'extends' has a value that is no id of an interface.")
    contexts = [str(part) for part in listed(model.get("@context"))]
    extensions = [part for part in contexts if part.startswith(_EXTENSION)]
    extended = version == 2 or bool(extensions)
    # Types of no other extension are known here: whether they demand a unit is not.
    measured = all(part.startswith(_QUANTITIES) for part in extensions) if extensions else len(contexts) == 1
    names: set[str] = set()
    for content in listed(model.get("contents")):
        _check_content(identifier, version, content, extended=extended)
        if measured and len(listed(content["@type"])) > 1 and "unit" not in content:
            raise BadModel(f"{identifier}'s {kind_of(content)} '{content['name']}' has a semantic type and no 'unit'.")
        if content["name"] in names:
            raise BadModel(f"{identifier}'s property 'contents' has more than one element named '{content['name']}'.")
        names.add(content["name"])
    for schema in listed(model.get("schemas")):
        if not isinstance(schema, dict) or not is_id(schema.get("@id")):
            raise BadModel(f"{identifier}'s property 'schemas' has an element without a valid '@id'.")
        _check_schema(f"{identifier}'s schema '{schema['@id']}'", schema, version, in_property=False)


def check_references(model: Json, find: Find) -> None:
    """Raise `BadModel` if a valid definition doesn't go with what it extends and contains; `find` finds all of it."""
    identifier, version = model["@id"], version_of(model)
    if _depth(identifier, find, ()) > _DEEPEST:
        raise BadModel(f"{identifier} extends interfaces in more than {_DEEPEST} levels.")
    for other in references(model):
        if version == 2 and version_of(find(other) or {}) != 2:
            raise BadModel(f"{identifier} is of DTDL version 2 and refers to {other}, which is not.")
    owners: dict[str, str] = {}
    for owner in (identifier, *sorted(lineage(identifier, find) - {identifier})):
        for content in listed((find(owner) or {}).get("contents")):
            other = owners.setdefault(content["name"], owner)
            if other != owner:
                raise BadModel(f"{identifier} has '{content['name']}' both of {other} and of {owner}.")
            if kind_of(content) == "Component" and _has_components(content["schema"], find):
                raise BadModel(
                    f"{identifier}'s Component '{content['name']}' has a component itself: only one level is allowed."
                )


def references(model: Json) -> list[str]:
    """Return the ids of the models that a definition refers to: what it extends, and its components."""
    parts = [part["schema"] for part in listed(model.get("contents")) if "Component" in listed(part.get("@type"))]
    return [identifier for identifier in (*listed(model.get("extends")), *parts) if isinstance(identifier, str)]


def contents(model: Json, find: Find) -> dict[str, Json]:
    """Return the contents of a twin of the model by name, inherited ones included, with their schemas resolved."""
    models = [model, *(found for base in lineage(model["@id"], find) - {model["@id"]} if (found := find(base)))]
    named = {schema["@id"]: schema for found in models for schema in listed(found.get("schemas"))}
    result: dict[str, Json] = {}
    for content in [content for found in models for content in listed(found.get("contents"))]:
        is_component = kind_of(content) == "Component"
        result[content["name"]] = content if is_component else schemas.resolved(content, named)
    return result


def lineage(identifier: str, find: Find) -> set[str]:
    """Return the ids of a model and of all that it extends, directly or not."""
    return _reached(identifier, _bases, find)


def closure(identifier: str, find: Find) -> set[str]:
    """Return the ids of a model and of all that it refers to, directly or not."""
    return _reached(identifier, references, find)


def is_version_of(identifier: str, asked: str) -> bool:
    """Whether an id is the asked one in the same or a later version."""
    ours, theirs = _ID.fullmatch(identifier), _ID.fullmatch(asked)
    if not ours or not theirs or ours["name"] != theirs["name"]:
        return False
    return _number(ours["version"]) >= _number(theirs["version"])


def kind_of(content: Json) -> str:
    """Return the type of a content: `Property`, `Component`, ..."""
    return next((kind for kind in _CONTENTS if kind in listed(content.get("@type"))), "")


def version_of(model: Json) -> int | None:
    """Return the version of the language that a definition is in."""
    for context in listed(model.get("@context")):
        if isinstance(context, str) and (match := _CONTEXT.fullmatch(context)):
            return int(match["version"])
    return None


def _check_content(identifier: str, version: int, content: Any, *, extended: bool) -> None:
    if not isinstance(content, dict) or not kind_of(content):
        raise BadModel(f"{identifier}'s property 'contents' has an element of no known '@type'.")
    name, kind = content.get("name"), kind_of(content)
    if not schemas.is_name(name, version):
        raise BadModel(f"{identifier}'s property 'contents' has an element whose name '{name}' is invalid.")
    if not extended and (len(listed(content["@type"])) > 1 or "unit" in content):
        raise BadModel(f"{identifier}'s {kind} '{name}' has a semantic type without the '@context' of its extension.")
    schema = content.get("schema")
    if kind in ("Component", "Property", "Telemetry") and not schema:
        raise BadModel(f"{identifier}'s {kind} '{name}' has no 'schema'.")
    if kind == "Component" and not is_id(schema):
        raise BadModel(f"{identifier}'s Component '{name}' has a 'schema' that is no id of an interface.")
    if kind == "Relationship":
        if content.get("target") is not None and not is_id(content["target"]):
            raise BadModel(f"{identifier}'s Relationship '{name}' has a 'target' that is no id of an interface.")
        for part in listed(content.get("properties")):
            if not isinstance(part, dict) or not schemas.is_name(part.get("name"), version):
                raise BadModel(f"{identifier}'s Relationship '{name}' has a property whose name is invalid.")
            _check_schema(f"{identifier}'s property '{part['name']}'", part.get("schema"), version, in_property=True)
    elif kind in ("Property", "Telemetry"):
        _check_schema(f"{identifier}'s {kind} '{name}'", schema, version, in_property=kind == "Property")


def _check_schema(owner: str, schema: Any, version: int, *, in_property: bool) -> None:
    try:
        schemas.check(schema, version, in_property=in_property)
    except schemas.BadSchema as error:
        raise BadModel(f"{owner} has {error}.") from None


def _depth(identifier: str, find: Find, above: tuple[str, ...]) -> int:
    """Return how many levels of interfaces a model extends; raise `BadModel` if it extends itself."""
    if identifier in above:
        raise BadModel(f"{above[0]} extends {identifier} in a circle.")
    if len(above) > _DEEPEST:
        return len(above)
    bases = listed((find(identifier) or {}).get("extends"))
    return max((_depth(base, find, (*above, identifier)) for base in bases), default=len(above))


def _bases(model: Json) -> list[str]:
    return [base for base in listed(model.get("extends")) if isinstance(base, str)]


def _reached(identifier: str, below: Callable[[Json], list[str]], find: Find) -> set[str]:
    found, ahead = set[str](), [identifier]
    while ahead:
        current = ahead.pop()
        if current not in found:
            found.add(current)
            ahead += below(find(current) or {})
    return found


def _has_components(identifier: str, find: Find) -> bool:
    models = [find(part) or {} for part in lineage(identifier, find)]
    return any(kind_of(content) == "Component" for model in models for content in listed(model.get("contents")))


def _number(version: str | None) -> tuple[int, int]:
    major, _, minor = (version or "0").partition(".")
    return int(major), int(minor or 0)
