"""Digital Twins instances: their life cycle, their contents, and their names, which are unique in a region."""

from __future__ import annotations

from emulator import rbac, regions
from emulator.arm.authorization import identities
from emulator.arm.core import groups
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.lifecycle import Lifecycle, provisioning_failed, state_of
from emulator.arm.core.stamps import now
from emulator.messages import Json
from emulator.store import public
from emulator.world import World

TYPE = "Microsoft.DigitalTwins/digitalTwinsInstances"
INSTANCES = Lifecycle(
    "digitalTwinsInstance",
    {"Provisioning": "instance", "Updating": "instance_update", "Deleting": "instance_deletion"},
    busy_message="The resource '{name}' is in state '{state}' and another operation is in progress. Try again when it "
    "has finished.",
    operation_kind="instance",
    parent=GROUPS,
)
_CONTENTS = ("digitalTwin", "eventRoute", "model", "relationship")
"""Kinds of documents of an instance's data plane."""


def id_in(subscription: str, group: str, name: str) -> str:
    """Return the id of an instance."""
    return f"{groups.id_of(subscription, group)}/providers/{TYPE}/{name}"


def existing(world: World, subscription: str, group: str, name: str, *, observe: bool = True) -> Json:
    """Return an instance as it is now; refuse (404) an unknown one, or one in an unknown group."""
    return INSTANCES.existing(world, groups.existing(world, subscription, group), TYPE, name, observe=observe)


def served(instance: Json) -> Json:
    """Return the instance as it is served: without a host name at first, nor connections while work is under way.

    As recorded of the live service.
    """
    state, properties = state_of(instance), dict(instance["properties"])
    if state == "Provisioning":
        properties["hostName"] = None
    if INSTANCES.is_busy(instance):
        properties.pop("privateEndpointConnections", None)
    return public({**instance, "properties": properties})


def eventual(instance: Json) -> Json:
    """Return the instance as it is served, with the tags that a change under way will bring about."""
    return public({**instance, "tags": instance.get("_tags", instance["tags"])})


@INSTANCES.when_done
def _complete(_: World, instance: Json) -> Json | None:
    instance["properties"]["lastUpdatedTime"] = now()
    if "_tags" in instance:
        instance["tags"] = instance.pop("_tags")
    if not instance.pop("_fails", False):
        return None
    return provisioning_failed(
        f"The provisioning of '{instance['name']}' failed. Please delete the instance, or try again."
    )


@INSTANCES.when_removed
def _remove_contents(world: World, instance: Json) -> None:
    """Remove identity, data and role assignments; the name stays taken for a while."""
    identities.give(world, instance, {"type": "None"})
    for kind in _CONTENTS:
        for key, _ in world.store.list(kind, f"{instance['id']}/"):
            world.store.delete(kind, key)
    rbac.remove_within(world, instance["id"])
    world.lag.begin(_name_key(instance["location"], instance["name"]), "name_release")


def host_of(region: regions.Region, name: str) -> str:
    """Return the host name of an instance. It is globally unique, so the name is unique in its region."""
    return f"{name}.api.{region.code}.digitaltwins.azure.net"


def name_taken(world: World, region: regions.Region, name: str) -> bool:
    """Whether a customer has the name in the region, or had it until just now; counts as one observation."""
    if world.store.get("foreignInstance", f"{region.name}/{name}") or world.lag.pending(_name_key(region.name, name)):
        return True
    return any(
        instance["location"] == region.name and instance["name"].lower() == name.lower()
        for instance in INSTANCES.under(world, "")
    )


def script_failure(world: World) -> bool:
    """Whether the creation that begins now is to end `Failed`: document `instanceFails` of kind `script` counts."""
    script = world.store.get("script", "instanceFails")
    if not script or script["count"] <= 0:
        return False
    world.store.put("script", "instanceFails", {"count": script["count"] - 1})
    return True


def _name_key(region: str, name: str) -> str:
    return f"name/{region}/{name}".lower()
