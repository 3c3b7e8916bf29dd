"""The life of a Digital Twins instance: created, updated and deleted over time, its identity, its name."""

from __future__ import annotations

from emulator import rbac, regions
from emulator.arm import children, identities, operations
from emulator.web import Caller, Json, Request
from emulator.world import World

KIND = "instance"
TYPE = "Microsoft.DigitalTwins/digitalTwinsInstances"
_INSIDE = ("digitalTwin", "eventRoute", "model", "relationship")
"""What its data plane keeps in it."""
_WORK = {"Provisioning": "instance", "Updating": "instance_update", "Deleting": "instance_deletion"}
"""States that pass, and how long each takes as a row of the latency table."""


def id_of(group: Json, name: str) -> str:
    """Return the id of an instance in a group."""
    return f"{group['id']}/providers/{TYPE}/{name}"


def host_of(region: regions.Region, name: str) -> str:
    """Return the host name of an instance: unique in the world, so its name is unique in its region."""
    return f"{name}.api.{region.code}.digitaltwins.azure.net"


def served(instance: Json) -> Json:
    """Return the instance as it is served."""
    return {key: value for key, value in instance.items() if not key.startswith("_")}


def find(world: World, identifier: str, *, observe: bool = False) -> Json | None:
    """Return the instance as it is now, or None; `observe` counts as one observation of what is under way."""
    found = world.store.get("digitalTwinsInstance", identifier)
    return found and settled(world, found, observe=observe)


def under(world: World, scope: str) -> list[Json]:
    """Return the instances in a subscription or group as they are now."""
    found = [body for _, body in world.store.list("digitalTwinsInstance", f"{scope}/")]
    return [instance for body in found if (instance := settled(world, body, observe=False))]


def state_of(instance: Json) -> str:
    """Return the provisioning state."""
    return str(instance["properties"]["provisioningState"])


def is_busy(instance: Json) -> bool:
    """Whether something is being done with the instance."""
    return state_of(instance) in _WORK


def lag_key(instance: Json) -> str:
    """Return the key under which work on the instance is timed or counted."""
    return operations.lag_key(KIND, instance["id"])


def begin(world: World, request: Request, instance: Json, state: str) -> dict[str, str]:
    """Begin the work that `state` stands for, keep the instance, and return the headers to poll it by."""
    subscription = instance["id"].split("/")[2]
    instance["properties"]["provisioningState"] = state
    instance["_operation"] = operations.start(world, subscription, KIND, instance["id"], instance["location"])
    world.lag.begin(lag_key(instance), _WORK[state])
    world.store.put("digitalTwinsInstance", instance["id"], instance)
    return poll(world, request, instance)


def poll(world: World, request: Request, instance: Json) -> dict[str, str]:
    """Return the headers to poll the work under way by."""
    return operations.polled(world, request, instance["_operation"], lag_key(instance))


def settled(world: World, instance: Json, *, observe: bool) -> Json | None:
    """Return the instance in the state that its work has reached by now; None when that was its deletion."""
    if not is_busy(instance):
        return instance
    key = lag_key(instance)
    if world.lag.pending(key) if observe else world.lag.active(key):
        return instance
    if state_of(instance) == "Deleting":
        remove(world, instance)
        return None
    world.lag.end(key)
    fails = bool(instance.pop("_fails", False))
    instance["properties"]["provisioningState"] = "Failed" if fails else "Succeeded"
    instance["properties"]["lastUpdatedTime"] = operations.now()
    world.store.put("digitalTwinsInstance", instance["id"], instance)
    message = f"The provisioning of '{instance['name']}' failed. Please delete the instance, or try again."
    operations.finish(
        world, instance["_operation"], {"code": "ProvisioningFailed", "message": message} if fails else None
    )
    return instance


def remove(world: World, instance: Json) -> None:
    """Forget the instance, what is in it and the role assignments on it; its name stays taken for a while."""
    world.lag.end(lag_key(instance))
    children.remove_under(world, instance)
    set_identity(world, instance, {"type": "None"})
    for kind in _INSIDE:
        for key, _ in world.store.list(kind, f"{instance['id']}/"):
            world.store.delete(kind, key)
    world.store.delete("digitalTwinsInstance", instance["id"])
    for key, assignment in world.store.list("roleAssignment"):
        if rbac.is_within(assignment["properties"]["scope"], instance["id"]):
            world.store.delete("roleAssignment", key)
    world.lag.begin(_name_key(instance["location"], instance["name"]), "name_release")
    operations.finish(world, instance.get("_operation"))


def name_taken(world: World, region: regions.Region, name: str) -> bool:
    """Whether the name is held in the region, by anybody, or was until just now; counts as one observation."""
    if world.store.get("foreignInstance", f"{region.name}/{name}") or world.lag.pending(_name_key(region.name, name)):
        return True
    return any(
        body["location"] == region.name and body["name"].lower() == name.lower() and settled(world, body, observe=False)
        for _, body in world.store.list("digitalTwinsInstance")
    )


def set_identity(world: World, instance: Json, identity: Json) -> None:
    """Give the instance an identity as `identities.wanted` returned it; what used one that it loses stops working."""
    before = identities.assigned(instance)
    identities.give(world, instance, identity)
    children.orphan(world, instance, before.keys() - identities.assigned(instance).keys())


def touched(caller: Caller, system_data: Json | None) -> Json:
    """Return `systemData` after a change by `caller`."""
    time, kind = operations.now(), "User" if caller.kind == "user" else "Application"
    created = system_data or {"createdBy": caller.name, "createdByType": kind, "createdAt": time}
    return {**created, "lastModifiedBy": caller.name, "lastModifiedByType": kind, "lastModifiedAt": time}


def script_failure(world: World) -> bool:
    """Whether the creation that begins now is to end `Failed`: document `instanceFails` of kind `script` counts."""
    script = world.store.get("script", "instanceFails")
    if not script or script["count"] <= 0:
        return False
    world.store.put("script", "instanceFails", {"count": script["count"] - 1})
    return True


@operations.looks_at(KIND)
def _look(world: World, target: str) -> None:
    find(world, target, observe=True)


def _name_key(region: str, name: str) -> str:
    return f"name/{region}/{name}".lower()
