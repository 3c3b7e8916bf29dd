"""Privileged Identity Management: roles that somebody could activate, which grant nothing until then."""

from __future__ import annotations

import uuid

from emulator import rbac, seed
from emulator.arm import filters, scopes
from emulator.arm.guards import caller_of
from emulator.arm.role_definitions import DEFINITIONS
from emulator.arm.routes import ROUTER
from emulator.roles import ROLES
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

_TYPE = "Microsoft.Authorization/roleEligibilityScheduleInstances"
_ALL = f"/{{scope:path}}/providers/{_TYPE}"
_TERMS = {"astarget": "asTarget", "atscope": "atScope", "principalid": "principalId", "assignedto": "assignedTo"}


@ROUTER.add("GET", _ALL)
def list_instances(world: World, request: Request, scope: str) -> Reply:
    """List what is eligible at, above and below a scope; `atScope()` leaves out what is below.

    `asTarget()` leaves only the caller's own, for which no permission is needed, as `az` and the portal ask it.
    """
    where, caller = scopes.parse(world, scope), caller_of(request)
    wanted = filters.terms(request.query.get("$filter", ""), _TERMS)
    if "asTarget" not in wanted:
        rbac.require(world, caller, f"{_TYPE}/read", where.id)
    asked = caller.object_id if "asTarget" in wanted else wanted.get("principalId", wanted.get("assignedTo"))
    return Reply(
        body={
            "value": [
                found
                for found in _everywhere()
                if asked in (None, found["properties"]["principalId"]) and _reaches(found, where.id, wanted)
            ]
        }
    )


@ROUTER.add("GET", _ALL + "/{name}")
def get_instance(world: World, request: Request, scope: str, name: str) -> Reply:
    """Return one by its name."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{_TYPE}/read", where.id)
    for found in _everywhere():
        if found["name"] == name.lower() and found["properties"]["scope"] == where.id.lower():
            return Reply(body=found)
    raise Refused(404, "RoleEligibilityScheduleInstanceNotFound", f"There is no eligible assignment '{name}'.")


def _reaches(found: Json, scope: str, wanted: dict[str, str]) -> bool:
    at = found["properties"]["scope"]
    return rbac.is_within(scope, at) or ("atScope" not in wanted and rbac.is_within(at, scope))


def _everywhere() -> list[Json]:
    return [
        _instance(user, f"/subscriptions/{subscription}")
        for user in seed.USERS.values()
        for subscription in seed.SUBSCRIPTIONS
        if user.eligible
    ]


def _instance(user: seed.User, scope: str) -> Json:
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/{user.object_id}/{user.eligible}"))
    role = f"{scope}{DEFINITIONS}/{user.eligible}"
    here, subscription = f"{scope}/providers/Microsoft.Authorization", scope.rpartition("/")[2]
    return {
        "id": f"{scope}/providers/{_TYPE}/{name}",
        "name": name,
        "type": _TYPE,
        "properties": {
            "roleEligibilityScheduleId": f"{here}/roleEligibilitySchedules/{name}",
            "scope": scope,
            "roleDefinitionId": role,
            "principalId": user.object_id,
            "principalType": "User",
            "status": "Provisioned",
            "startDateTime": seed.SEEDED_AT,
            "memberType": "Direct",
            "createdOn": seed.SEEDED_AT,
            "expandedProperties": {
                "scope": {"id": scope, "displayName": seed.SUBSCRIPTIONS[subscription], "type": "subscription"},
                "roleDefinition": {"id": role, "displayName": ROLES[user.eligible].name, "type": "BuiltInRole"},
                "principal": {
                    "id": user.object_id,
                    "displayName": user.display_name,
                    "email": user.mail,
                    "type": "User",
                },
            },
        },
    }
