"""Role assignments: found by what they say, made under a name of our choosing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from cloud.clients import Azure
from cloud.errors import answer_of
from cloud.lookups import Principal, label_of, role_name
from cloud.rights import matches
from cloud.waiting import until_visible

VISIBLE_BOUND = 10 * 60


@dataclass(frozen=True)
class Assigned:
    """An assignment, in words."""

    id: str
    """Lower-cased."""
    role: str
    who: str


def assignment_name(scope: str, principal: str, role_id: str) -> str:
    """Return the assignment's GUID: the same for the same scope, principal and role, so that a repeat is a repeat."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}|{principal}|{role_id}".lower()))


async def find_assignment(azure: Azure, scope: str, principal: str, role_id: str, mark: str) -> tuple[str, bool]:
    """Return the id of an equal assignment, whatever its name, and whether it carries our mark; "" for none.

    Inherited assignments, those of other scopes, don't count. A scope that isn't there has none.
    """
    listing = azure.authorization.role_assignments.list_for_scope(scope, filter=f"principalId eq '{principal}'")
    try:
        async for found in listing:
            same_scope = (found.scope or "").lower() == scope.lower()
            same_principal = (found.principal_id or "").lower() == principal.lower()
            same_role = (found.role_definition_id or "").lower().endswith(role_id.lower())
            if same_scope and same_principal and same_role:
                return str(found.id), found.description == mark
    except ResourceNotFoundError:
        pass
    return "", False


async def assign(  # noqa: PLR0917 - what an assignment consists of
    azure: Azure, scope: str, principal: Principal, role_id: str, mark: str, progress: Callable[[str], None]
) -> str:
    """Create the assignment and return its id, waiting for a principal that Resource Manager can't see yet.

    An equal one that is there already is returned as it is.
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
        description=mark,
    )

    async def create() -> str:
        made = await azure.authorization.role_assignments.create(scope, name, body)
        return str(made.id)

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
        found, _ours = await find_assignment(azure, scope, principal.object_id, role_id, mark)
        return found or f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"


def assignment_id(scope: str, principal: str, role_id: str) -> str:
    """Return the lower-cased id of the assignment that `assign` would create; "" while the principal isn't known."""
    name = assignment_name(scope, principal, role_id)
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}".lower() if principal else ""


async def marked(azure: Azure, assignments: Iterable[str], mark: str) -> tuple[Assigned, ...]:
    """Return those of the assignments, given by id, that are there and carry our mark."""
    found = await asyncio.gather(*(_marked(azure, one, mark) for one in sorted(assignments)))
    return tuple(one for one in found if one)


async def _marked(azure: Azure, assignment: str, mark: str) -> Assigned | None:
    try:
        found = await azure.authorization.role_assignments.get_by_id(assignment)
    except ResourceNotFoundError:
        return None
    if found.description != mark:
        return None
    role, who = await asyncio.gather(
        role_name(azure, str(found.role_definition_id)), label_of(azure, str(found.principal_id))
    )
    return Assigned(assignment.lower(), role, who)


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
    for one in found.permissions or ():
        if matches(one.data_actions or (), data_action) and not matches(one.not_data_actions or (), data_action):
            return ""
    return f"the role {found.role_name} does not allow to send there: it lacks the data action {data_action}."


async def revoke(azure: Azure, assignment: str) -> None:
    """Delete an assignment by its id; one that is gone already is fine."""
    await azure.authorization.role_assignments.delete_by_id(assignment)
