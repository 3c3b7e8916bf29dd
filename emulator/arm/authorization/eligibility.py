"""Privileged Identity Management: roles that a user could activate. They grant nothing until then."""

from __future__ import annotations

import uuid

from emulator import rbac, seed
from emulator.arm.authorization import filters
from emulator.arm.authorization.role_definitions import DEFINITIONS
from emulator.arm.core import scopes
from emulator.arm.core.guards import caller_of
from emulator.arm.core.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.roles import ROLES
from emulator.world import World

_TYPE = "Microsoft.Authorization/roleEligibilityScheduleInstances"
_ALL = f"/{{scope:path}}/providers/{_TYPE}"
_TERMS = {"astarget": "asTarget", "atscope": "atScope", "principalid": "principalId", "assignedto": "assignedTo"}


@ROUTER.add("GET", _ALL)
def list_instances(world: World, request: Request, scope: str) -> Reply:
    """List the eligible assignments at, above and below a scope; `atScope()` leaves out those below.

    `asTarget()` lists only the caller's own, which needs no permission; `az` and the portal ask so.
    """
    where, caller = scopes.parse(world, scope), caller_of(request)
    terms = filters.terms(request.query.get("$filter", ""), _TERMS)
    if "asTarget" not in terms:
        rbac.require(world, caller, f"{_TYPE}/read", where.id)
    asked = caller.object_id if "asTarget" in terms else terms.get("principalId", terms.get("assignedTo"))
    return Reply(
        body={
            "value": [
                found
                for found in _everywhere()
                if asked in (None, found["properties"]["principalId"]) and _reaches(found, where.id, terms)
            ]
        }
    )


@ROUTER.add("GET", _ALL + "/{name}")
def get_instance(world: World, request: Request, scope: str, name: str) -> Reply:
    """Return one eligible assignment by its name."""
    where = scopes.parse(world, scope)
    rbac.require(world, caller_of(request), f"{_TYPE}/read", where.id)
    for found in _everywhere():
        if found["name"] == name.lower() and found["properties"]["scope"] == where.id.lower():
            return Reply(body=found)
    raise Refused(404, "RoleEligibilityScheduleInstanceNotFound", f"There is no eligible assignment '{name}'.")


def _reaches(found: Json, scope: str, terms: dict[str, str]) -> bool:
    at = found["properties"]["scope"]
    return rbac.is_within(scope, at) or ("atScope" not in terms and rbac.is_within(at, scope))


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
    authorization, subscription = f"{scope}/providers/Microsoft.Authorization", scope.rpartition("/")[2]
    return {
        "id": f"{scope}/providers/{_TYPE}/{name}",
        "name": name,
        "type": _TYPE,
        "properties": {
            "roleEligibilityScheduleId": f"{authorization}/roleEligibilitySchedules/{name}",
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
