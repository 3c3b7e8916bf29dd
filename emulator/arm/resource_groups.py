"""Resource groups: create, update, delete with all that is inside, list."""

from __future__ import annotations

import re

from emulator import regions
from emulator.arm import groups, operations
from emulator.arm.errors import invalid_content, listing, location_required
from emulator.arm.guards import may_delete, may_read, may_write, readable
from emulator.arm.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.shape import ANY, TAGS, Shape, check
from emulator.web import Json, Refused, Reply, Request
from emulator.world import World

_ACTION = "Microsoft.Resources/subscriptions/resourceGroups"
_READ_ONLY = {"id": ANY, "name": ANY, "type": ANY, "properties": ANY, "systemData": ANY}
_DEFINITION = Shape("ResourceGroupDefinition", {**_READ_ONLY, "location": str, "managedBy": str, "tags": TAGS})
_PATCH = Shape("ResourceGroupPatchDefinition", {"name": str, "properties": ANY, "managedBy": str, "tags": TAGS})
_FILTER = re.compile(r"tagName eq '(?P<name>[^']*)'(?: and tagValue eq '(?P<value>[^']*)')?", re.IGNORECASE)


@ROUTER.add("GET", SUBSCRIPTION + "/resourceGroups")
def list_groups(world: World, request: Request, subscription: str) -> Reply:
    """List the groups that the caller may read; `$filter` by tag, `$top`."""
    found = groups.in_subscription(world, subscription)
    found = readable(world, request, f"{_ACTION}/read", f"/subscriptions/{subscription}", found)
    if wanted := request.query.get("$filter"):
        match = _FILTER.fullmatch(wanted.strip())
        if not match:
            raise Refused(
                400, "InvalidFilterInQueryString", f"Invalid $filter '{wanted}' specified in the query string."
            )
        found = [group for group in found if _has_tag(group, match["name"], match["value"])]
    if top := request.query.get("$top"):
        found = found[: int(top)] if top.isdigit() else found
    return Reply(body={"value": [groups.served(group) for group in found]})


@ROUTER.add("GET", GROUP)
def get_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Return one group."""
    may_read(world, request, f"{_ACTION}/read", groups.id_of(subscription, group))
    return Reply(body=groups.served(groups.existing(world, subscription, group, observe=True)))


@ROUTER.add("HEAD", GROUP)
def group_exists(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Answer 204 if the group exists, 404 without content if not."""
    may_read(world, request, f"{_ACTION}/read", groups.id_of(subscription, group))
    return Reply(204 if groups.find(world, subscription, group, observe=True) else 404)


@ROUTER.add("PUT", GROUP, latency="group")
def put_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Create (201) or update (200) a group. The location of an existing one stays (409), the name's first case too."""
    identifier = groups.id_of(subscription, group)
    may_write(world, request, f"{_ACTION}/write", identifier)
    groups.check_name(group)
    body = request.json()
    check(body, _DEFINITION)
    region = _region(body)
    found = groups.find(world, subscription, group, observe=True)
    if found is None:
        created = {
            "id": identifier,
            "name": group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": region.name,
            "tags": body.get("tags") or {},
            "properties": {"provisioningState": "Succeeded"},
        }
        world.store.put("resourceGroup", identifier, _managed(created, body))
        return Reply(201, groups.served(created))
    groups.refuse_deleting(found)
    if found["location"] != region.name:
        raise Refused(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{body['location']}'. The Resource group already exists in location "
            f"'{found['location']}'.",
        )
    found["tags"] = body.get("tags") or {}
    world.store.put("resourceGroup", identifier, _managed(found, body))
    return Reply(200, groups.served(found))


@ROUTER.add("PATCH", GROUP, latency="group")
def patch_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Update the tags of a group."""
    may_write(world, request, f"{_ACTION}/write", groups.id_of(subscription, group))
    found = groups.existing(world, subscription, group, observe=True)
    groups.refuse_deleting(found)
    body = request.json()
    check(body, _PATCH)
    if body.get("name") and body["name"].lower() != found["name"].lower():
        raise invalid_content(f"Resource group '{found['name']}' cannot be renamed")
    if "tags" in body:
        found["tags"] = body["tags"] or {}
    world.store.put("resourceGroup", found["id"], _managed(found, body))
    return Reply(200, groups.served(found))


@ROUTER.add("DELETE", GROUP)
def delete_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Begin the deletion (202 with `Location`) of the group and all that is in it."""
    may_delete(world, request, f"{_ACTION}/delete", groups.id_of(subscription, group))
    found = groups.existing(world, subscription, group)
    if not groups.is_deleting(found):
        world.lag.begin(groups.lag_key(found), "group_deletion")
        found["properties"]["provisioningState"] = "Deleting"
        found["_operation"] = operations.start(world, subscription, groups.KIND, found["id"])
        world.store.put("resourceGroup", found["id"], found)
    return Reply(202, headers=operations.located(world, request, found["_operation"], groups.lag_key(found)))


def _region(body: Json) -> regions.Region:
    location = body.get("location")
    if not location:
        raise location_required()
    region = regions.find(location)
    if region is None:
        raise Refused(
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{location}' is not available for resource group. List of available regions is "
            f"'{listing(regions.REGIONS)}'.",
        )
    return region


def _managed(group: Json, body: Json) -> Json:
    if body.get("managedBy"):
        group["managedBy"] = body["managedBy"]
    return group


def _has_tag(group: Json, name: str, value: str | None) -> bool:
    tags = {key.lower(): tag for key, tag in group.get("tags", {}).items()}
    return name.lower() in tags and value in (None, tags[name.lower()])
