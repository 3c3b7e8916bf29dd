"""Checks request bodies of Resource Manager against the published shapes.

Graph has a checker of its own (`graph/validation.py`): it knows other types, refuses read-only properties, and its
refusals name property and type where these name a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.arm.core.errors import invalid_content


@dataclass(frozen=True)
class Shape:
    """An object and its properties. An `open` object (tags) may have any names, all with values like `values`."""

    name: str
    """Its name in Resource Manager's refusals."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Any = None
    open: bool = False


ANY = object
"""An unchecked value: read-only properties may be sent back and are ignored."""

TAGS = Shape("Dictionary`2", open=True, values=str)


def check(value: Any, shape: Any, path: str = "") -> None:
    """Refuse (400 `InvalidRequestContent`) a value that doesn't match the shape. Null is like a missing property."""
    if shape is ANY or value is None:
        return
    if isinstance(shape, Shape):
        _check_object(value, shape, path)
    elif isinstance(shape, tuple):
        if value not in shape:
            raise invalid_content(f"Error converting value \"{value}\" to one of {', '.join(shape)}. Path '{path}'")
    elif not isinstance(value, shape):
        raise invalid_content(f"Unexpected value of type {type(value).__name__} encountered. Path '{path}'")


def _check_object(value: Any, shape: Shape, path: str) -> None:
    if not isinstance(value, dict):
        raise invalid_content(f"An object of type '{shape.name}' is expected. Path '{path}'")
    for key, part in value.items():
        inner = f"{path}.{key}" if path else key
        if shape.open:
            check(part, shape.values, inner)
        elif key not in shape.properties:
            raise invalid_content(f"Could not find member '{key}' on object of type '{shape.name}'. Path '{inner}'")
        else:
            check(part, shape.properties[key], inner)
    for name in shape.required:
        if value.get(name) is None:
            raise invalid_content(f"Required property '{name}' not found in JSON. Path '{path}'")
