"""Role assignments: made under a name of the caller's choosing, found, listed with what is inherited, deleted.

Codes and messages: Azure's, as quoted in the public issues azure-cli#31995 (`RoleAssignmentExists`, new message),
Azure/modern-web-app-pattern-dotnet#129 (`UnmatchedPrincipalType`), Azure/HubAndSpokeResearchEnclave#50
(`PrincipalNotFound`), Azure-Samples/graphrag-accelerator#168 (`RoleAssignmentUpdateNotPermitted`).
"""

from __future__ import annotations

import re

from emulator import rbac
from emulator.arm import filters, groups, operations, scopes
from emulator.arm.guards import caller_of, may_delete, may_write
from emulator.arm.principals import principal_type
from emulator.arm.role_definitions import DEFINITIONS, unknown_role
from emulator.arm.routes import ROUTER
from emulator.arm.shape import ANY, Shape, check
from emulator.roles import ROLES
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

TYPE = "Microsoft.Authorization/roleAssignments"
_LIST = f"/{{scope:path}}/providers/{TYPE}"
_ONE = _LIST + "/{name}"
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

    `principalId eq 'id'` and `assignedTo('id')` leave only a principal's.
    """
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{TYPE}/read", where.id)
    if where.resource is None:
        where.existing(world)
    wanted = filters.terms(request.query.get("$filter", ""), _TERMS)
    asked = wanted.get("principalId", wanted.get("assignedTo"))
    principal = None if asked is None else asked.lower()
    found = []
    for _, assignment in world.store.list("roleAssignment"):
        held = assignment["properties"]
        at = held["scope"]
        below = rbac.is_within(at, where.id) and "atScope" not in wanted
        if (below or rbac.is_within(where.id, at)) and principal in (None, held["principalId"].lower()):
            found.append(assignment)
    return Reply(body={"value": found})


@ROUTER.add("GET", _ONE)
def get_assignment(world: World, request: Request, scope: str, name: str) -> Reply:
    """Return one assignment by its name at the scope it was made at."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{TYPE}/read", where.id)
    found = world.store.get("roleAssignment", _id(where.id, name))
    if found is None:
        raise Refused(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
    return Reply(body=found)


@ROUTER.add("PUT", _ONE, latency="role")
def put_assignment(world: World, request: Request, scope: str, name: str) -> Reply:
    """Assign a role (201). Repeated under the same name it answers 200, and changes description and condition at most.

    Both codes are published; 200 for a repeat follows the contract's wording. The data plane learns of it late.
    """
    where = scopes.parse(world, scope)
    may_write(world, request, f"{TYPE}/write", where.id)
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
        groups.refuse_deleting(groups.existing(world, where.subscription, where.group))
    wanted = body["properties"]
    role = _role(wanted["roleDefinitionId"])
    if not rbac.is_assignable(ROLES[role], at):
        raise Refused(
            400,
            "RoleAssignmentScopeNotAssignableToRoleDefinition",
            f"The role assignment scope '{at}' is not assignable to the role definition '{role}'.",
        )
    if not _GUID.fullmatch(wanted["principalId"]):
        raise Refused(400, "InvalidPrincipalId", "A valid principal ID must be provided for role assignment.")
    principal = wanted["principalId"].lower()
    _refuse_renamed(world, at, name, role, principal)
    kept = {field: wanted[field] for field in _KEPT if wanted.get(field) is not None}
    oid, time = caller_of(request).object_id, operations.now()
    found = world.store.get("roleAssignment", _id(at, name))
    if found:
        found["properties"] = {**{k: v for k, v in found["properties"].items() if k not in _KEPT}, **kept}
        found["properties"] |= {"updatedOn": time, "updatedBy": oid}
        world.store.put("roleAssignment", found["id"], found)
        return Reply(200, found)
    created: Json = {
        "id": _id(at, name),
        "name": name,
        "type": TYPE,
        "properties": {
            "roleDefinitionId": f"/subscriptions/{where.subscription}{DEFINITIONS}/{role}",
            "principalId": principal,
            "principalType": principal_type(world, caller_of(request), principal, wanted.get("principalType")),
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
    return Reply(201, created)


@ROUTER.add("DELETE", _ONE, latency="role")
def delete_assignment(world: World, request: Request, scope: str, name: str) -> Reply:
    """Take an assignment back: 200 with what it was, 204 when there is none."""
    where = scopes.parse(world, scope)
    may_delete(world, request, f"{TYPE}/delete", where.id)
    found = world.store.get("roleAssignment", _id(where.id, name))
    if found is None:
        return Reply(204)
    world.store.delete("roleAssignment", found["id"])
    world.lag.end(rbac.effect_key(found))
    return Reply(200, found)


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
    """Refuse another meaning for a name in use anywhere, and another name for what is assigned already."""
    for _, other in world.store.list("roleAssignment"):
        held = other["properties"]
        same = (
            held["scope"].lower() == at.lower()
            and held["principalId"].lower() == principal
            and held["roleDefinitionId"].rpartition("/")[2].lower() == role
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
