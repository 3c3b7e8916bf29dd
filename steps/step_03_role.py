"""Step 3: the data-plane role on the instance. May create one role assignment, and remove those that it created."""

from __future__ import annotations

from dataclasses import dataclass

from cloud.role_assignments import Assigned, assign, assignment_id, find_assignment, marked, revoke
from steps.az import az
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.wanted import Wanted

PREFIX = "role-assignment:"
"""What is made is recorded under this and the assignment's lower-cased id."""
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


@dataclass(frozen=True)
class Observed:
    """What is assigned, and what of it is ours."""

    assignment: str
    """An equal assignment (same scope, principal and role), whatever its name; "" when there is none."""
    ours: bool
    """It is recorded as made by us, and marked."""
    unrecorded: tuple[str, ...] = ()
    """It, when it is marked and not recorded."""
    former: tuple[Assigned, ...] = ()
    """Others that are ours: of another assignee, or with another role."""
    gone: tuple[str, ...] = ()
    """What is recorded of those that are not there any more, or not ours."""


async def observe(context: Context) -> Observed:
    """List the assignee's assignments at the instance, and read others of ours."""
    wanted = context.wanted
    scope = context.values.get("instance_id") or wanted.instance_id
    recorded = {one.removeprefix(PREFIX) for one in context.made | context.begun}
    found, mine = await find_assignment(context.azure, scope, wanted.assignee.object_id, wanted.role.id, MARK)
    former = await marked(context.azure, recorded - {found.lower()}, MARK)
    ours = mine and found.lower() in recorded
    unrecorded = (f"{PREFIX}{found.lower()}",) if mine and not ours else ()
    there = {one.id for one in former} | ({found.lower()} if ours else set())
    return Observed(found, ours, unrecorded, former, tuple(f"{PREFIX}{one}" for one in sorted(recorded - there)))


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Assign the role when nobody has, then take back what we assigned before."""
    back = tuple(_take_back(one) for one in observed.former)
    if observed.assignment:
        who = f"{wanted.assignee.label} has the role {wanted.role.name}"
        values, reason = {"role_assignment_id": observed.assignment}, "" if back else who
        return Plan(back, reason, values=values, gone=observed.gone, unrecorded=observed.unrecorded)
    title = f"assign {wanted.role.name} to {wanted.assignee.label} ({wanted.assignee.kind})"
    right = Right(f"{ASSIGNMENTS}/write", wanted.instance_id)
    to_be = assignment_id(wanted.instance_id, wanted.assignee.object_id, wanted.role.id)
    name = to_be.rpartition("/")[2]
    made = Change(f"assign-role:{name}", title, makes=(f"{PREFIX}{to_be}",), rights=(right,))
    return Plan((made, *back), gone=observed.gone)


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Take our assignments away."""
    ours = (Assigned(observed.assignment, wanted.role.name, wanted.assignee.label),) if observed.ours else ()
    changes = tuple(_take_back(one) for one in (*ours, *observed.former))
    kept = f"{wanted.assignee.label} had the role {wanted.role.name} before: kept"
    reason = kept if observed.assignment else "there is no such assignment"
    return Plan(changes, "" if changes else reason, gone=observed.gone, unrecorded=observed.unrecorded)


def _take_back(one: Assigned) -> Change:
    return Change(
        f"remove-role:{one.id.rpartition('/')[2]}",
        f"take the role {one.role} from {one.who}",
        body={"id": one.id},
        unmakes=(f"{PREFIX}{one.id.lower()}",),
        rights=(Right(f"{ASSIGNMENTS}/delete", one.id.lower().partition(f"/providers/{ASSIGNMENTS.lower()}/")[0]),),
    )


async def apply(change: Change, context: Context) -> Values:
    """Create the assignment, or remove one of ours."""
    wanted = context.wanted
    if "id" in change.body:
        await revoke(context.azure, change.body["id"])
        return {"role_assignment_id": ""} if context.removing else {}
    scope = context.values.get("instance_id") or wanted.instance_id
    made = await assign(context.azure, scope, wanted.assignee, wanted.role.id, MARK, context.progress)
    return {"role_assignment_id": made}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that assigns the role, or takes one away."""
    if "id" in change.body:
        return az("role", "assignment", "delete", "--ids", change.body["id"])
    who = ("--assignee-object-id", wanted.assignee.object_id, "--assignee-principal-type", wanted.assignee.kind)
    return az("role", "assignment", "create", *who, "--role", wanted.role.name, "--scope", wanted.instance_id)


STEP = Step(3, "role", "Data-plane role", ("instance",), observe, plan, apply, hand_off, remove)
