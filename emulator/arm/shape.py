"""Checks request bodies against the published shapes: unknown properties, wrong types and wrong values are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.arm.errors import invalid_content


@dataclass(frozen=True)
class Shape:
    """An object and its properties. `open` ones (tags) have any names, all with values like `values`."""

    name: str
    """What Resource Manager calls it in refusals."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Any = None
    open: bool = False


ANY = object
"""A value that is not looked at: read-only properties may be sent back and are ignored."""

TAGS = Shape("Dictionary`2", open=True, values=str)


def check(value: Any, shape: Any, path: str = "") -> None:
    """Refuse (400 `InvalidRequestContent`) what is not of the shape; null stands for a property left out."""
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
