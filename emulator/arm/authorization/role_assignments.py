"""Role assignments: create under a name that the caller chooses, read, list with inherited ones, delete.

Codes and messages: Azure's, as quoted in the public issues azure-cli#31995 (`RoleAssignmentExists`, new message),
Azure/modern-web-app-pattern-dotnet#129 (`UnmatchedPrincipalType`), Azure/HubAndSpokeResearchEnclave#50
(`PrincipalNotFound`), Azure-Samples/graphrag-accelerator#168 (`RoleAssignmentUpdateNotPermitted`).
"""

from __future__ import annotations

import re

from emulator import rbac
from emulator.arm.authorization import filters
from emulator.arm.authorization.principals import principal_type
from emulator.arm.authorization.role_definitions import DEFINITIONS, unknown_role
from emulator.arm.core import groups, scopes
from emulator.arm.core.guards import caller_of, may_delete, may_write
from emulator.arm.core.routes import ROUTER
from emulator.arm.core.shape import ANY, Shape, check
from emulator.arm.core.stamps import now
from emulator.messages import Json, Refused, Reply, Request
from emulator.roles import ROLES
from emulator.world import World

TYPE = "Microsoft.Authorization/roleAssignments"
_LIST = f"/{{scope:path}}/providers/{TYPE}"
_ASSIGNMENT = _LIST + "/{name}"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_ROLE = re.compile(r"(?:/.+)?/providers/Microsoft\.Authorization/roleDefinitions/(?P<id>[^/]+)", re.IGNORECASE)
_TERMS = {"atscope": "atScope", "principalid": "principalId", "assignedto": "assignedTo"}
_KEPT = ("description", "condition", "conditionVersion", "delegatedManagedIdentityResourceId")
_PRINCIPAL_TYPES = ("User", "Group", "ServicePrincipal", "ForeignGroup", "Device")
_DEFINITION = Shape(
    "RoleAssignmentRequestParameters",
    {
        "id": ANY,
        "name": ANY,
        "type": ANY,
        "properties": Shape(
            "RoleAssignmentRequestProperties",
            {
                **dict.fromkeys(_KEPT, str),
                **dict.fromkeys(("scope", "createdOn", "updatedOn", "createdBy", "updatedBy"), ANY),
                "roleDefinitionId": str,
                "principalId": str,
                "principalType": _PRINCIPAL_TYPES,
            },
            required=("roleDefinitionId", "principalId"),
        ),
    },
    required=("properties",),
)


@ROUTER.add("GET", _LIST)
def list_assignments(world: World, request: Request, scope: str) -> Reply:
    """List the assignments at, above and below a scope; `atScope()` leaves out those below it.

    `principalId eq 'id'` lists only those of a principal; `assignedTo('id')` of a user or service principal also those
    of the groups that it is in, directly or through other groups, and none for a group. Source: "List Azure role
    assignments using the REST API" in the Azure documentation.
    """
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{TYPE}/read", where.id)
    if where.resource is None:
        where.existing(world)
    terms = filters.terms(request.query.get("$filter", ""), _TERMS)
    principals = None
    if "principalId" in terms:
        principals = frozenset({terms["principalId"].lower()})
    elif "assignedTo" in terms:
        is_group = world.store.get("group", terms["assignedTo"]) is not None
        principals = frozenset[str]() if is_group else rbac.with_groups(world, terms["assignedTo"])
    found = []
    for _, assignment in world.store.list("roleAssignment"):
        properties = assignment["properties"]
        at = properties["scope"]
        below = rbac.is_within(at, where.id) and "atScope" not in terms
        if not (below or rbac.is_within(where.id, at)):
            continue
        if principals is None or properties["principalId"].lower() in principals:
            found.append(assignment)
    return Reply(body={"value": [_served(assignment) for assignment in found]})


@ROUTER.add("GET", _ASSIGNMENT)
def get_assignment(world: World, request: Request, scope: str, name: str) -> Reply:
    """Return one assignment by its name, at the scope that it was created at."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{TYPE}/read", where.id)
    found = world.store.get("roleAssignment", _id(where.id, name))
    if found is None:
        raise Refused(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
    return Reply(body=_served(found))


@ROUTER.add("PUT", _ASSIGNMENT, latency="role")
def put_assignment(world: World, request: Request, scope: str, name: str) -> Reply:
    """Assign a role (201). A repeat under the same name is 201 again and can change only description and condition.

    As recorded; `createdBy` is null in this answer, and in no other. The data plane sees it late.
    """
    where = scopes.parse(world, scope)
    may_write(world, request, f"{TYPE}/write", _id(where.id, name))  # recorded: the refusal names the assignment
    body = request.json()
    check(body, _DEFINITION)
    if not _GUID.fullmatch(name):
        raise Refused(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        )
    at = where.existing(world)
    if where.group:
        groups.writable(world, where.subscription, where.group)
    asked = body["properties"]
    role = _role(asked["roleDefinitionId"])
    if not rbac.is_assignable(ROLES[role], at):
        raise Refused(
            400,
            "RoleAssignmentScopeNotAssignableToRoleDefinition",
            f"The role assignment scope '{at}' is not assignable to the role definition '{role}'.",
        )
    if not _GUID.fullmatch(asked["principalId"]):
        raise Refused(
            400,
            "InvalidPrincipalId",
            f"The Principal ID '{asked['principalId']}' is not valid. Principal ID must be a GUID.",
        )
    principal = asked["principalId"].lower()
    kind = str(asked.get("principalType") or "")
    attributes = {"RoleDefinitionId": role, "PrincipalId": principal, "PrincipalType": kind}
    rbac.require_assignment(world, caller_of(request), f"{TYPE}/write", where.id, attributes)
    _refuse_renamed(world, at, name, role, principal)
    kept = {field: asked.get(field) for field in _KEPT}
    oid, time = caller_of(request).object_id, now()
    found = world.store.get("roleAssignment", _id(at, name))
    if found:
        found["properties"] |= {**kept, "updatedOn": time, "updatedBy": oid}
        world.store.put("roleAssignment", found["id"], found)
        return Reply(201, _just_put(found))
    created: Json = {
        "id": _id(at, name),
        "name": name,
        "type": TYPE,
        "properties": {
            "roleDefinitionId": f"/subscriptions/{where.subscription}{DEFINITIONS}/{role}",
            "principalId": principal,
            "principalType": principal_type(world, caller_of(request), principal, asked.get("principalType")),
            "scope": at,
            **kept,
            "createdOn": time,
            "updatedOn": time,
            "createdBy": oid,
            "updatedBy": oid,
        },
    }
    world.store.put("roleAssignment", created["id"], created)
    world.lag.begin(rbac.effect_key(created), "role_effect")
    return Reply(201, _just_put(created))


@ROUTER.add("DELETE", _ASSIGNMENT, latency="role")
def delete_assignment(world: World, request: Request, scope: str, name: str) -> Reply:
    """Delete an assignment: 200 with its former content, 204 if there is none."""
    where = scopes.parse(world, scope)
    may_delete(world, request, f"{TYPE}/delete", _id(where.id, name))
    found = world.store.get("roleAssignment", _id(where.id, name))
    if found is None:
        return Reply(204)
    properties = found["properties"]
    attributes = {
        "RoleDefinitionId": properties["roleDefinitionId"].rpartition("/")[2],
        "PrincipalId": properties["principalId"],
        "PrincipalType": properties["principalType"],
    }
    rbac.require_assignment(world, caller_of(request), f"{TYPE}/delete", where.id, attributes)
    world.store.delete("roleAssignment", found["id"])
    world.lag.end(rbac.effect_key(found))
    return Reply(200, _served(found))


def _served(assignment: Json) -> Json:
    """Return the assignment with all that may be said of it: what isn't is null."""
    return {**assignment, "properties": {**dict.fromkeys(_KEPT), **assignment["properties"]}}


def _just_put(assignment: Json) -> Json:
    return {**assignment, "properties": {**assignment["properties"], "createdBy": None}}


def _id(scope: str, name: str) -> str:
    return f"{scope}/providers/{TYPE}/{name}"


def _role(identifier: str) -> str:
    match = _ROLE.fullmatch(identifier)
    if not match:
        raise Refused(400, "InvalidRoleDefinitionId", f"The role definition ID '{identifier}' is not valid.")
    role = match["id"].lower()
    if role not in ROLES:
        raise unknown_role(match["id"], 400)
    return role


def _refuse_renamed(world: World, at: str, name: str, role: str, principal: str) -> None:
    """Refuse a name that another assignment has (400), and a second assignment of the same role (409)."""
    for _, other in world.store.list("roleAssignment"):
        properties = other["properties"]
        same = (
            properties["scope"].lower() == at.lower()
            and properties["principalId"].lower() == principal
            and properties["roleDefinitionId"].rpartition("/")[2].lower() == role
        )
        if other["name"].lower() == name.lower() and not same:
            raise Refused(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )
        if same and other["name"].lower() != name.lower():
            raise Refused(
                409,
                "RoleAssignmentExists",
                "The role assignment already exists. The ID of the conflicting role assignment is "
                f"{other['name'].replace('-', '')}.",
            )
