"""The life of what belongs to an instance and sends events as one of its identities: endpoints, history connections.

Both are created and deleted over time, end `Failed` with an error when they can't reach their destination, and stop
working some time after the instance lost the identity they use; then only deleting and creating them again helps.
Source: https://learn.microsoft.com/azure/digital-twins/how-to-set-up-instance-cli (disabling managed identities). The
page does not name the state that they are in from then on; here it is `Failed`.
"""

from __future__ import annotations

from collections.abc import Collection

from emulator.arm import destinations, identities, operations
from emulator.web import Json, Refused, Request
from emulator.world import World

KIND = "digitalTwinsChild"
PARENT = "Microsoft.DigitalTwins/digitalTwinsInstances"
ENDPOINTS = "endpoints"
CONNECTIONS = "timeSeriesDatabaseConnections"
_BUSY = ("Provisioning", "Deleting")


def id_of(instance: Json, collection: str, name: str) -> str:
    """Return the id of a child of an instance."""
    return f"{instance['id']}/{collection}/{name}"


def served(child: Json) -> Json:
    """Return the child as it is served."""
    return {key: value for key, value in child.items() if not key.startswith("_")}


def listed(child: Json) -> Json:
    """Return the child as it is, with what is bound to happen to it for want of its identity."""
    state = "Failed" if child.get("_orphaned") else state_of(child)
    return served({**child, "properties": {**child["properties"], "provisioningState": state}})


def find(world: World, identifier: str, *, observe: bool = False) -> Json | None:
    """Return the child as it is now, or None; `observe` counts as one observation of what is under way."""
    found = world.store.get(KIND, identifier)
    return found and _settled(world, found, observe=observe)


def under(world: World, scope: str, *, observe: bool = False) -> list[Json]:
    """Return the children below a scope as they are now."""
    found = [body for _, body in world.store.list(KIND, f"{scope}/")]
    return [child for body in found if (child := _settled(world, body, observe=observe))]


def state_of(child: Json) -> str:
    """Return the provisioning state."""
    return str(child["properties"]["provisioningState"])


def refuse_busy(child: Json) -> None:
    """Refuse (409) to do something with a child with which something is being done."""
    if state_of(child) in _BUSY:
        raise Refused(
            409,
            "Conflict",
            f"Another operation on '{child['name']}' is in progress, its state is '{state_of(child)}'. Please try "
            "again when it has finished.",
        )


def begin(world: World, request: Request, child: Json, state: str, location: str) -> dict[str, str]:
    """Begin what takes time (`Provisioning`, `Deleting`), keep the child, and return the headers to poll it by."""
    child["properties"]["provisioningState"] = state
    child["_operation"] = operations.start(world, child["id"].split("/")[2], KIND, child["id"], location)
    world.lag.begin(_lag_key(child), "endpoint")
    world.store.put(KIND, child["id"], child)
    return poll(world, request, child)


def poll(world: World, request: Request, child: Json) -> dict[str, str]:
    """Return the headers to poll the work under way by."""
    return operations.polled(world, request, child["_operation"], _lag_key(child))


def principal_of(child: Json, instance: Json) -> str | None:
    """Return the object id that the child sends as; None if it uses no identity or one the instance doesn't have."""
    used = uses(child)
    return identities.assigned(instance).get(used) if used else None


def uses(child: Json) -> str:
    """Return the identity that the child uses: `SystemAssigned`, a lower-cased resource id, or "" for none."""
    identity = child["properties"].get("identity") or {}
    if identity.get("type") == "UserAssigned":
        return str(identity["userAssignedIdentity"]).lower()
    return str(identity.get("type") or "")


def orphan(world: World, instance: Json, lost: Collection[str]) -> None:
    """Note that the instance lost identities: children that use them stop working in a while."""
    for _, child in world.store.list(KIND, f"{instance['id']}/"):
        if uses(child) in lost and not child.get("_orphaned"):
            child["_orphaned"] = True
            world.store.put(KIND, child["id"], child)
            world.lag.begin(_loss_key(child), "identity_loss")


def remove_identity(world: World, identity: Json) -> None:
    """Forget a user-assigned identity. Instances that have it go on naming it, but what uses it there stops working."""
    identities.remove(world, identity)
    lost = identity["id"].lower()
    for _, instance in world.store.list("digitalTwinsInstance"):
        if lost in identities.assigned(instance):
            orphan(world, instance, {lost})


def remove_under(world: World, instance: Json) -> None:
    """Forget the children of an instance."""
    for _, child in world.store.list(KIND, f"{instance['id']}/"):
        remove(world, child)


def remove(world: World, child: Json) -> None:
    """Forget the child."""
    world.lag.end(_lag_key(child))
    world.lag.end(_loss_key(child))
    world.store.delete(KIND, child["id"])
    operations.finish(world, child.get("_operation"))


@operations.looks_at(KIND)
def _look(world: World, target: str) -> None:
    find(world, target, observe=True)


def _settled(world: World, child: Json, *, observe: bool) -> Json | None:
    state = state_of(child)
    key = _lag_key(child) if state in _BUSY else _loss_key(child)
    if state not in _BUSY and not (child.get("_orphaned") and state == "Succeeded"):
        return child
    if world.lag.pending(key) if observe else world.lag.active(key):
        return child
    if state == "Deleting":
        remove(world, child)
        return None
    world.lag.end(key)
    error = _failure(world, child)
    child["properties"]["provisioningState"] = "Failed" if error else "Succeeded"
    operations.finish(world, child.pop("_operation", None), error)
    world.store.put(KIND, child["id"], child)
    return child


def _failure(world: World, child: Json) -> Json | None:
    """Return why the child does not work, or None."""
    message = child.get("_error")
    if child.get("_orphaned"):
        message = (
            f"The identity that '{child['name']}' was created with was removed from the instance. Delete it and create "
            "it again."
        )
    elif not message and uses(child):
        instance = world.store.get(
            "digitalTwinsInstance", child["id"].rpartition(f"/{child['type'].split('/')[-1]}/")[0]
        )
        principal = principal_of(child, instance) if instance else None
        message = destinations.refuses_principal(world, child["properties"], principal)
    return {"code": "ProvisioningFailed", "message": message} if message else None


def _lag_key(child: Json) -> str:
    return operations.lag_key(KIND, child["id"])


def _loss_key(child: Json) -> str:
    return f"identity_loss/{child['id']}".lower()
