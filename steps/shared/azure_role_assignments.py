"""Role assignments in Azure: found by what they say, created under a name of our choosing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from cloud.clients import Azure
from cloud.data_actions import WITHOUT_DATA_ACTIONS, condition_excludes, data_permissions, gives
from cloud.errors import answer_of
from cloud.identifiers import DataPermission, Principal, Role
from cloud.lookups import role_name
from cloud.principals import label_of
from cloud.waiting import until_visible
from engine.context import Context
from steps.shared.role_assignments import (
    ASSIGNMENTS,
    Asked,
    Assigned,
    Assignment,
    assignment_name,
    place,
    subscription_of,
)
from steps.shared.tags import is_marked_text

VISIBLE_BOUND = 10 * 60
"""Seconds until a principal that was just created is visible to Resource Manager."""


@dataclass(frozen=True)
class Definition:
    """A role's definition."""

    name: str
    assignable: tuple[str, ...]
    """Lower-cased scopes in which it can be assigned; "" for everywhere."""
    data: tuple[DataPermission, ...]


async def find_assignments(
    context: Context[Azure], scope: str, principal: Principal, role: Role, asked: Asked
) -> tuple[Assignment | None, str]:
    """Return the assignment of this scope, principal and role, whatever its name; without one, what has its effect.

    That is said in words, "" for nothing: assignments of other scopes above, of other roles, or to groups, that give
    all that is asked. What this tool assigned, for this or another setting, is not among them: it may be about to go.
    """
    try:
        listed = await _list(context, scope, principal, asked)
    except ResourceNotFoundError:  # of a scope that doesn't exist yet, the subscription's are known
        listed = await _list(context, subscription_of(scope), principal, asked)
    equal = next((found for found in listed if found.is_equal(scope, principal.object_id, role.id)), None)
    if equal or asked.of_its_own or asked.is_lost:
        return equal.assignment if equal else None, ""
    ours = {item.partition(":")[2] for item in context.record.owned_by_any | context.record.pending}
    others = [found for found in listed if not found.assignment.marked and found.assignment.id not in ours]
    return None, await _effect(context, scope, role, asked.action, others)


async def _list(context: Context[Azure], scope: str, principal: Principal, asked: Asked) -> tuple[Assigned, ...]:
    # assignedTo takes no group. Source: "List Azure role assignments using the REST API" in the Azure documentation.
    # It says nothing of whom the directory no longer knows.
    who, is_own = principal.object_id, asked.is_lost or principal.kind == "Group"
    term = f"principalId eq '{who}'" if is_own else f"atScope() and assignedTo('{who}')"
    return await context.read(list_assigned, context.clients, scope, term, context.target.instance_id)


async def list_assigned(azure: Azure, scope: str, term: str, instance_id: str) -> tuple[Assigned, ...]:
    """Return the assignments at the scope and above it that a filter lets pass. Raises ResourceNotFoundError."""
    listing = azure.authorization.role_assignments.list_for_scope(scope, filter=term)
    found = [
        Assigned(
            Assignment(str(found.id).lower(), is_marked_text(found.description, instance_id), spelling=str(found.id)),
            scope=(found.scope or "").lower(),
            principal=(found.principal_id or "").lower(),
            role_id=(found.role_definition_id or "").rpartition("/")[2].lower(),
            condition=found.condition or "",
            principal_kind=str(found.principal_type or ""),
        )
        async for found in listing
    ]
    return tuple(assigned for assigned in found if not assigned.scope.startswith(f"{scope.lower()}/"))


async def _effect(context: Context[Azure], scope: str, role: Role, action: str, others: Sequence[Assigned]) -> str:
    """Say which of the assignments together give what is asked: the action, or all that the role gives."""
    same = next((other for other in others if other.role_id == role.id and not other.condition), None)
    if same:
        return await _words(context, same, role.name)
    candidates = [other for other in others if other.role_id not in WITHOUT_DATA_ACTIONS]
    if not candidates:
        return ""
    azure, subscription = context.clients, subscription_of(scope)
    needed = {other.role_id for other in candidates} | (set() if action else {role.id})
    identifiers = sorted(needed)
    definitions = dict(
        zip(
            identifiers,
            await asyncio.gather(*(context.read(read_definition, azure, subscription, one) for one in identifiers)),
            strict=True,
        )
    )
    asking = None if action else definitions[role.id]
    actions = (action,) if action else tuple(a for part in (asking.data if asking else ()) for a in part.actions)
    exempt = tuple(a for part in (asking.data if asking else ()) for a in part.excluded)
    used: dict[Assigned, str] = {}
    for one in actions:
        for other in candidates:
            definition = definitions[other.role_id]
            if definition and gives(definition.data, one, exempt) and not condition_excludes(other.condition, one):
                used.setdefault(other, definition.name)
                break
        else:
            return ""
    return " and ".join([await _words(context, other, name) for other, name in used.items()])


async def _words(context: Context[Azure], found: Assigned, role: str) -> str:
    through = ""
    if found.principal_kind == "Group":
        through = f", through group {await context.read(label_of, context.clients, found.principal)}"
    return f"{role} on {place(found.scope)}{through}"


async def read_definition(azure: Azure, subscription: str, role_id: str) -> Definition | None:
    """Return a role's definition, by the subscription's resource id; None for one that isn't known or readable."""
    try:
        found = await azure.authorization.role_definitions.get(subscription, role_id)
    except HttpResponseError as error:
        if error.status_code not in (403, 404):
            raise
        return None
    return Definition(
        str(found.role_name),
        tuple(str(scope).rstrip("/").lower() for scope in found.assignable_scopes or ()),
        data_permissions(found),
    )


async def read_assignments(
    context: Context[Azure], assignments: Collection[str], labels: Mapping[str, str] = {}
) -> tuple[Assignment, ...]:
    """Return those of the assignments, given by lower-cased id, that exist.

    Of one that is marked the names of role and principal are told; `labels` has those that are known, by object id.
    """
    reads = (_read_assignment(context, other, labels) for other in sorted(assignments))
    return tuple(assignment for assignment in await asyncio.gather(*reads) if assignment)


async def _read_assignment(context: Context[Azure], assignment: str, labels: Mapping[str, str]) -> Assignment | None:
    azure, read = context.clients, context.read
    try:
        found = await read(azure.authorization.role_assignments.get_by_id, assignment)
    except ResourceNotFoundError:
        return None
    if not is_marked_text(found.description, context.target.instance_id):
        return Assignment(assignment.lower(), False)
    principal = str(found.principal_id).lower()
    role = await read(role_name, azure, str(found.role_definition_id))
    who = labels[principal] if principal in labels else await read(label_of, azure, principal)
    return Assignment(assignment.lower(), True, role, who)


async def assign(  # noqa: PLR0917 - what is assigned, how it is marked, and who is told
    azure: Azure, scope: str, principal: Principal, role_id: str, mark: str, progress: Callable[[str], None]
) -> str:
    """Create the assignment and return its id, waiting for a principal that Resource Manager can't see yet.

    An equal assignment that exists already is returned as it is.
    """
    name = assignment_name(scope, principal.object_id, role_id)
    body = RoleAssignmentCreateParameters(
        # As Azure itself writes it: under the subscription.
        role_definition_id=f"{subscription_of(scope)}/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
        principal_id=principal.object_id,
        principal_type=principal.kind,
        description=mark,
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
        listed = await list_assigned(azure, scope, f"principalId eq '{principal.object_id}'", "")
        found = next((found for found in listed if found.is_equal(scope, principal.object_id, role_id)), None)
        return found.assignment.spelling if found else f"{scope}/providers/{ASSIGNMENTS}/{name}"


async def why_unfit(context: Context[Azure], scope: str, role_id: str, data_action: str) -> str:
    """Return why a role can't be assigned at `scope`, or doesn't allow the data action there; "" when it does."""
    subscription = subscription_of(scope)
    found = await context.read(read_definition, context.clients, subscription, role_id)
    if found is None:
        return f"the role {role_id} is not known in {subscription}."
    if not any(f"{scope.lower()}/".startswith(f"{place}/") for place in found.assignable):
        return f"the role {found.name} can be assigned in {', '.join(found.assignable)}, and not at {scope}."
    if gives(found.data, data_action):
        return ""
    return f"the role {found.name} does not allow to send there: it lacks the data action {data_action}."


async def revoke(azure: Azure, assignment: str) -> None:
    """Delete an assignment by its id; one that no longer exists is fine."""
    await azure.authorization.role_assignments.delete_by_id(assignment)
