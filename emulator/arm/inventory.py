"""The inventory of Resource Manager."""

from __future__ import annotations

from emulator import rbac
from emulator.arm.authorization.identities import IDENTITIES
from emulator.arm.core import providers
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.resources import RESOURCES
from emulator.arm.digital_twins import instances
from emulator.arm.digital_twins.children import CHILDREN, eventual
from emulator.arm.digital_twins.instances import INSTANCES
from emulator.graph import find_principal
from emulator.inventory import Item
from emulator.messages import Json
from emulator.store import public
from emulator.world import World

_TIMES = ("createdTime", "lastUpdatedTime", "createdOn", "updatedOn", "createdAt", "lastModifiedAt")
_TIMES_INSIDE = ("updatedAt", "creationTime", "keyCreationTime", "lastModifiedTime", "etag")
_OF_NETWORKS = ("resourceGuid", "networkInterfaces")


def inventory(world: World) -> list[Item]:
    """Return all registrations, groups, instances, identities, destinations and role assignments."""
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
        for group in GROUPS.under(world, subscription["id"]):
            items.append(Item("resourceGroups", group["name"], public(group)))
        for identity in IDENTITIES.under(world, subscription["id"]):
            generated = (identity["properties"]["principalId"], identity["properties"]["clientId"])
            label = f"user-assigned identity {identity['name']}"
            items.append(Item("userAssignedIdentities", label, identity, generated, _TIMES))
        for instance in INSTANCES.under(world, subscription["id"]):
            items += _instance(world, instance)
    return items


def _instance(world: World, instance: Json) -> list[Item]:
    principal = (instance.get("identity") or {}).get("principalId")
    generated = (principal,) if principal else ()
    label = f"identity of {instance['name']}"
    items = [Item("digitalTwinsInstances", label, instances.eventual(instance), generated, _TIMES)]
    for connection in instance["properties"].get("privateEndpointConnections") or ():
        label = f"connection of {connection['properties']['privateEndpoint']['id'].rpartition('/')[2]}"
        items.append(Item("privateEndpointConnections", label, connection, generated=(connection["name"],)))
    for child in CHILDREN.under(world, instance["id"]):
        kind = child["type"].rpartition("/")[2]
        items.append(Item(kind, f"{kind} {child['name']}", eventual(child), volatile=_TIMES))
    return items


def _destinations(world: World) -> list[Item]:
    return [
        Item(_kind(body), body["name"], public(body), volatile=(*_TIMES, *_TIMES_INSIDE, *_OF_NETWORKS))
        for _, subscription in world.store.list("subscription")
        for body in RESOURCES.under(world, subscription["id"])
    ]


def _kind(body: Json) -> str:
    """Return the last part of the type, in one spelling: Azure has several."""
    name = body["type"].rpartition("/")[2].lower()
    spelt = {"authorizationrules": "authorizationRules", "storageaccounts": "storageAccounts"}
    spelt |= {"privateendpoints": "privateEndpoints", "privatednszonegroups": "privateDnsZoneGroups"}
    spelt |= {"privatednszones": "privateDnsZones", "virtualnetworklinks": "virtualNetworkLinks"}
    spelt |= {"virtualnetworks": "virtualNetworks"}
    return spelt.get(name, str(name))


def _assignments(world: World) -> list[Item]:
    items = []
    for _, found in world.store.list("roleAssignment"):
        # A name made of ids that differ from world to world differs too.
        label = f"assignment of {rbac.role_of(found).name}"
        items.append(Item("roleAssignments", label, found, generated=(found["name"],), volatile=_TIMES))
        principal = found["properties"]["principalId"]
        if find_principal(world, principal) is None:
            missing = {"principalId": principal}
            items.append(Item("principalsThatAreGone", "principal that is gone", missing, generated=(principal,)))
    return items
