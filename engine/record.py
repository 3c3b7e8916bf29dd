"""What earlier runs own, were about to own, and produced, and how that is written: `kind:part:part`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Values = Mapping[str, str]
"""What steps produce, by the names that `outputs` prints. An empty value says that there is none any more."""


@dataclass(frozen=True)
class Kind:
    """A kind of resource, setting or file that a step can own. Each kind is declared once, and its name is unique.

    In the state file an item is written as the kind's name and its parts, separated by colons. The last part is written
    as it is, so it may contain colons; in the others colons and percent signs are escaped as %3A and %25.
    """

    name: str
    parts: int = 0
    """How many parts follow the name."""
    shown: bool = True
    """Whether a person is told of it: a detail that Azure doesn't return is only remembered."""
    in_instance: bool = False
    """It is in the instance: Azure deletes it with the instance."""
    is_setting: bool = False
    """It is a setting of something else, or remembered of it: screens that count what is created don't count it."""

    def item(self, *parts: str) -> str:
        """Return the item with these parts as it is recorded. ValueError for another number of parts."""
        if len(parts) != self.parts:
            raise ValueError(f"{self.name} has {self.parts} parts, not {len(parts)}")
        escaped = [part.replace("%", "%25").replace(":", "%3A") for part in parts[:-1]]
        return ":".join((self.name, *escaped, *parts[-1:]))

    def read(self, item: str) -> tuple[str, ...] | None:
        """Return the parts of a recorded item; None for an item of another kind or with too few parts."""
        name, *parts = item.split(":", self.parts)
        if name != self.name or len(parts) != self.parts:
            return None
        return (*(part.replace("%3A", ":").replace("%25", "%") for part in parts[:-1]), *parts[-1:])

    def among(self, items: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the items of this kind with their parts, sorted."""
        own = [item for item in items if item.startswith(self.name)]  # few of many, where another kind has thousands
        found = ((item, self.read(item)) for item in sorted(own))
        return {item: parts for item, parts in found if parts is not None}

    def names(self, items: Iterable[str]) -> frozenset[str]:
        """Return the first parts of the items of this kind."""
        return frozenset(parts[0] for parts in self.among(items).values())

    def words(self, item: str) -> str:
        """Return an item in words: its kind and what tells it from others."""
        return " ".join((self.name.replace("-", " "), *(self.read(item) or ())))


@dataclass(frozen=True)
class Record:
    """What the state file says of one step, and what any step owns."""

    owned: frozenset[str] = frozenset()
    """Items that this step created and has not removed. Nothing else is ever deleted."""
    owned_by_any: frozenset[str] = frozenset()
    """Items that any step owns."""
    pending: frozenset[str] = frozenset()
    """What the interrupted change would have created. If it exists, it is ours."""
    in_progress: str = ""
    """The key of the change that a run was making when it was interrupted; "" when none was."""
    removed: bool = False
    """`destroy` removed what this step created, so Azure may not have released its name yet."""
    owned_in_instance: frozenset[str] = frozenset()
    """Items that any step owns and that are deleted with the instance."""


@dataclass(frozen=True)
class PriorRuns:
    """What the state file says of earlier runs, by the key of the step."""

    values: Values = field(default_factory=dict)
    owned: Mapping[str, frozenset[str]] = field(default_factory=dict)
    in_progress: Mapping[str, str] = field(default_factory=dict)
    """The change that was being made when a run was interrupted."""
    pending: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What that change would have created."""
    removed: frozenset[str] = frozenset()
    """The steps whose resources `destroy` removed, and that have not been deployed since."""
