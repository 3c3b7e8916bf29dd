"""The tenant's authorization policy: what every member may do, and guests.

Its shape and defaults are those of authorizationPolicy in the Microsoft Graph reference. Stored as a document of kind
`policy`, once somebody has changed it.
"""

from __future__ import annotations

from emulator.graph import rights
from emulator.graph.odata import body_of, caller_of
from emulator.graph.refusals import bad, denied
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

KIND, KEY = "policy", "authorizationPolicy"
_PERMISSIONS = "defaultUserRolePermissions"
_DEFAULT: Json = {
    "id": KEY,
    "allowInvitesFrom": "everyone",
    "allowedToSignUpEmailBasedSubscriptions": True,
    "allowedToUseSSPR": True,
    "allowEmailVerifiedUsersToJoinOrganization": False,
    "allowUserConsentForRiskyApps": None,
    "blockMsolPowerShell": False,
    "displayName": "Authorization Policy",
    "description": "Used to manage authorization related settings across the company.",
    "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
    _PERMISSIONS: {
        "allowedToCreateApps": True,
        "allowedToCreateSecurityGroups": True,
        "allowedToCreateTenants": True,
        "allowedToReadBitlockerKeysForOwnedDevice": True,
        "allowedToReadOtherUsers": True,
        "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"],
    },
}


def policy(world: World) -> Json:
    """Return the policy."""
    return world.store.get(KIND, KEY) or _DEFAULT


@router.add("GET", "/v1.0/policies/authorizationPolicy", latency="graph_read")
def get_policy(world: World, request: Request) -> Reply:
    """Return the policy."""
    if not rights.may_read_policies(caller_of(request)):
        raise denied()
    context = {"@odata.context": f"{request.origin}/v1.0/$metadata#policies/authorizationPolicy/$entity"}
    return Reply(200, context | policy(world))


@router.add("PATCH", "/v1.0/policies/authorizationPolicy", latency="graph_write")
def update_policy(world: World, request: Request) -> Reply:
    """Change the policy; refuse (400) what it doesn't have."""
    if not rights.may_write_policies(caller_of(request)):
        raise denied()
    sent, present = body_of(request), policy(world)
    permissions = sent.pop(_PERMISSIONS, {})
    if {*sent} - {*present} or not isinstance(permissions, dict) or {*permissions} - {*present[_PERMISSIONS]}:
        raise bad("Invalid property in the authorization policy.")
    world.store.put(KIND, KEY, {**present, **sent, _PERMISSIONS: {**present[_PERMISSIONS], **permissions}})
    return Reply(204)
