"""User-assigned managed identities: the operations of Microsoft.ManagedIdentity."""

from __future__ import annotations

import re

from emulator import regions, seed
from emulator.arm.authorization import identities
from emulator.arm.authorization.identities import IDENTITIES
from emulator.arm.core import groups
from emulator.arm.core.guards import may_delete, may_read, may_write
from emulator.arm.core.locations import refuse_moved, region_of
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.arm.core.type_lists import serve_lists
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

_MANY = f"/providers/{identities.TYPE}"
_IDENTITY = GROUP + _MANY + "/{name}"
_NAME = re.compile(r"[A-Za-z0-9][\w-]{2,127}", re.ASCII)
_READ_ONLY = dict.fromkeys(("principalId", "clientId", "tenantId"), ANY)
_SHAPE = Shape(
    "Identity",
    {
        **dict.fromkeys(("id", "name", "type", "systemData"), ANY),
        "location": str,
        "tags": TAGS,
        "properties": Shape("UserAssignedIdentityProperties", {**_READ_ONLY, "isolationScope": ("None", "Regional")}),
    },
)


serve_lists(identities.TYPE, IDENTITIES.under)


@ROUTER.add("GET", _IDENTITY)
def get_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one identity."""
    may_read(world, request, f"{identities.TYPE}/read", _id(groups.id_of(subscription, group), name))
    return Reply(body=_served(request, _existing(world, subscription, group, name)))


@ROUTER.add("PUT", _IDENTITY, latency="write")
def put_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (201) or update (200) an identity. The directory's replicas show its principal late."""
    may_write(world, request, f"{identities.TYPE}/write", _id(groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _SHAPE)
    region = region_of(body.get("location"), resource_type=identities.TYPE)
    if not _NAME.fullmatch(name):
        raise Refused(
            400,
            "InvalidResourceName",
            f"The resource name '{name}' is invalid: 3 to 128 letters, digits, '-' and '_', a letter or digit first.",
        )
    found = IDENTITIES.find(world, _id(within["id"], name))
    if found is None:
        # Recorded: in lower case, whatever was asked.
        identifier = _id(within["id"], name).replace("/resourceGroups/", "/resourcegroups/", 1)
        created = _new(world, identifier, region)
        _change(world, created, {"tags": {}, **body})
        return Reply(201, _served(request, created), {"Location": identifier})
    refuse_moved(found, region, within["name"])
    _change(world, found, {"tags": {}, **body})
    return Reply(200, _served(request, found))


@ROUTER.add("PATCH", _IDENTITY, latency="write")
def patch_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Change the tags of an identity."""
    may_write(world, request, f"{identities.TYPE}/write", _id(groups.id_of(subscription, group), name))
    groups.writable(world, subscription, group)
    found = _existing(world, subscription, group, name)
    body = request.json()
    check(body, _SHAPE)
    _change(world, found, body)
    return Reply(200, _served(request, found))


@ROUTER.add("DELETE", _IDENTITY, latency="write")
def delete_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Delete an identity: 200, or 204 if there is none. Resources that have it still name it, but can't use it."""
    may_delete(world, request, f"{identities.TYPE}/delete", _id(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    found = IDENTITIES.find(world, _id(within["id"], name))
    if found is None:
        return Reply(204)
    IDENTITIES.remove(world, found)
    return Reply(200)


def _served(request: Request, identity: Json) -> Json:
    """Return the identity as its api-version shows it: `isolationScope` is of 2024."""
    if request.query["api-version"] >= "2024":
        return identity
    shown = {name: value for name, value in identity["properties"].items() if name != "isolationScope"}
    return {**identity, "properties": shown}


def _id(group: str, name: str) -> str:
    return f"{group}{_MANY}/{name}"


def _existing(world: World, subscription: str, group: str, name: str) -> Json:
    return IDENTITIES.existing(world, groups.existing(world, subscription, group), identities.TYPE, name)


def _new(world: World, identifier: str, region: regions.Region) -> Json:
    name = identifier.rpartition("/")[2]
    principal = identities.new_principal(world, name, identifier, explicit=True)
    return {
        "id": identifier,
        "name": name,
        "type": identities.TYPE,
        "location": region.name,
        "tags": {},
        "properties": {
            "tenantId": seed.TENANT,
            "principalId": principal["id"],
            "clientId": principal["appId"],
            "isolationScope": "None",
        },
    }


def _change(world: World, identity: Json, body: Json) -> None:
    if "tags" in body:
        identity["tags"] = body["tags"] or {}
    if isolation := (body.get("properties") or {}).get("isolationScope"):
        identity["properties"]["isolationScope"] = isolation
    IDENTITIES.put(world, identity)
