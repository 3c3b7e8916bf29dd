"""The writes of step 6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.context import Context
from engine.record import Kind, Values
from engine.refusal import Refusal
from engine.script import Variable, Word
from steps.shared.az_commands import az, value
from steps.shared.event_routing import SYSTEM
from steps.shared.role_assignment_changes import AssignRole, RevokeRole

if TYPE_CHECKING:
    from cloud.clients import Azure

DESTINATION_ROLE = Kind("destination-role", 1)
"""An assignment that this step created, by its lower-cased id."""


@dataclass(frozen=True, kw_only=True)
class AssignDestinationRole(AssignRole):
    """Assign a role on a destination or a container to an identity of the instance."""

    kind: Kind = DESTINATION_ROLE
    identity: str
    """SYSTEM or the resource id of a user-assigned identity."""
    endpoint: str
    """The name of an endpoint that needs it."""
    instance: str
    """The instance's resource id."""

    @property
    def key(self) -> str:
        return f"assign-role:{self.role.id}:{self.identity.lower()}:{self.scope.lower()}"

    @property
    def title(self) -> str:
        return f"assign {self.role.name} on {self.scope.rpartition('/')[2]} to {self.principal.label}"

    @property
    def detail(self) -> str:
        return f"at {self.scope}"

    async def apply(self, context: Context[Azure]) -> Values:
        if not self.principal.object_id:
            raise Refusal(
                f"The instance does not have the identity that endpoint {self.endpoint} uses.",
                next="Run the same command again; if that doesn't help, look at the instance's identity in the portal.",
            )
        return await super().apply(context)

    def assignee(self) -> Word:
        if self.principal.object_id:
            return self.principal.object_id
        if self.identity == SYSTEM:
            return value("principal", self.instance, "identity.principalId")
        return Variable("principal", az("identity", "show", "--ids", self.identity, "--query", "principalId"))


@dataclass(frozen=True, kw_only=True)
class RevokeDestinationRole(RevokeRole):
    """Delete an assignment that this step created."""

    kind: Kind = DESTINATION_ROLE

    @property
    def key(self) -> str:
        return f"remove-role:{self.assignment.id}"

    @property
    def title(self) -> str:
        where = self.assignment.scope.rpartition("/")[2]
        return f"remove the role {self.assignment.role} on {where} from {self.assignment.who}"

    @property
    def detail(self) -> str:
        return f"at {self.assignment.scope}"
