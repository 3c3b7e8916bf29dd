"""The writes of step 9."""

from __future__ import annotations

from dataclasses import dataclass

from engine.context import Target
from engine.record import Kind
from engine.script import Variable, Word
from steps.shared.az_commands import application, az
from steps.shared.role_assignment_changes import AssignRole, RevokeRole

APP_ROLE = Kind("app-role", 1)
"""An assignment that this step created, by its lower-cased id."""
VALUE = "app_role_assignment_id"
WHO = "the application's service principal"


@dataclass(frozen=True, kw_only=True)
class AssignAppRole(AssignRole):
    """Assign the role on the instance to the service principal."""

    target: Target
    kind: Kind = APP_ROLE
    value: str = VALUE

    @property
    def key(self) -> str:
        return f"assign-app-role:{self.assignment.rpartition('/')[2] or self.role.id}"

    @property
    def title(self) -> str:
        return f"assign {self.role.name} to {self.principal.label}"

    def assignee(self) -> Word:
        if self.principal.object_id:
            return self.principal.object_id
        app = application(self.target)
        return Variable("principal", az("ad", "sp", "show", "--id", app, "--query", "id", is_patient=True))


@dataclass(frozen=True, kw_only=True)
class RevokeAppRole(RevokeRole):
    """Delete an assignment that this step created."""

    kind: Kind = APP_ROLE

    @property
    def key(self) -> str:
        return f"revoke-app-role:{self.assignment.name}"

    @property
    def title(self) -> str:
        return f"remove the role {self.assignment.role} from {self.assignment.who}"
