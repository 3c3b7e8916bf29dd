"""The writes of role assignments, which steps 3, 6 and 9 share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.identifiers import Principal, Role
from engine.change import Change, Drift, Right
from engine.context import Context
from engine.record import Kind, Values
from engine.script import Command, Word
from steps.shared.az_commands import az
from steps.shared.role_assignments import ASSIGNMENTS, Assignment, assignment_id
from steps.shared.tags import mark_text

if TYPE_CHECKING:
    from cloud.clients import Azure


@dataclass(frozen=True, kw_only=True)
class AssignRole(Change["Azure"]):
    """Assign a role. Steps say what it is called."""

    kind: Kind
    scope: str
    principal: Principal
    """Its object id is "" while the principal isn't known: then the step is planned again before this is applied."""
    role: Role
    value: str = ""
    """The name under which the assignment's id is produced; "" for none."""
    drift = Drift.MISSING

    @property
    def assignment(self) -> str:
        """The lower-cased id of the assignment; "" while the principal isn't known."""
        return assignment_id(self.scope, self.principal.object_id, self.role.id)

    @property
    def owns(self) -> tuple[str, ...]:
        return (self.kind.item(self.assignment),) if self.assignment else ()

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ASSIGNMENTS}/write", self.scope),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.shared.azure_role_assignments import assign

        mark = mark_text(context.target.instance_id)
        created = await assign(context.clients, self.scope, self.principal, self.role.id, mark, context.progress)
        return {self.value: created} if self.value else {}

    def commands(self) -> tuple[Command, ...]:
        who = self.assignee()
        return (assign_command(who, self.principal.kind, self.role.name, self.scope),) if who else ()

    def assignee(self) -> Word:
        """Return the object id of the principal, or how it is found; "" where it can't be known."""
        return self.principal.object_id


@dataclass(frozen=True, kw_only=True)
class RevokeRole(Change["Azure"]):
    """Delete one of our role assignments. Steps say what it is called."""

    kind: Kind
    assignment: Assignment
    values: Mapping[str, str]
    """What is produced: the name of its id, blank, where no assignment follows."""
    drift = Drift.LEFT_OVER

    @property
    def releases(self) -> tuple[str, ...]:
        return (self.kind.item(self.assignment.id),)

    @property
    def rights(self) -> tuple[Right, ...]:
        return (Right(f"{ASSIGNMENTS}/delete", self.assignment.scope),)

    async def apply(self, context: Context[Azure]) -> Values:
        from steps.shared.azure_role_assignments import revoke

        await revoke(context.clients, self.assignment.spelling or self.assignment.id)
        return self.values

    def commands(self) -> tuple[Command, ...]:
        return (az("role", "assignment", "delete", "--ids", self.assignment.id),)


def assign_command(who: Word, kind: str, role: str, scope: str) -> Command:
    """Return the command that assigns a role to the principal with an object id."""
    whom = ("--assignee-object-id", who, "--assignee-principal-type", kind)
    return az("role", "assignment", "create", *whom, "--role", role, "--scope", scope)
