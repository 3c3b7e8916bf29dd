"""Schemas of the Digital Twins Definition Language: which there are, how they are written, and which values fit.

Sources: https://azure.github.io/opendigitaltwins-dtdl/DTDL/v2/DTDL.v2.html and .../v3/DTDL.v3.html (Primitive, Complex
and Geospatial schemas). Version 2 lets no property have an Array, nor a geospatial schema, which has arrays. An Enum
has values and an Object fields in version 2 (their tables); version 3 no longer demands it ("Changes from Version 2").
Each `enumValue` of an Enum is unique in both (table of EnumValue). These three are as Microsoft's parser has them
(`tests/clients/dtdl.py`); of the service itself no answer is published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

from emulator.messages import Json

Fits = Callable[[Any], bool]

SEGMENT = r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?"
_NAME = re.compile(SEGMENT)
_LONGEST_NAME = {2: 64, 3: 512}
_DURATION = re.compile(r"P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt].+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_GEOSPATIAL = ("lineString", "multiLineString", "multiPoint", "multiPolygon", "point", "polygon")
_COMPLEX: dict[str, type] = {"Array": list, "Enum": object, "Map": dict, "Object": dict}


class BadSchema(Exception):
    """A schema is not written as the language has it."""


def is_name(text: Any, version: int) -> bool:
    """Whether a text is a name in a version of the language."""
    return isinstance(text, str) and bool(_NAME.fullmatch(text)) and len(text) <= _LONGEST_NAME[version]


def check(schema: Any, version: int, *, in_property: bool) -> None:
    """Raise `BadSchema` for what is no schema. Ids are not followed. `in_property`: not only in telemetry."""
    narrow = version == 2 and in_property
    if isinstance(schema, str):
        known = {*_FITS, *(() if narrow else _GEOSPATIAL)}
        if schema not in known and not schema.startswith("dtmi:"):
            raise BadSchema(f"the schema '{schema}', which is invalid")
        return
    kinds = [kind for kind in listed(schema.get("@type")) if kind in _COMPLEX] if isinstance(schema, dict) else []
    if len(kinds) != 1:
        raise BadSchema("a schema that is neither a name, an id, an Array, an Enum, a Map nor an Object")
    if kinds == ["Array"]:
        if narrow:
            raise BadSchema("an Array, which no property may have in version 2")
        check(schema.get("elementSchema"), version, in_property=in_property)
    elif kinds == ["Enum"]:
        _check_enum(schema, version)
    elif kinds == ["Map"]:
        key, value = schema.get("mapKey"), schema.get("mapValue")
        if not isinstance(key, dict) or key.get("schema") != "string" or not is_name(key.get("name"), version):
            raise BadSchema("a Map without a valid mapKey")
        _check_part(value, version, "mapValue", in_property=in_property)
    else:
        if version == 2 and not schema.get("fields"):
            raise BadSchema("an Object without fields")
        for field in listed(schema.get("fields")):
            _check_part(field, version, "field", in_property=in_property)
        _check_unique(schema.get("fields"), "field", "name")


def mismatches(schema: Any, value: Any, path: str) -> list[str]:
    """Return what is wrong with a value, in the words of the service."""
    if isinstance(schema, str):
        fits = _FITS.get(schema) or (_is_geospatial(schema) if schema in _GEOSPATIAL else None)
        return [f"Property {path} has invalid value. Expected: {schema}."] if fits and not fits(value) else []
    if not isinstance(schema, dict):
        return []
    kinds = listed(schema.get("@type"))
    if "Enum" in kinds:
        allowed = [entry.get("enumValue") for entry in listed(schema.get("enumValues"))]
        fitting = not isinstance(value, bool) and value in allowed
        return [] if fitting else [f"Property {path} has invalid value. Expected one of {allowed}."]
    for kind, expected in _COMPLEX.items():
        if kind in kinds and not isinstance(value, expected):
            return [f"Property {path} has invalid value. Expected: {kind}."]
    if "Object" in kinds:
        return _within_object(schema, value, path)
    if "Map" in kinds:
        inner = (schema.get("mapValue") or {}).get("schema")
        entries = {key: part for key, part in value.items() if not key.startswith("$")}
        return [text for key, part in entries.items() for text in mismatches(inner, part, f"{path}.{key}")]
    if "Array" in kinds:
        return [text for part in value for text in mismatches(schema.get("elementSchema"), part, f"{path}[]")]
    return []


def resolved(schema: Any, named: dict[str, Any]) -> Any:
    """Return a schema, or what has one, with those that it names by id in their places."""
    if isinstance(schema, str):
        inner = {name: found for name, found in named.items() if name != schema}
        return resolved(named[schema], inner) if schema in named else schema
    if not isinstance(schema, dict):
        return schema
    result = dict(schema)
    for key in ("elementSchema", "schema"):
        if key in schema:
            result[key] = resolved(schema[key], named)
    if isinstance(schema.get("mapValue"), dict):
        result["mapValue"] = resolved(schema["mapValue"], named)
    for key in ("fields", "properties"):
        if key in schema:
            result[key] = [resolved(part, named) for part in listed(schema[key])]
    return result


def listed(value: Any) -> list[Any]:
    """Return a value of JSON-LD as a list: a single one may stand without brackets."""
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else [value]


def _within_object(schema: Json, value: Json, path: str) -> list[str]:
    fields = {field["name"]: field.get("schema") for field in listed(schema.get("fields"))}
    found: list[str] = []
    for name, part in value.items():
        if name in fields:
            found += mismatches(fields[name], part, f"{path}.{name}")
        elif not name.startswith("$"):
            found.append(f"{path}.{name} does not exist on component or schema.")
    return found


def _check_part(part: Any, version: int, what: str, *, in_property: bool) -> None:
    if not isinstance(part, dict) or not is_name(part.get("name"), version):
        raise BadSchema(f"a {what} without a valid name")
    check(part.get("schema"), version, in_property=in_property)


def _check_enum(schema: Json, version: int) -> None:
    kind = {"integer": int, "string": str}.get(str(schema.get("valueSchema")))
    if kind is None:
        raise BadSchema("an Enum whose valueSchema is neither integer nor string")
    if version == 2 and not schema.get("enumValues"):
        raise BadSchema("an Enum without values")
    for entry in listed(schema.get("enumValues")):
        if not isinstance(entry, dict) or not is_name(entry.get("name"), version):
            raise BadSchema("an Enum with a value that has no valid name")
        if not isinstance(entry.get("enumValue"), kind) or isinstance(entry["enumValue"], bool):
            raise BadSchema(f"an Enum with the value '{entry.get('enumValue')}', which is no {schema['valueSchema']}")
    for key in ("name", "enumValue"):
        _check_unique(schema.get("enumValues"), "value", key)


def _check_unique(parts: Any, what: str, key: str) -> None:
    values = [part[key] for part in listed(parts)]
    if twice := {value for value in values if values.count(value) > 1}:
        raise BadSchema(f"more than one {what} whose {key} is '{min(twice)}'")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(bits: int) -> Fits:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and -(1 << bits - 1) <= value < 1 << bits - 1
    )


def _is_text(parse: Callable[[str], object], form: re.Pattern[str] | None = None) -> Fits:
    def fits(value: Any) -> bool:
        if not isinstance(value, str) or (form and not form.fullmatch(value)):
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return fits


def _is_geospatial(schema: str) -> Fits:
    """Geospatial values are GeoJSON: https://datatracker.ietf.org/doc/html/rfc7946."""
    kind = schema[0].upper() + schema[1:]
    return lambda value: (
        isinstance(value, dict) and value.get("type") == kind and isinstance(value.get("coordinates"), list)
    )


_FITS: dict[str, Fits] = {
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_text(date.fromisoformat, _DATE),
    "dateTime": _is_text(datetime.fromisoformat, _DATE_TIME),
    "double": _is_number,
    "duration": _is_text(str, _DURATION),
    "float": _is_number,
    "integer": _is_whole(32),
    "long": _is_whole(64),
    "string": lambda value: isinstance(value, str),
    "time": _is_text(time.fromisoformat),
}
"""The primitive schemas and what a value of each is."""
