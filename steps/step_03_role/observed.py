"""What is assigned on the instance, as far as step 3 asks for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steps.shared.role_assignments import Assignment
from steps.step_03_role.inputs import Access


@dataclass(frozen=True)
class FoundRoles:
    """What is assigned of what is desired, and what exists of earlier runs' assignments."""

    equal: Mapping[Access, Assignment] = field(default_factory=dict)
    """An assignment of the desired holder, role and scope, whatever its name."""
    effective: Mapping[Access, str] = field(default_factory=dict)
    """What has the effect of an equal assignment, where there is none, in words: inherited, or a group's."""
    recorded: tuple[Assignment, ...] = ()
    """Other assignments that the record names and that exist."""
    effects: Mapping[Access, str] = field(default_factory=dict)
    """What a role lets its holder do with the data, in words: "" for nothing; missing where that can't be read."""

    @property
    def equals(self) -> tuple[Assignment, ...]:
        """The equal assignments."""
        return tuple(self.equal.values())

    @property
    def existing(self) -> tuple[Assignment, ...]:
        """All of them."""
        return (*self.equals, *self.recorded)

    def words(self, row: Access) -> str:
        """Who has which role, and what it lets them do."""
        effect = self.effects.get(row)
        return row.words + (f": {effect or NOTHING}" if effect is not None else "")


NOTHING = "gives nothing of the instance's data"
"""The effect of a role without data actions of this service."""
