"""Role assignments in Azure: found by what they say, created under a name of our choosing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from cloud.clients import Azure
from cloud.errors import answer_of
from cloud.identifiers import Principal
from cloud.lookups import label_of, role_name
from cloud.permissions import matches
from cloud.waiting import until_visible
from engine.context import Context
from steps.shared.role_assignments import ASSIGNMENTS, Assignment, assignment_name
from steps.shared.tags import MARK

VISIBLE_BOUND = 10 * 60
"""Seconds until a principal that was just created is visible to Resource Manager."""


async def find_equal(azure: Azure, scope: str, principal: str, role_id: str) -> Assignment | None:
    """Return the assignment of this scope, principal and role, whatever its name; None when there is none.

    Inherited assignments, those of other scopes, don't count. A scope that doesn't exist has none.
    """
    listing = azure.authorization.role_assignments.list_for_scope(scope, filter=f"principalId eq '{principal}'")
    try:
        async for found in listing:
            same_scope = (found.scope or "").lower() == scope.lower()
            same_principal = (found.principal_id or "").lower() == principal.lower()
            same_role = (found.role_definition_id or "").lower().endswith(role_id.lower())
            if same_scope and same_principal and same_role:
                return Assignment(str(found.id).lower(), found.description == MARK, spelling=str(found.id))
    except ResourceNotFoundError:
        pass
    return None


async def read_assignment(azure: Azure, assignment: str) -> Assignment | None:
    """Return the assignment of this id, if it is marked with the names of role and principal; None for none."""
    try:
        found = await azure.authorization.role_assignments.get_by_id(assignment)
    except ResourceNotFoundError:
        return None
    if found.description != MARK:
        return Assignment(assignment.lower(), False)
    role, who = await asyncio.gather(
        role_name(azure, str(found.role_definition_id)), label_of(azure, str(found.principal_id))
    )
    return Assignment(assignment.lower(), True, role, who)


async def read_assignments(context: Context[Azure], assignments: Collection[str]) -> tuple[Assignment, ...]:
    """Return those of the assignments, given by lower-cased id, that exist; see `read_assignment`."""
    azure = context.clients
    found = await asyncio.gather(*(context.read(read_assignment, azure, other) for other in sorted(assignments)))
    return tuple(assignment for assignment in found if assignment)


async def assign(azure: Azure, scope: str, principal: Principal, role_id: str, progress: Callable[[str], None]) -> str:
    """Create the assignment and return its id, waiting for a principal that Resource Manager can't see yet.

    An equal assignment that exists already is returned as it is.
    """
    subscription = scope.split("/")[2]
    name = assignment_name(scope, principal.object_id, role_id)
    body = RoleAssignmentCreateParameters(
        # As Azure itself writes it: under the subscription.
        role_definition_id=(
            f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"
        ),
        principal_id=principal.object_id,
        principal_type=principal.kind,
        description=MARK,
    )

    async def create() -> str:
        created = await azure.authorization.role_assignments.create(scope, name, body)
        return str(created.id)

    try:
        return await until_visible(
            create,
            not_yet=lambda answer: answer.code == "PrincipalNotFound",
            bound=VISIBLE_BOUND,
            what=f"Azure can't see {principal.label} yet",
            progress=progress,
        )
    except HttpResponseError as error:
        answer = answer_of(error)
        # An equal assignment has another name. Told by code: the message has changed without a new api-version.
        if answer is None or answer.code != "RoleAssignmentExists":
            raise
        found = await find_equal(azure, scope, principal.object_id, role_id)
        return found.spelling if found else f"{scope}/providers/{ASSIGNMENTS}/{name}"


async def why_unfit(azure: Azure, scope: str, role_id: str, data_action: str) -> str:
    """Return why a role can't be assigned at `scope`, or doesn't allow the data action there; "" when it does."""
    subscription = "/".join(scope.split("/")[:3])
    try:
        found = await azure.authorization.role_definitions.get(subscription, role_id)
    except ResourceNotFoundError:
        return f"the role {role_id} is not known in {subscription}."
    places = [str(place).rstrip("/").lower() for place in found.assignable_scopes or ()]
    if not any(f"{scope.lower()}/".startswith(f"{place}/") for place in places):
        return f"the role {found.role_name} can be assigned in {', '.join(places)}, and not at {scope}."
    for permission in found.permissions or ():
        allowed = matches(permission.data_actions or (), data_action)
        if allowed and not matches(permission.not_data_actions or (), data_action):
            return ""
    return f"the role {found.role_name} does not allow to send there: it lacks the data action {data_action}."


async def revoke(azure: Azure, assignment: str) -> None:
    """Delete an assignment by its id; one that no longer exists is fine."""
    await azure.authorization.role_assignments.delete_by_id(assignment)
