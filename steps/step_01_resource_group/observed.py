"""A resource group as Azure returns it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Group:
    """A group that exists."""

    name: str
    location: str
    state: str = "Succeeded"
    """`provisioningState`."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_being_deleted(self) -> bool:
        """Whether Azure is deleting it: it can't be used, and a new group of its name has to wait."""
        return self.state == "Deleting"


@dataclass(frozen=True)
class Resource:
    """A resource in the group."""

    id: str
    marked: bool
    """It has this deployment's tag."""


@dataclass(frozen=True)
class ObservedGroup:
    """The group, if there is one, and what is in it."""

    group: Group | None = None
    resources: tuple[Resource, ...] = ()
    """Read only where the group has our tag: to delete it, or to tell whose it is when nothing is recorded."""
