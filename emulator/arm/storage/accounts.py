"""Storage accounts and their keys.

Refusals: Azure's, from https://learn.microsoft.com/rest/api/storagerp/srp_error_codes_common.
"""

from __future__ import annotations

import re
from functools import partial

from emulator.arm.core import access_keys, groups, resources
from emulator.arm.core.guards import may_act, may_delete, may_read, may_write
from emulator.arm.core.locations import refuse_moved, region_of
from emulator.arm.core.providers import require_registered
from emulator.arm.core.resource_bodies import ACCOUNT as TYPE
from emulator.arm.core.resource_bodies import ACCOUNT_KEY_SIZE, account
from emulator.arm.core.resource_bodies import STORAGE as PROVIDER
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.core.shape import TAGS, Shape, check
from emulator.arm.core.stamps import now
from emulator.arm.core.type_lists import serve_lists
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

ACCOUNT = GROUP + f"/providers/{TYPE}/{{name}}"
_NAME = re.compile(r"[a-z0-9]{3,24}")
_KINDS = ("BlobStorage", "BlockBlobStorage", "FileStorage", "Storage", "StorageV2")
_SETTINGS = {
    **dict.fromkeys(
        ("allowBlobPublicAccess", "allowCrossTenantReplication", "allowSharedKeyAccess", "enableExtendedGroups"), bool
    ),
    **dict.fromkeys(("defaultToOAuthAuthentication", "isHnsEnabled", "isLocalUserEnabled", "isNfsV3Enabled"), bool),
    **dict.fromkeys(("isSftpEnabled", "supportsHttpsTrafficOnly"), bool),
    **dict.fromkeys(("allowedCopyScope", "dnsEndpointType", "largeFileSharesState"), str),
    **dict.fromkeys(("azureFilesIdentityBasedAuthentication", "customDomain", "encryption", "keyPolicy"), dict),
    **dict.fromkeys(("dualStackEndpointPreference", "geoPriorityReplicationStatus", "networkAcls"), dict),
    **dict.fromkeys(("immutableStorageWithVersioning", "routingPreference", "sasPolicy"), dict),
    "accessTier": ("Cold", "Cool", "Hot", "Premium"),
    "minimumTlsVersion": ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
    "publicNetworkAccess": ("Disabled", "Enabled", "SecuredByPerimeter"),
}
_DEFINITION = Shape(
    "StorageAccountCreateParameters",
    {
        **dict.fromkeys(("extendedLocation", "placement", "identity"), dict),
        "kind": _KINDS,
        "location": str,
        "sku": Shape("Sku", {"name": str, "tier": str}, required=("name",)),
        "tags": TAGS,
        "zones": list,
        "properties": Shape("StorageAccountPropertiesCreateParameters", _SETTINGS),
    },
    required=("kind", "sku"),
)


serve_lists(TYPE, partial(resources.of_type, kind=TYPE))


@ROUTER.add("GET", ACCOUNT)
def get_account(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one account, without its keys; counts as an observation of work under way."""
    may_read(world, request, f"{TYPE}/read", id_of(groups.id_of(subscription, group), name))
    return Reply(body=public(existing(world, subscription, group, name)))


@ROUTER.add("PUT", ACCOUNT, latency="write")
def put_account(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (202 with the `Location` of the result) or update (200) an account; its name is globally unique."""
    may_write(world, request, f"{TYPE}/write", id_of(groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _DEFINITION)
    require_registered(world, subscription, PROVIDER)
    region = region_of(body.get("location"))
    if not _NAME.fullmatch(name):
        raise Refused(400, "AccountNameInvalid", _invalid(name))
    found = RESOURCES.find(world, id_of(within["id"], name))
    if found is not None:
        refuse_moved(found, region)
        RESOURCES.refuse_busy(found)
        RESOURCES.put(world, _changed(found, body))
        return Reply(200, public(found))
    if _taken(world, name):
        raise Refused(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")
    created = account(id_of(within["id"], name), region.name, now(), body["kind"], body["sku"]["name"])
    access_keys.create(world.store, created["id"], ACCOUNT_KEY_SIZE)
    resources.begin_creation(world, _changed(created, body), "Creating")
    return Reply(202, headers=RESOURCES.locate(world, request, created))


@ROUTER.add("DELETE", ACCOUNT, latency="write")
def delete_account(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Delete an account and its containers: 200, or 204 if there is none."""
    may_delete(world, request, f"{TYPE}/delete", id_of(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    found = RESOURCES.find(world, id_of(within["id"], name))
    if found is None:
        return Reply(204)
    RESOURCES.refuse_busy(found)
    RESOURCES.remove(world, found)
    return Reply(200)


@ROUTER.add("POST", ACCOUNT + "/listKeys")
def list_keys(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return the two keys."""
    may_act(world, request, f"{TYPE}/listKeys/action", id_of(groups.id_of(subscription, group), name))
    found = existing(world, subscription, group, name)
    times = found["properties"]["keyCreationTime"]
    keys = zip(("key1", "key2"), access_keys.of(world, found["id"]), strict=True)
    shown = [
        {"keyName": which, "value": key, "permissions": "Full", "creationTime": times[which]} for which, key in keys
    ]
    return Reply(body={"keys": shown})


@ROUTER.add("POST", SUBSCRIPTION + f"/providers/{PROVIDER}/checkNameAvailability")
def check_name(world: World, request: Request, subscription: str) -> Reply:
    """Say whether a name is well-formed (`AccountNameInvalid`) and free (`AlreadyExists`)."""
    may_act(world, request, f"{PROVIDER}/checknameavailability/read", f"/subscriptions/{subscription}")
    name = str(request.json().get("name", ""))
    if not _NAME.fullmatch(name):
        return Reply(body={"nameAvailable": False, "reason": "AccountNameInvalid", "message": _invalid(name)})
    if _taken(world, name):
        message = f"The storage account named {name} is already taken."
        return Reply(body={"nameAvailable": False, "reason": "AlreadyExists", "message": message})
    return Reply(body={"nameAvailable": True})


def id_of(group: str, name: str) -> str:
    """Return the id of an account; `group` is the group's id."""
    return f"{group}/providers/{TYPE}/{name}"


def existing(world: World, subscription: str, group: str, name: str) -> Json:
    """Return the account as it is now, which counts as an observation of it; refuse (404) an unknown one."""
    return RESOURCES.existing(world, groups.existing(world, subscription, group), TYPE, name)


def _changed(found: Json, body: Json) -> Json:
    if body.get("tags") is not None:
        found["tags"] = body["tags"]
    found["properties"] |= {key: value for key, value in (body.get("properties") or {}).items() if value is not None}
    return found


def _taken(world: World, name: str) -> bool:
    return any(other["name"] == name.lower() for other in resources.of_type(world, "", TYPE))


def _invalid(name: str) -> str:
    return (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
        "length and use numbers and lower-case letters only."
    )
