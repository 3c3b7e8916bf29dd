"""Step 3: the data-plane role on the instance. May create one role assignment; never changes or removes one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from cloud.errors import answer_of
from cloud.waiting import until_visible
from steps.model import MARK, Change, Context, Plan, Step, Values, Wanted

VISIBLE_BOUND = 10 * 60


@dataclass(frozen=True)
class Observed:
    """The id of an equal assignment (same scope, principal and role), whatever its name; None when there is none."""

    assignment: str | None


def assignment_name(scope: str, principal: str, role_id: str) -> str:
    """Return the assignment's GUID: the same for the same scope, principal and role, so that a repeat is a repeat."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}|{principal}|{role_id}".lower()))


def role_definition_id(wanted: Wanted) -> str:
    """Return the full id of the role definition, as Azure itself writes it: under the subscription."""
    return f"/subscriptions/{wanted.subscription}/providers/Microsoft.Authorization/roleDefinitions/{wanted.role_id}"


async def observe(context: Context) -> Observed:
    """List the assignee's assignments at the instance."""
    wanted = context.wanted
    scope = context.values.get("instance_id", wanted.instance_id)
    listing = context.azure.authorization.role_assignments.list_for_scope(
        scope, filter=f"principalId eq '{wanted.assignee.object_id}'"
    )
    try:
        async for found in listing:
            same_scope = (found.scope or "").lower() == scope.lower()
            if same_scope and (found.role_definition_id or "").lower().endswith(wanted.role_id.lower()):
                return Observed(found.id)
    except ResourceNotFoundError:  # the instance itself is not there yet
        return Observed(None)
    return Observed(None)


def plan(observed: Observed, wanted: Wanted) -> Plan:
    """Assign the role when nobody has."""
    who = f"{wanted.assignee.label} has the role {wanted.role}"
    if observed.assignment:
        return Plan(reason=who, values={"role_assignment_id": observed.assignment})
    title = f"assign {wanted.role} to {wanted.assignee.label} ({wanted.assignee.kind})"
    return Plan((Change("assign-role", title),))


async def apply(change: Change, context: Context) -> Values:
    """Create the assignment, waiting for a principal that Resource Manager can't see yet."""
    assert change.key == "assign-role"  # noqa: S101 - the walk hands back only what plan made
    wanted = context.wanted
    scope = context.values.get("instance_id", wanted.instance_id)
    name = assignment_name(scope, wanted.assignee.object_id, wanted.role_id)
    body = RoleAssignmentCreateParameters(
        role_definition_id=role_definition_id(wanted),
        principal_id=wanted.assignee.object_id,
        principal_type=wanted.assignee.kind,
        description=MARK,
    )

    async def create() -> str:
        made = await context.azure.authorization.role_assignments.create(scope, name, body)
        return str(made.id)

    try:
        made = await until_visible(
            create,
            not_yet=lambda _status, code: code == "PrincipalNotFound",
            bound=VISIBLE_BOUND,
            what=f"Azure can't see {wanted.assignee.label} yet",
            progress=context.progress,
        )
    except HttpResponseError as error:
        answer = answer_of(error)
        # An equal assignment has another name. Told by code: the message has changed without a new api-version.
        if answer is None or answer.code != "RoleAssignmentExists":
            raise
        found = await observe(context)
        made = found.assignment or f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    return {"role_assignment_id": made}


def hand_off(_change: Change, wanted: Wanted) -> str:
    """Return the command that assigns the role."""
    return (
        f"az role assignment create --assignee-object-id {wanted.assignee.object_id} "
        f'--assignee-principal-type {wanted.assignee.kind} --role "{wanted.role}" --scope {wanted.instance_id}'
    )


STEP = Step(3, "role", "Data-plane role", ("instance",), observe, plan, apply, hand_off)
