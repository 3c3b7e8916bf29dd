"""Role definitions, the caller's permissions at a scope, and deny assignments."""

from __future__ import annotations

from emulator import rbac, seed
from emulator.arm.authorization import filters
from emulator.arm.core import scopes
from emulator.arm.core.guards import caller_of
from emulator.arm.core.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.roles import ROLES, Role
from emulator.world import World

DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions"
_PERMISSIONS = "/providers/Microsoft.Authorization/permissions"
_DENY = "/providers/Microsoft.Authorization/denyAssignments"
_TERMS = {"rolename": "roleName", "type": "type", "atscopeandbelow": "atScopeAndBelow", "atscope": "atScope"}


@ROUTER.add("GET", DEFINITIONS)
@ROUTER.add("GET", "/{scope:path}" + DEFINITIONS)
def list_definitions(world: World, request: Request, scope: str = "") -> Reply:
    """List the roles that can be assigned at a scope; `$filter` by `roleName`, `type`, `atScopeAndBelow()`."""
    prefix, at = _prefix(world, request, scope), "/" + scope.strip("/")
    terms = filters.terms(request.query.get("$filter", ""), _TERMS)
    name, kind = terms.get("roleName"), terms.get("type")
    found = [
        _definition(role, prefix)
        for role in ROLES.values()
        if (name is None or role.name.lower() == name.lower())
        and (kind is None or role.kind.lower() == kind.lower())
        and (rbac.is_assignable(role, at) or ("atScopeAndBelow" in terms and _below(role, at)))
    ]
    return Reply(body={"value": found})


@ROUTER.add("GET", DEFINITIONS + "/{role}")
@ROUTER.add("GET", "/{scope:path}" + DEFINITIONS + "/{role}")
def get_definition(world: World, request: Request, role: str, scope: str = "") -> Reply:
    """Return one role by its id."""
    prefix = _prefix(world, request, scope)
    if role.lower() not in ROLES:
        raise unknown_role(role, 404)
    return Reply(body=_definition(ROLES[role.lower()], prefix))


@ROUTER.add("GET", "/{scope:path}" + _PERMISSIONS)
def list_permissions(world: World, request: Request, scope: str) -> Reply:
    """List what each role of the caller allows at the scope, inherited ones included."""
    where = scopes.parse(world, scope)
    caller = caller_of(request)
    rbac.require(world, caller, "Microsoft.Authorization/permissions/read", where.id)
    if where.resource is None:
        where.existing(world)
    assigned = rbac.assignments(world, caller.object_id, where.id)
    return Reply(body={"value": [_permission(assignment) for assignment in assigned]})


def _permission(assignment: Json) -> Json:
    """Return what an assignment allows, with its condition if it has one."""
    conditional = ("condition", "conditionVersion")
    given = {name: assignment["properties"][name] for name in conditional if assignment["properties"].get(name)}
    return {**rbac.role_of(assignment).permission(), **given}


@ROUTER.add("GET", "/{scope:path}" + _DENY)
def list_deny_assignments(world: World, request: Request, scope: str) -> Reply:
    """List the deny assignments: none, as in most subscriptions."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), "Microsoft.Authorization/denyAssignments/read", where.id)
    return Reply(body={"value": []})


def unknown_role(role: str, status: int) -> Refused:
    """Return the refusal of a role that does not exist: 404 when read, 400 when assigned."""
    return Refused(
        status, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{role}' does not exist."
    )


def _prefix(world: World, request: Request, scope: str) -> str:
    if not scope:
        return ""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), "Microsoft.Authorization/roleDefinitions/read", where.id)
    if where.group and where.resource is None:
        where.existing(world)
    return f"/subscriptions/{where.subscription}"


def _below(role: Role, scope: str) -> bool:
    return any(rbac.is_within(assignable, scope) for assignable in role.assignable_scopes)


def _definition(role: Role, prefix: str) -> Json:
    return {
        "id": f"{prefix}{DEFINITIONS}/{role.id}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.id,
        "properties": {
            "roleName": role.name,
            "type": role.kind,
            "description": role.description,
            "assignableScopes": list(role.assignable_scopes),
            "permissions": [role.permission()],
            "createdOn": seed.SEEDED_AT,
            "updatedOn": seed.SEEDED_AT,
            "createdBy": None,
            "updatedBy": None,
        },
    }
