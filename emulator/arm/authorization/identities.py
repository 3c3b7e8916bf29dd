"""Managed identities of a Digital Twins instance: the system-assigned one and user-assigned ones.

Refusals: Azure's, as quoted in the public issues azure-rest-api-specs#17650 and azure-cli#31837
(`FailedIdentityOperation`) and terraform-provider-azurerm#17082 (`MissingIdentityIds`).
"""

from __future__ import annotations

import json
import re
import uuid

from emulator import rbac, seed
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.lifecycle import Lifecycle
from emulator.graph import principals, replicas
from emulator.messages import Caller, Json, Refused
from emulator.world import World

TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
IDENTITIES = Lifecycle("userAssignedIdentity", {}, parent=GROUPS)
"""User-assigned identities: they are created and deleted at once."""
SYSTEM = "SystemAssigned"
_ID = re.compile(rf"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{TYPE}/[^/]+", re.IGNORECASE)


@IDENTITIES.when_removed
def _remove_principal_and_assignments(world: World, identity: Json) -> None:
    remove_principal(world, identity["properties"]["principalId"])
    rbac.remove_within(world, identity["id"])


def new_principal(world: World, name: str, resource: str, *, explicit: bool) -> Json:
    """Create the service principal of a managed identity and return it; `explicit` ones are resources of their own."""
    principal, app = str(uuid.uuid4()), str(uuid.uuid4())
    body = {
        "id": principal,
        "appId": app,
        "displayName": name,
        "servicePrincipalType": "ManagedIdentity",
        "accountEnabled": True,
        "alternativeNames": [f"isExplicit={explicit}", resource],
        "servicePrincipalNames": [app],
    }
    replicas.write(world, "servicePrincipal", principal, body)
    world.lag.begin(f"principal/{principal}", "principal")
    return body


def remove_principal(world: World, principal: str) -> None:
    """Remove the service principal of a managed identity from the directory; its role assignments stay behind."""
    if found := world.store.get("servicePrincipal", principal):
        principals.remove(world, found)


def assigned(resource: Json) -> dict[str, str]:
    """Return the object ids of a resource's identities, by `SystemAssigned` or by lower-cased resource id."""
    identity = resource.get("identity") or {}
    found = {
        key.lower(): str(entry["principalId"]) for key, entry in (identity.get("userAssignedIdentities") or {}).items()
    }
    return {SYSTEM: identity["principalId"], **found} if identity.get("principalId") else found


def requested(world: World, caller: Caller, resource: Json, asked: Json, *, patch: bool) -> Json:
    """Return the identity that a PUT (which replaces) or PATCH (which merges; null removes) asks for; changes nothing.

    Refused: identities that don't exist, or that the caller may not assign, and ids that don't go with the type.
    """
    kinds, ids = asked["type"].split(","), asked.get("userAssignedIdentities")
    if "UserAssigned" not in kinds:
        if ids is not None:
            message = "a non-UserAssigned identity type should not contain: userAssignedIdentities"
            raise _failed(resource, f"The request format was unexpected, {message}")
        return {"type": asked["type"]}
    present = (resource.get("identity") or {}).get("userAssignedIdentities") or {}
    chosen = dict(present) if patch else {}
    spelling = {key.lower(): key for key in present}
    for identifier, value in (ids or {}).items():
        key = spelling.get(identifier.lower(), identifier)
        if value is None:
            chosen.pop(key, None)
        else:
            identity = _assignable(world, caller, resource, identifier, new=key not in present)
            chosen[identity["id"]] = {name: identity["properties"][name] for name in ("principalId", "clientId")}
    if not chosen:
        message = "The identity ids must not be null or empty for 'UserAssigned' identity type."
        raise Refused(400, "MissingIdentityIds", message)
    return {"type": asked["type"], "userAssignedIdentities": chosen}


def give(world: World, resource: Json, identity: Json) -> None:
    """Give the resource the identity that `requested` returned: a system-assigned one that it has stays the same.

    With type None the resource shows null, and with any other the tenant, as the live tests of the azure-iot extension
    of az find it.
    """
    before = resource.get("identity") or {}
    after = {"type": identity["type"], "tenantId": seed.TENANT}
    if SYSTEM in identity["type"].split(","):
        after["principalId"] = before.get("principalId") or _system_principal(world, resource)
    elif before.get("principalId"):
        remove_principal(world, before["principalId"])
    if chosen := identity.get("userAssignedIdentities"):
        after["userAssignedIdentities"] = chosen
    resource["identity"] = None if identity["type"] == "None" else after


def _system_principal(world: World, resource: Json) -> str:
    return str(new_principal(world, resource["name"], resource["id"], explicit=False)["id"])


def _assignable(world: World, caller: Caller, resource: Json, identifier: str, *, new: bool) -> Json:
    if not _ID.fullmatch(identifier):
        raise _failed(resource, f"The resource id '{identifier}' of the user-assigned identity is invalid.")
    action = f"{TYPE}/assign/action"
    if new and not rbac.allowed(world, caller.object_id, action, identifier):
        raise Refused(
            403,
            "LinkedAuthorizationFailed",
            f"The client '{caller.name}' with object id '{caller.object_id}' has permission to perform action "
            f"'{resource['type']}/write' on scope '{resource['id']}'; however, it does not have permission to perform "
            f"action(s) '{action}' on the linked scope(s) '{identifier}' (respectively) or the linked scope(s) are "
            "invalid.",
        )
    found = IDENTITIES.find(world, identifier)
    if found is None:
        raise _failed(resource, f"Resource '{identifier}' was not found.")
    return found


def _failed(resource: Json, message: str) -> Refused:
    response = json.dumps({"error": {"code": "BadRequest", "message": message}}, separators=(",", ":"))
    return Refused(
        400,
        "FailedIdentityOperation",
        f"Identity operation for resource '{resource['id']}' failed with error 'Failed to perform resource identity "
        f"operation. Status: 'BadRequest'. Response: '{response}'.'.",
    )
