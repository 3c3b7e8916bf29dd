"""Step 9: the app's own data-plane role on the instance. May assign it to the service principal, and undo that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from cloud.lookups import Principal
from cloud.role_assignments import assign, find_assignment, revoke
from steps.model import MARK, Change, Context, Plan, Right, Step, Values
from steps.wanted import Role, Wanted

MADE = "role-assignment:"
"""Before the role's GUID: what is recorded as made."""


@dataclass(frozen=True)
class Observed:
    """Assignments of the service principal on the instance."""

    principal: str = ""
    assignment: str = ""
    """One equal to what is wanted, whatever its name."""
    unrecorded: bool = False
    """That one is marked, and not recorded."""
    ours: tuple[tuple[str, str], ...] = ()
    """What is recorded as made by us, and marked: pairs of a role's GUID and the assignment."""


async def observe(context: Context) -> Observed:
    """Find the wanted assignment and those that we made; without a wish and a record nothing is asked."""
    wanted = context.wanted
    role = _role(wanted)
    principal = context.values.get("service_principal_id", "")
    made = [one.removeprefix(MADE) for one in sorted(context.made)]
    if not principal or not (role or made):
        return Observed()
    scope = context.values.get("instance_id") or wanted.instance_id
    ids = list(dict.fromkeys([*([role.id] if role else []), *made]))
    found = await asyncio.gather(*(find_assignment(context.azure, scope, principal, one, MARK) for one in ids))
    there = dict(zip(ids, found, strict=True))
    ours = tuple((one, there[one][0]) for one in made if there[one][1])
    wished, marked = there[role.id] if role else ("", False)
    return Observed(principal, wished, marked and role is not None and role.id not in made, ours)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Assign the role that is wanted, then take away another one of ours."""
    role = _role(wanted)
    if wanted.app is None:
        return Plan(reason="not wanted (--no-app)", skipped=True)
    revocations = [_revoke(one, observed, wanted) for one in observed.ours if not role or one[0] != role.id]
    if role is None:
        return Plan(tuple(revocations), "not wanted", skipped=not revocations)
    if observed.assignment:
        values = {"app_role_assignment_id": observed.assignment}
        reason, unrecorded = f"the application has the role {role.name}", _unrecorded(observed, wanted)
        return Plan(tuple(revocations), reason, values=values, unrecorded=unrecorded)
    right = Right("Microsoft.Authorization/roleAssignments/write", wanted.instance_id)
    title = f"assign {role.name} to the application's service principal"
    body = {"principal": observed.principal, "role": role.name}
    assignment = Change(f"assign-app-role:{role.id}", title, "", body, (f"{MADE}{role.id}",), rights=(right,))
    return Plan((assignment, *revocations))


def remove(observed: Observed, wanted: Wanted) -> Plan:
    """Take our assignments away."""
    changes = tuple(_revoke(one, observed, wanted) for one in observed.ours)
    if observed.assignment and not changes:
        return Plan(reason="the application had its role before: kept", unrecorded=_unrecorded(observed, wanted))
    return Plan(changes, "there is no such assignment", skipped=not changes)


def _unrecorded(observed: Observed, wanted: Wanted) -> tuple[str, ...]:
    role = _role(wanted)
    return (f"{MADE}{role.id}",) if role and observed.unrecorded else ()


def _role(wanted: Wanted) -> Role | None:
    return wanted.app.role if wanted.app else None


def _revoke(one: tuple[str, str], observed: Observed, wanted: Wanted) -> Change:
    role, assignment = one
    right = Right("Microsoft.Authorization/roleAssignments/delete", wanted.instance_id)
    title = f"take the role {role} from the application's service principal"
    body = {"id": assignment, "principal": observed.principal, "role": role}
    return Change(f"revoke-app-role:{role}", title, "", body, unmakes=(f"{MADE}{role}",), rights=(right,))


async def apply(change: Change, context: Context) -> Values:
    """Create the assignment, or remove one of ours."""
    wanted = context.wanted
    role = _role(wanted)
    if change.key.startswith("revoke-app-role:"):
        await revoke(context.azure, change.body["id"])
        return {} if role else {"app_role_assignment_id": ""}
    assert wanted.app is not None  # noqa: S101 - no role is planned without it
    assert role is not None  # noqa: S101
    scope = context.values.get("instance_id") or wanted.instance_id
    who = Principal(context.values["service_principal_id"], "ServicePrincipal", wanted.app.name)
    made = await assign(context.azure, scope, who, role.id, MARK, context.progress)
    return {"app_role_assignment_id": made}


def hand_off(change: Change, wanted: Wanted) -> str:
    """Return the command that assigns the role, or takes it away; "" while there is no service principal."""
    who, role = change.body["principal"], change.body["role"]
    if not who:
        return ""
    if change.key.startswith("revoke-app-role:"):
        return f"az role assignment delete --ids {change.body['id']}"
    principal = f"--assignee-object-id {who} --assignee-principal-type ServicePrincipal"
    return f'az role assignment create {principal} --role "{role}" --scope {wanted.instance_id}'


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
