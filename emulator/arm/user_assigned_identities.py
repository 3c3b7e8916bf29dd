"""User-assigned managed identities: the operations of Microsoft.ManagedIdentity."""

from __future__ import annotations

import re

from emulator import regions, seed
from emulator.arm import children, groups, identities, instances
from emulator.arm.errors import listing, location_required, resource_not_found
from emulator.arm.guards import caller_of, may_delete, may_read, may_write, readable
from emulator.arm.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.shape import ANY, TAGS, Shape, check
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

_MANY = f"/providers/{identities.TYPE}"
_ONE = GROUP + _MANY + "/{name}"
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


@ROUTER.add("GET", SUBSCRIPTION + _MANY)
def list_in_subscription(world: World, request: Request, subscription: str) -> Reply:
    """List the identities of a subscription."""
    scope = f"/subscriptions/{subscription}"
    return Reply(body={"value": readable(world, request, f"{identities.TYPE}/read", scope, _under(world, scope))})


@ROUTER.add("GET", GROUP + _MANY)
def list_in_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """List the identities of a group."""
    scope = groups.id_of(subscription, group)
    found = readable(world, request, f"{identities.TYPE}/read", scope, _under(world, scope))
    groups.existing(world, subscription, group)
    return Reply(body={"value": found})


@ROUTER.add("GET", _ONE)
def get_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Return one identity."""
    may_read(world, request, f"{identities.TYPE}/read", _id(groups.id_of(subscription, group), name))
    return Reply(body=_existing(world, subscription, group, name))


@ROUTER.add("PUT", _ONE, latency="write")
def put_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Create (201) or update (200) an identity: at once, but the directory's replicas learn of its principal late."""
    may_write(world, request, f"{identities.TYPE}/write", _id(groups.id_of(subscription, group), name))
    within = groups.writable(world, subscription, group)
    body = request.json()
    check(body, _SHAPE)
    if not body.get("location"):
        raise location_required()
    region = _region(body["location"])
    if not _NAME.fullmatch(name):
        raise Refused(
            400,
            "InvalidResourceName",
            f"The resource name '{name}' is invalid: 3 to 128 letters, digits, '-' and '_', a letter or digit first.",
        )
    found = identities.find(world, _id(within["id"], name))
    if found is None:
        made = _made(world, _id(within["id"], name), region)
        made["systemData"] = instances.touched(caller_of(request), None)
        _change(world, made, {"tags": {}, **body})
        return Reply(201, made)
    if found["location"] != region.name:
        raise Refused(
            409,
            "InvalidResourceLocation",
            f"The resource '{found['name']}' already exists in location '{found['location']}' in resource group "
            f"'{within['name']}'. A resource with the same name cannot be created in location '{region.name}'. "
            "Please select a new resource name.",
        )
    _change(world, found, {"tags": {}, **body})
    return Reply(200, found)


@ROUTER.add("PATCH", _ONE, latency="write")
def patch_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Change the tags of an identity."""
    may_write(world, request, f"{identities.TYPE}/write", _id(groups.id_of(subscription, group), name))
    groups.writable(world, subscription, group)
    found = _existing(world, subscription, group, name)
    body = request.json()
    check(body, _SHAPE)
    _change(world, found, body)
    return Reply(200, found)


@ROUTER.add("DELETE", _ONE, latency="write")
def delete_identity(world: World, request: Request, subscription: str, group: str, name: str) -> Reply:
    """Delete an identity: 200, or 204 if there is none. Resources that have it go on naming it, to no avail."""
    may_delete(world, request, f"{identities.TYPE}/delete", _id(groups.id_of(subscription, group), name))
    within = groups.existing(world, subscription, group)
    found = identities.find(world, _id(within["id"], name))
    if found is None:
        return Reply(204)
    children.remove_identity(world, found)
    return Reply(200)


def _under(world: World, scope: str) -> list[Json]:
    return [body for _, body in world.store.list(identities.KIND, f"{scope}/")]


def _id(group: str, name: str) -> str:
    return f"{group}{_MANY}/{name}"


def _existing(world: World, subscription: str, group: str, name: str) -> Json:
    within = groups.existing(world, subscription, group)
    found = identities.find(world, _id(within["id"], name))
    if found is None:
        raise resource_not_found(identities.TYPE, name, within["name"])
    return found


def _region(location: str) -> regions.Region:
    region = regions.find(location)
    if region is None:
        raise Refused(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{identities.TYPE}'. List of "
            f"available regions for the resource type is '{listing(regions.REGIONS)}'.",
        )
    return region


def _made(world: World, identifier: str, region: regions.Region) -> Json:
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
    world.store.put(identities.KIND, identity["id"], identity)
