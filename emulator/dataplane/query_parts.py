"""What a query consists of once it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Values = Callable[[Path], Any]
"""Returns the value of a property path, or `MISSING`."""
Condition = Callable[[Values], bool]
Functions = dict[str, Callable[..., Condition]]
"""Further functions by name, called with their arguments: paths as tuples, and literals."""


@dataclass(frozen=True)
class Column:
    """What a query shows of each row, and its name there."""

    path: Path
    name: str


@dataclass(frozen=True)
class Hop:
    """A `JOIN`, or a relationship of a `MATCH` (then with a direction and a number of hops)."""

    target: str
    """The collection that it leads to; "" for one without a name."""
    names: tuple[str, ...] = ()
    """The names of relationships that are followed: all without one."""
    relationship: str = ""
    """The collection of the relationships themselves, if they have a name."""
    source: str = ""
    """The collection that it starts from; of a `MATCH` the one before."""
    directions: str = ">"
    """Which ways a relationship may point: `>`, `<` or both."""
    fewest: int = 1
    most: int = 1


@dataclass(frozen=True)
class Query:
    """A query as it was asked."""

    of_twins: bool
    start: str
    """The collection that it starts with; "" without a name."""
    hops: tuple[Hop, ...]
    is_match: bool
    columns: tuple[Column, ...] | None
    """None for `*`."""
    counts: bool
    top: int | None
    condition: Condition | None
    identified: frozenset[str]
    """The collections whose `$dtId` the condition compares."""
    paths: frozenset[Path]
    """The properties that the condition is about."""
