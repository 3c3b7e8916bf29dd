"""Azure RBAC: role assignments, the roles that they grant, and inheritance from scope to scope."""

from __future__ import annotations

import re
from functools import cache

from emulator.messages import Caller, Json, Refused
from emulator.roles import ROLES, Role
from emulator.world import World


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


def granting(world: World, object_id: str, action: str, scope: str, *, data: bool = False) -> list[Json]:
    """Return the role assignments that grant `action` at `scope` to the principal."""
    return [found for found in assignments(world, object_id, scope) if grants(role_of(found), action, data=data)]


def assignments(world: World, object_id: str, scope: str) -> list[Json]:
    """Return the role assignments of the principal at `scope` and above it."""
    return [
        found
        for _, found in world.store.list("roleAssignment")
        if found["properties"]["principalId"].lower() == object_id.lower()
        and is_within(scope, found["properties"]["scope"])
    ]


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
    """Whether `scope` is `ancestor` or lies below it."""
    low, high = scope.rstrip("/").lower(), ancestor.rstrip("/").lower()
    return low == high or low.startswith(f"{high}/")


def is_assignable(role: Role, scope: str) -> bool:
    """Whether the role can be assigned at `scope`."""
    return any(is_within(scope, assignable) for assignable in role.assignable_scopes)


def grants(role: Role, action: str, *, data: bool) -> bool:
    """Whether the role allows `action`: it matches an (data) action and no not(data)action."""
    yes, no = (role.data_actions, role.not_data_actions) if data else (role.actions, role.not_actions)
    return any(_matches(pattern, action) for pattern in yes) and not any(_matches(pattern, action) for pattern in no)


def _matches(pattern: str, action: str) -> bool:
    return bool(_compiled(pattern).fullmatch(action))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
