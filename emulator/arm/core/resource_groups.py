"""Resource groups: create, update, delete with all that is inside, list."""

from __future__ import annotations

import re

from emulator.arm.core import groups, operations
from emulator.arm.core.errors import invalid_content
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.guards import may_delete, may_read, may_write, readable
from emulator.arm.core.lifecycle import is_deleting
from emulator.arm.core.locations import region_of
from emulator.arm.core.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.arm.core.shape import ANY, TAGS, Shape, check
from emulator.messages import Json, Refused, Reply, Request
from emulator.store import public
from emulator.world import World

_ACTION = "Microsoft.Resources/subscriptions/resourceGroups"
_READ_ONLY = {"id": ANY, "name": ANY, "type": ANY, "properties": ANY, "systemData": ANY}
_DEFINITION = Shape("ResourceGroupDefinition", {**_READ_ONLY, "location": str, "managedBy": str, "tags": TAGS})
_PATCH = Shape("ResourceGroupPatchDefinition", {"name": str, "properties": ANY, "managedBy": str, "tags": TAGS})
_FILTER = re.compile(r"tagName eq '(?P<name>[^']*)'(?: and tagValue eq '(?P<value>[^']*)')?", re.IGNORECASE)


@ROUTER.add("GET", SUBSCRIPTION + "/resourceGroups")
def list_groups(world: World, request: Request, subscription: str) -> Reply:
    """List the groups that the caller may read; `$filter` by tag, `$top`."""
    scope = f"/subscriptions/{subscription}"
    found = readable(world, request, f"{_ACTION}/read", scope, GROUPS.under(world, scope))
    if expression := request.query.get("$filter"):
        match = _FILTER.fullmatch(expression.strip())
        if not match:
            raise Refused(
                400, "InvalidFilterInQueryString", f"Invalid $filter '{expression}' specified in the query string."
            )
        found = [group for group in found if _has_tag(group, match["name"], match["value"])]
    if top := request.query.get("$top"):
        found = found[: int(top)] if top.isdigit() else found
    return Reply(body={"value": [public(group) for group in found]})


@ROUTER.add("GET", GROUP)
def get_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Return one group."""
    may_read(world, request, f"{_ACTION}/read", groups.id_of(subscription, group))
    return Reply(body=public(groups.existing(world, subscription, group, observe=True)))


@ROUTER.add("HEAD", GROUP)
def group_exists(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Answer 204 if the group exists, 404 without content if not."""
    may_read(world, request, f"{_ACTION}/read", groups.id_of(subscription, group))
    return Reply(204 if groups.find(world, subscription, group, observe=True) else 404)


@ROUTER.add("PUT", GROUP, latency="group")
def put_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Create (201) or update (200) a group. Another location is refused (409); the first spelling of the name stays."""
    identifier = groups.id_of(subscription, group)
    may_write(world, request, f"{_ACTION}/write", identifier)
    groups.check_name(group)
    body = request.json()
    check(body, _DEFINITION)
    region = region_of(body.get("location"), for_groups=True)
    found = groups.find(world, subscription, group, observe=True)
    if found is None:
        created = {
            "id": identifier,
            "name": group,
            "type": "Microsoft.Resources/resourceGroups",
            "location": region.name,
            **({"tags": body["tags"]} if body.get("tags") else {}),
            "properties": {"provisioningState": "Succeeded"},
        }
        GROUPS.put(world, _managed(created, body))
        return Reply(201, public(created))
    GROUPS.refuse_busy(found)
    if found["location"] != region.name:
        raise Refused(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{body['location']}'. The Resource group already exists in location "
            f"'{found['location']}'.",
        )
    found.pop("tags", None)
    if body.get("tags"):
        found["tags"] = body["tags"]
    GROUPS.put(world, _managed(found, body))
    return Reply(200, public(found))


@ROUTER.add("PATCH", GROUP, latency="group")
def patch_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Update the tags of a group."""
    may_write(world, request, f"{_ACTION}/write", groups.id_of(subscription, group))
    found = groups.existing(world, subscription, group, observe=True)
    GROUPS.refuse_busy(found)
    body = request.json()
    check(body, _PATCH)
    if body.get("name") and body["name"].lower() != found["name"].lower():
        raise invalid_content(f"Resource group '{found['name']}' cannot be renamed")
    if "tags" in body:
        found["tags"] = body["tags"] or {}
    GROUPS.put(world, _managed(found, body))
    return Reply(200, public(found))


@ROUTER.add("DELETE", GROUP)
def delete_group(world: World, request: Request, subscription: str, group: str) -> Reply:
    """Begin the deletion (202 with `Location`) of the group and all that is in it."""
    may_delete(world, request, f"{_ACTION}/delete", groups.id_of(subscription, group))
    found = groups.existing(world, subscription, group)
    if not is_deleting(found):
        GROUPS.begin(world, found, "Deleting")
    return Reply(202, headers=operations.located(world, request, found["_operation"]))


def _managed(group: Json, body: Json) -> Json:
    if body.get("managedBy"):
        group["managedBy"] = body["managedBy"]
    return group


def _has_tag(group: Json, name: str, value: str | None) -> bool:
    tags = {key.lower(): tag for key, tag in group.get("tags", {}).items()}
    return name.lower() in tags and value in (None, tags[name.lower()])
