"""Step 9: the app's own data-plane role on the instance. May assign it to the service principal, and undo that."""

from __future__ import annotations

from dataclasses import dataclass

from cloud.lookups import Principal
from cloud.role_assignments import Assigned, assign, assignment_id, find_assignment, marked, revoke
from steps.az import az
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.wanted import Role, Wanted

PREFIX = "app-role:"
"""What is made is recorded under this and the assignment's lower-cased id."""


@dataclass(frozen=True)
class Observed:
    """What is assigned to the service principal, and what of it is ours."""

    principal: str = ""
    assignment: str = ""
    """One equal to what is wanted, whatever its name."""
    ours: bool = False
    """It is recorded as made by us, and marked."""
    unrecorded: tuple[str, ...] = ()
    """It, when it is marked and not recorded."""
    former: tuple[Assigned, ...] = ()
    """Others that are ours: with another role, or of a service principal that is no more."""
    gone: tuple[str, ...] = ()
    """What is recorded of those that are not there any more, or not ours."""


async def observe(context: Context) -> Observed:
    """Find the wanted assignment and those that we made; without a wish and a record nothing is asked."""
    wanted, role = context.wanted, _role(context.wanted)
    principal = context.values.get("service_principal_id", "")
    recorded = {one.removeprefix(PREFIX) for one in context.made | context.begun}
    scope = context.values.get("instance_id") or wanted.instance_id
    found, mine = "", False
    if principal and role:
        found, mine = await find_assignment(context.azure, scope, principal, role.id, MARK)
    former = await marked(context.azure, recorded - {found.lower()}, MARK)
    ours = mine and found.lower() in recorded
    unrecorded = (f"{PREFIX}{found.lower()}",) if mine and not ours else ()
    there = {one.id for one in former} | ({found.lower()} if ours else set())
    gone = tuple(f"{PREFIX}{one}" for one in sorted(recorded - there))
    return Observed(principal, found, ours, unrecorded, former, gone)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Assign the role that is wanted, then take away others of ours."""
    role = _role(wanted)
    if wanted.app is None:
        return Plan(reason="not wanted (--no-app)", skipped=True)
    back = tuple(_revoke(one, wanted) for one in observed.former)
    if role is None:
        return Plan(back, "not wanted", skipped=not back, gone=observed.gone)
    if observed.assignment:
        values = {"app_role_assignment_id": observed.assignment}
        reason, unrecorded = f"the application has the role {role.name}", observed.unrecorded
        return Plan(back, reason, values=values, gone=observed.gone, unrecorded=unrecorded)
    right = Right("Microsoft.Authorization/roleAssignments/write", wanted.instance_id)
    title = f"assign {role.name} to the application's service principal"
    to_be = assignment_id(wanted.instance_id, observed.principal, role.id)
    key = f"assign-app-role:{to_be.rpartition('/')[2] or role.id}"
    makes = (f"{PREFIX}{to_be}",) if to_be else ()  # the service principal is known when it comes to it
    made = Change(key, title, body={"principal": observed.principal, "role": role.name}, makes=makes, rights=(right,))
    return Plan((made, *back), gone=observed.gone)


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Take our assignments away."""
    role = _role(wanted)
    ours = (Assigned(observed.assignment, role.name, _WHO),) if observed.ours and role else ()
    changes = tuple(_revoke(one, wanted) for one in (*ours, *observed.former))
    if observed.assignment and not changes:
        return Plan(reason="the application had its role before: kept", unrecorded=observed.unrecorded)
    return Plan(changes, "there is no such assignment", skipped=not changes, gone=observed.gone)


_WHO = "the application's service principal"


def _role(wanted: Wanted) -> Role | None:
    return wanted.app.role if wanted.app else None


def _revoke(one: Assigned, wanted: Wanted) -> Change:
    right = Right("Microsoft.Authorization/roleAssignments/delete", wanted.instance_id)
    return Change(
        f"revoke-app-role:{one.id.rpartition('/')[2]}",
        f"take the role {one.role} from {one.who}",
        body={"id": one.id},
        unmakes=(f"{PREFIX}{one.id.lower()}",),
        rights=(right,),
    )


async def apply(change: Change, context: Context) -> Values:
    """Create the assignment, or remove one of ours."""
    wanted = context.wanted
    role = _role(wanted)
    if "id" in change.body:
        await revoke(context.azure, change.body["id"])
        return {} if role and not context.removing else {"app_role_assignment_id": ""}
    assert wanted.app is not None  # noqa: S101 - no role is planned without it
    assert role is not None  # noqa: S101
    scope = context.values.get("instance_id") or wanted.instance_id
    who = Principal(context.values["service_principal_id"], "ServicePrincipal", wanted.app.name)
    made = await assign(context.azure, scope, who, role.id, MARK, context.progress)
    return {"app_role_assignment_id": made}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that assigns the role, or takes it away; "" while there is no service principal."""
    if "id" in change.body:
        return az("role", "assignment", "delete", "--ids", change.body["id"])
    who, role = change.body["principal"], change.body["role"]
    if not who:
        return ""
    principal = ("--assignee-object-id", who, "--assignee-principal-type", "ServicePrincipal")
    return az("role", "assignment", "create", *principal, "--role", role, "--scope", wanted.instance_id)


STEP = Step(
    9,
    "app_role",
    "Role of the app",
    ("instance", "app_registration"),
    observe,
    plan,
    apply,
    hand_off,
    remove,
    optional=True,
)
