"""Step 3: the data-plane role on the instance. May create one role assignment, and delete those that it created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.context import Context, Removal, Target
from engine.input import Given, Lookup, Value
from engine.record import Record, Values
from engine.step import Plan, Step
from steps.shared.names import Names
from steps.shared.role_assignments import (
    Asked,
    Assignment,
    Assignments,
    adoptable,
    former,
    is_ours,
    recorded_ids,
    retained,
    vanished,
)
from steps.step_03_role.changes import ROLE_ASSIGNMENT, VALUE, AssignDataRole, RevokeDataRole
from steps.step_03_role.inputs import INPUTS, DesiredRole, desired_role, lookups

if TYPE_CHECKING:
    from cloud.clients import Azure


class RoleStep(Step["Azure", Names, DesiredRole, Assignments]):
    """Assigns a role on the instance to one principal."""

    number, key, title = 3, "role", "Data-plane role"
    needs = ("instance",)
    inputs = INPUTS
    kinds = (ROLE_ASSIGNMENT,)

    def lookups(self, given: Mapping[str, Given], target: Target) -> tuple[Lookup, ...]:
        return lookups(given, target)

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredRole:
        return desired_role(given, target, names)

    def settled(self, desired: DesiredRole) -> Mapping[str, Value]:
        return {"assignee": desired.assignee.object_id, "role": desired.role.name}

    async def observe(self, context: Context[Azure], desired: DesiredRole) -> Assignments:
        """List the assignee's assignments at the instance, and read those that the record names."""
        from steps.shared.azure_role_assignments import find_assignments, read_assignments

        scope, asked = _scope(desired, context.values), Asked(desired.of_its_own)
        equal, effective = await find_assignments(context, scope, desired.assignee, desired.role, asked)
        others = recorded_ids(ROLE_ASSIGNMENT, context.record) - ({equal.id} if equal else set())
        return Assignments(equal, await read_assignments(context, others), effective)

    def plan(
        self,
        observed: Assignments,
        desired: DesiredRole,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Assign the role where nothing gives what it gives, then revoke what this tool assigned before."""
        del answers
        revoked = tuple(RevokeDataRole(assignment=assignment, values={}) for assignment in former(observed))
        plan = Plan(
            revoked,
            vanished=vanished(ROLE_ASSIGNMENT, observed, record),
            adoptable=adoptable(ROLE_ASSIGNMENT, observed, record),
        )
        if observed.equal:
            reason = "" if revoked else f"{desired.assignee.label} has the role {desired.role.name}"
            return replace(plan, reason=reason, values={VALUE: observed.equal.spelling})
        if observed.effective:
            reason = "" if revoked else f"{desired.assignee.label} has it already: {observed.effective}"
            return replace(plan, reason=reason, values={VALUE: ""} if values.get(VALUE) else {})
        assign = AssignDataRole(scope=_scope(desired, values), principal=desired.assignee, role=desired.role)
        return replace(plan, changes=(assign, *revoked))

    def remove(
        self, observed: Assignments, desired: DesiredRole, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete our assignments."""
        del values, removal
        equal, label = observed.equal, desired.assignee.label
        ours: tuple[Assignment, ...] = ()
        if equal and is_ours(ROLE_ASSIGNMENT, equal, record):
            ours = (replace(equal, role=desired.role.name, who=label),)
        changes = tuple(
            RevokeDataRole(assignment=assignment, values={VALUE: ""}) for assignment in (*ours, *former(observed))
        )
        kept = f"{label} had the role {desired.role.name} before: kept" if equal else "there is no such assignment"
        if observed.effective:
            kept = f"{label} has it without this tool: {observed.effective}: kept"
        return Plan(
            changes,
            reason="" if changes else kept,
            vanished=vanished(ROLE_ASSIGNMENT, observed, record),
            adoptable=adoptable(ROLE_ASSIGNMENT, observed, record),
            retained=retained(ROLE_ASSIGNMENT, (*observed.recorded, *((equal,) if equal else ())), record),
        )


def _scope(desired: DesiredRole, values: Values) -> str:
    return values.get("instance_id") or desired.target.instance_id


STEP = RoleStep()
