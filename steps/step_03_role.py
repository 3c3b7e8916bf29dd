"""Step 3: the data-plane role on the instance. May create one role assignment, and remove that one again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from cloud.role_assignments import assign, find_assignment, revoke
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.wanted import Wanted

MADE = "role-assignment"


@dataclass(frozen=True)
class Observed:
    """An equal assignment (same scope, principal and role), whatever its name; "" when there is none."""

    assignment: str
    ours: bool
    """It is recorded as made by us, and marked."""
    unrecorded: bool = False
    """It is marked, and not recorded."""


async def observe(context: Context) -> Observed:
    """List the assignee's assignments at the instance."""
    wanted = context.wanted
    scope = context.values.get("instance_id") or wanted.instance_id
    found, marked = await find_assignment(context.azure, scope, wanted.assignee.object_id, wanted.role.id, MARK)
    recorded = MADE in context.made
    return Observed(found, marked and recorded, marked and not recorded)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Assign the role when nobody has."""
    if observed.assignment:
        who = f"{wanted.assignee.label} has the role {wanted.role.name}"
        values = {"role_assignment_id": observed.assignment}
        return Plan(reason=who, values=values, unrecorded=(MADE,) if observed.unrecorded else ())
    title = f"assign {wanted.role.name} to {wanted.assignee.label} ({wanted.assignee.kind})"
    right = Right("Microsoft.Authorization/roleAssignments/write", wanted.instance_id)
    return Plan((Change("assign-role", title, makes=(MADE,), rights=(right,)),))


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Take our assignment away."""
    if not observed.assignment:
        return Plan(reason="there is no such assignment")
    if not observed.ours:
        reason = f"{wanted.assignee.label} had the role {wanted.role.name} before: kept"
        return Plan(reason=reason, unrecorded=(MADE,) if observed.unrecorded else ())
    title = f"take the role {wanted.role.name} from {wanted.assignee.label}"
    right = Right("Microsoft.Authorization/roleAssignments/delete", wanted.instance_id)
    body = {"id": observed.assignment}
    return Plan((Change("remove-role", title, body=body, unmakes=(MADE,), rights=(right,)),))


async def apply(change: Change, context: Context) -> Values:
    """Create the assignment, or remove ours."""
    wanted = context.wanted
    if change.key == "remove-role":
        await revoke(context.azure, change.body["id"])
        return {"role_assignment_id": ""}
    assert change.key == "assign-role"  # noqa: S101 - the walk hands back only what plan made
    scope = context.values.get("instance_id") or wanted.instance_id
    made = await assign(context.azure, scope, wanted.assignee, wanted.role.id, MARK, context.progress)
    return {"role_assignment_id": made}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that assigns the role, or takes it away."""
    verb = "delete" if change.key == "remove-role" else "create"
    who = f"--assignee-object-id {wanted.assignee.object_id} --assignee-principal-type {wanted.assignee.kind}"
    if change.key == "remove-role":
        who = f"--assignee {wanted.assignee.object_id}"
    return f"az role assignment {verb} {who} --role {shlex.quote(wanted.role.name)} --scope {wanted.instance_id}"


STEP = Step(3, "role", "Data-plane role", ("instance",), observe, plan, apply, hand_off, remove)
