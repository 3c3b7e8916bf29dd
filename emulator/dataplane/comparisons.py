"""How queries and filters compare values. A property that isn't there is `MISSING`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

MISSING = object()

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OF_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "STARTSWITH": str.startswith,
    "STARTS_WITH": str.startswith,
    "ENDSWITH": str.endswith,
    "ENDS_WITH": str.endswith,
    "CONTAINS": operator.contains,
}
OF_ONE: dict[str, Callable[[Any], bool]] = {
    "IS_DEFINED": lambda value: value is not MISSING,
    "IS_NULL": lambda value: value is None,
    "IS_BOOL": lambda value: isinstance(value, bool),
    "IS_NUMBER": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "IS_STRING": lambda value: isinstance(value, str),
    "IS_OBJECT": lambda value: isinstance(value, dict),
    "IS_PRIMITIVE": lambda value: value is None or isinstance(value, bool | int | float | str),
}


def compared(sign: str, found: Any, value: Any) -> bool:
    """Whether a value compares so with another; never where one is missing, or of another kind."""
    if found is MISSING or value is MISSING:
        return False
    if sign in ("=", "!="):
        return same(found, value) == (sign == "=")
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (found, value))
    strings = isinstance(found, str) and isinstance(value, str)
    return (numbers or strings) and COMPARE[sign](found, value)


def same(found: Any, value: Any) -> bool:
    """Whether two values are equal; true and 1 are not."""
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)
