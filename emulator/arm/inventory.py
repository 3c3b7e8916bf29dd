"""What exists in Resource Manager."""

from __future__ import annotations

from emulator import rbac
from emulator.arm import children, groups, identities, instances, providers, resources
from emulator.graph import find_principal
from emulator.inventory import Item
from emulator.web import Json
from emulator.world import World

_TIMES = ("createdTime", "lastUpdatedTime", "createdOn", "updatedOn", "createdAt", "lastModifiedAt")
_TIMES_INSIDE = ("updatedAt", "creationTime", "keyCreationTime", "lastModifiedTime", "etag")


def inventory(world: World) -> list[Item]:
    """Return what exists: registrations, groups, instances and identities, destinations, role assignments."""
    return [*_registrations(world), *_groups_and_instances(world), *_destinations(world), *_assignments(world)]


def _registrations(world: World) -> list[Item]:
    return [
        Item(
            "providers",
            key,
            {"id": f"/subscriptions/{key}", "registrationState": providers.state_of(world, *key.split("/", 1))},
        )
        for key, _ in world.store.list("provider")
    ]


def _groups_and_instances(world: World) -> list[Item]:
    items: list[Item] = []
    for _, subscription in world.store.list("subscription"):
        for group in groups.in_subscription(world, subscription["subscriptionId"]):
            items.append(Item("resourceGroups", group["name"], groups.served(group)))
        for _, identity in world.store.list(identities.KIND, f"{subscription['id']}/"):
            generated = (identity["properties"]["principalId"], identity["properties"]["clientId"])
            label = f"user-assigned identity {identity['name']}"
            items.append(Item("userAssignedIdentities", label, identity, generated, _TIMES))
        for instance in instances.under(world, subscription["id"]):
            items += _instance(world, instance)
    return items


def _instance(world: World, instance: Json) -> list[Item]:
    principal = (instance.get("identity") or {}).get("principalId")
    generated = (principal,) if principal else ()
    label = f"identity of {instance['name']}"
    items = [Item("digitalTwinsInstances", label, instances.served(instance), generated, _TIMES)]
    for child in children.under(world, instance["id"]):
        kind = child["type"].rpartition("/")[2]
        items.append(Item(kind, f"{kind} {child['name']}", children.listed(child), volatile=_TIMES))
    return items


def _destinations(world: World) -> list[Item]:
    found = [one for _, body in world.store.list("subscription") for one in resources.under(world, body["id"])]
    return [
        Item(one["type"].rpartition("/")[2], one["name"], resources.served(one), volatile=(*_TIMES, *_TIMES_INSIDE))
        for one in found
    ]


def _assignments(world: World) -> list[Item]:
    items = []
    for _, found in world.store.list("roleAssignment"):
        # A name made of ids that differ from world to world differs too.
        label = f"assignment of {rbac.role_of(found).name}"
        items.append(Item("roleAssignments", label, found, generated=(found["name"],), volatile=_TIMES))
        principal = found["properties"]["principalId"]
        if find_principal(world, principal) is None:
            gone = {"principalId": principal}
            items.append(Item("principalsThatAreGone", "principal that is gone", gone, generated=(principal,)))
    return items
