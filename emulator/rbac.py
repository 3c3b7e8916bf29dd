"""Azure RBAC: role assignments, the roles that they grant, inheritance from scope to scope, and groups.

A condition (ABAC) on writing role assignments is evaluated, in `conditions.py`. One on data actions is not: it excludes
the actions that its `ActionMatches` name, and everything where it names none. Other actions are granted, as Azure's
conditions are written: `!(ActionMatches{'…'})`. One with `ActionMatches` that isn't negated is taken to grant nothing.
Source: "Azure role assignment condition format and syntax" in the Azure documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from emulator.conditions import is_fulfilled
from emulator.messages import Caller, Json, Refused
from emulator.roles import ROLES, Role
from emulator.world import World

_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"
_NEGATED = re.compile(r"!\s*\(([^()]*)\)")
_ACTION_MATCHES = re.compile(r"ActionMatches\s*\{\s*'([^']*)'\s*\}", re.IGNORECASE)


def allowed(world: World, object_id: str, action: str, scope: str, *, data: bool = False) -> bool:
    """Whether an assignment at `scope` or above grants `action` (a data action with `data`) to the principal."""
    return bool(granting(world, object_id, action, scope, data=data))


def require(world: World, caller: Caller, action: str, scope: str) -> None:
    """Refuse (403 `AuthorizationFailed`) what `caller` may not do at `scope`, whether or not the scope exists."""
    if not allowed(world, caller.object_id, action, scope):
        raise refusal(caller, action, scope)


def refusal(caller: Caller, action: str, scope: str) -> Refused:
    """Return Azure's 403 `AuthorizationFailed`, which names client, object id, action and scope."""
    return Refused(
        403,
        "AuthorizationFailed",
        f"The client '{caller.name}' with object id '{caller.object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials.",
    )


def require_assignment(world: World, caller: Caller, action: str, scope: str, attributes: Mapping[str, str]) -> None:
    """Refuse (403) what no assignment grants for a role assignment of these attributes, by its condition.

    Text: microsoft/AzureTRE#4278.
    """
    require(world, caller, action, scope)
    found = [assignment["properties"] for assignment in granting(world, caller.object_id, action, scope)]
    if not any(is_fulfilled(properties.get("condition") or "", action, attributes) for properties in found):
        raise Refused(
            403,
            "AuthorizationFailed",
            f"The client '{caller.name}' with object id '{caller.object_id}' has an authorization with ABAC condition "
            f"that is not fulfilled to perform action '{action}' over scope '{scope}' or the scope is invalid. If "
            "access was recently granted, please refresh your credentials.",
        )


def granting(world: World, object_id: str, action: str, scope: str, *, data: bool = False) -> list[Json]:
    """Return the role assignments that grant `action` at `scope` to the principal."""
    return [
        found
        for found in assignments(world, object_id, scope)
        if grants(role_of(found), action, data=data)
        and not (data and _excludes(found["properties"].get("condition"), action))
    ]


def assignments(world: World, object_id: str, scope: str) -> list[Json]:
    """Return the role assignments of the principal, and of the groups that it is in, at `scope` and above it."""
    principals = with_groups(world, object_id)
    return [
        found
        for _, found in world.store.list("roleAssignment")
        if found["properties"]["principalId"].lower() in principals and is_within(scope, found["properties"]["scope"])
    ]


def with_groups(world: World, object_id: str) -> frozenset[str]:
    """Return the lower-cased ids of a principal and of the groups that it is in, directly or through other groups."""
    groups = {key: {member.lower() for member in body.get("_members", ())} for key, body in world.store.list("group")}
    found, fresh = {object_id.lower()}, {object_id.lower()}
    while fresh:
        fresh = {key for key, members in groups.items() if members & fresh} - found
        found |= fresh
    return frozenset(found)


def remove_within(world: World, scope: str) -> None:
    """Remove the role assignments at a scope and below it."""
    for key, assignment in world.store.list("roleAssignment"):
        if is_within(assignment["properties"]["scope"], scope):
            world.store.delete("roleAssignment", key)


def role_of(assignment: Json) -> Role:
    """Return the role that an assignment grants."""
    return ROLES[assignment["properties"]["roleDefinitionId"].rpartition("/")[2].lower()]


def effect_key(assignment: Json) -> str:
    """Return the lag key of the data plane's delay in seeing an assignment."""
    return f"role_effect/{assignment['id'].lower()}"


def is_within(scope: str, ancestor: str) -> bool:
    """Whether `scope` is `ancestor` or lies below it. All subscriptions are in every management group."""
    low, high = scope.rstrip("/").lower(), ancestor.rstrip("/").lower()
    if high.startswith(_MANAGEMENT_GROUPS) and low.startswith("/subscriptions/"):
        return True
    return low == high or low.startswith(f"{high}/")


def is_assignable(role: Role, scope: str) -> bool:
    """Whether the role can be assigned at `scope`."""
    return any(is_within(scope, assignable) for assignable in role.assignable_scopes)


def grants(role: Role, action: str, *, data: bool) -> bool:
    """Whether the role allows `action`: it matches an (data) action and no not(data)action."""
    yes, no = (role.data_actions, role.not_data_actions) if data else (role.actions, role.not_actions)
    return any(_matches(pattern, action) for pattern in yes) and not any(_matches(pattern, action) for pattern in no)


def _excludes(condition: str | None, action: str) -> bool:
    targets = _ACTION_MATCHES.findall(condition or "")
    if not targets or _ACTION_MATCHES.search(_NEGATED.sub("", condition or "")):
        return bool(condition)
    return any(_matches(target, action) for target in targets)


def _matches(pattern: str, action: str) -> bool:
    return bool(_compiled(pattern).fullmatch(action))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
