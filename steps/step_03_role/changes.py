"""The writes of step 3."""

from __future__ import annotations

from dataclasses import dataclass

from engine.record import Kind
from steps.shared.role_assignment_changes import AssignRole, RevokeRole

ROLE_ASSIGNMENT = Kind("role-assignment", 1)
"""An assignment that this step created, by its lower-cased id."""
VALUE = "role_assignment_id"
"""The name under which the id of the first one is produced."""


@dataclass(frozen=True, kw_only=True)
class AssignDataRole(AssignRole):
    """Assign the role on the instance."""

    kind: Kind = ROLE_ASSIGNMENT
    effect: str = ""
    """What the role lets its holder do with the data; "" where that isn't known."""

    @property
    def key(self) -> str:
        return f"assign-role:{self.assignment.rpartition('/')[2]}"

    @property
    def title(self) -> str:
        may = f": {self.effect}" if self.effect else ""
        return f"assign {self.role.name} to {self.principal.label} ({self.principal.kind}){may}"


@dataclass(frozen=True, kw_only=True)
class RevokeDataRole(RevokeRole):
    """Delete an assignment that this step created."""

    kind: Kind = ROLE_ASSIGNMENT

    @property
    def key(self) -> str:
        return f"remove-role:{self.assignment.name}"

    @property
    def title(self) -> str:
        return f"remove the role {self.assignment.role} from {self.assignment.who}"
