"""Step 9: the application's own data-plane role. May assign it, and delete the assignments that it created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cloud.identifiers import Principal
from engine.context import Context, Removal, Target
from engine.input import Given
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
from steps.step_09_app_role.changes import APP_ROLE, VALUE, WHO, AssignAppRole, RevokeAppRole
from steps.step_09_app_role.inputs import INPUTS, DesiredAppRole, desired_app_role

if TYPE_CHECKING:
    from cloud.clients import Azure


class AppRoleStep(Step["Azure", Names, DesiredAppRole, Assignments]):
    """Assigns a role on the instance to the application's service principal."""

    number, key, title = 9, "app_role", "Role of the app"
    needs = ("instance", "app_registration")
    inputs = INPUTS
    kinds = (APP_ROLE,)
    optional = True

    def desired(self, given: Mapping[str, Given], target: Target, names: Names) -> DesiredAppRole:
        del names
        return desired_app_role(given, target)

    async def observe(self, context: Context[Azure], desired: DesiredAppRole) -> Assignments:
        """Find the desired assignment, and read those that the record names; without either nothing is asked."""
        from steps.shared.azure_role_assignments import find_assignments, read_assignments

        if desired.left_out and context.removal is None:
            return Assignments()
        principal, equal, effective = context.values.get("service_principal_id", ""), None, ""
        if principal and desired.role:
            scope = _scope(desired, context.values)
            who, asked = Principal(principal, "ServicePrincipal", WHO), Asked(desired.of_its_own)
            equal, effective = await find_assignments(context, scope, who, desired.role, asked)
        others = recorded_ids(APP_ROLE, context.record) - ({equal.id} if equal else set())
        return Assignments(equal, await read_assignments(context, others), effective)

    def plan(
        self,
        observed: Assignments,
        desired: DesiredAppRole,
        record: Record,
        values: Values,
        answers: Mapping[str, bool],
    ) -> Plan:
        """Assign the desired role, then revoke what this tool assigned before."""
        del answers
        if desired.left_out:
            return Plan(reason="not desired (--no-app)", skipped=True)
        blank = {} if desired.role else {VALUE: ""}
        revoked = tuple(RevokeAppRole(assignment=assignment, values=blank) for assignment in former(observed.recorded))
        plan = Plan(
            revoked,
            vanished=vanished(APP_ROLE, observed.existing, record),
            adoptable=adoptable(APP_ROLE, observed.equals, record),
        )
        if desired.role is None:
            return replace(plan, reason="" if revoked else "not desired", skipped=not revoked)
        if observed.equal:
            reason = "" if revoked else f"the application has the role {desired.role.name}"
            return replace(plan, reason=reason, values={VALUE: observed.equal.spelling})
        if observed.effective:
            reason = "" if revoked else f"the application has it already: {observed.effective}"
            return replace(plan, reason=reason, values={VALUE: ""} if values.get(VALUE) else {})
        # The service principal is known when it comes to it: the step is planned again then.
        principal = Principal(values.get("service_principal_id", ""), "ServicePrincipal", WHO)
        assign = AssignAppRole(
            target=desired.target, scope=_scope(desired, values), principal=principal, role=desired.role
        )
        return replace(plan, changes=(assign, *revoked))

    def remove(
        self, observed: Assignments, desired: DesiredAppRole, record: Record, values: Values, removal: Removal
    ) -> Plan:
        """Delete our assignments, also where the app registration is left out now."""
        del values, removal
        equal, ours = observed.equal, tuple[Assignment, ...]()
        if equal and desired.role and is_ours(APP_ROLE, equal, record):
            ours = (replace(equal, role=desired.role.name, who=WHO),)
        changes = tuple(
            RevokeAppRole(assignment=assignment, values={VALUE: ""})
            for assignment in (*ours, *former(observed.recorded))
        )
        kept = "the application had its role before: kept" if equal else "there is no such assignment"
        return Plan(
            changes,
            reason="" if changes else kept,
            skipped=not (changes or equal or observed.recorded),
            vanished=vanished(APP_ROLE, observed.existing, record),
            adoptable=adoptable(APP_ROLE, observed.equals, record),
            retained=retained(APP_ROLE, observed.existing, record),
        )


def _scope(desired: DesiredAppRole, values: Values) -> str:
    return values.get("instance_id") or desired.target.instance_id


STEP = AppRoleStep()
