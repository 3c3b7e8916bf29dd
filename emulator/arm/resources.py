"""The life of a resource of any provider but Digital Twins: kept by its id, created and deleted over time.

A resource is its Resource Manager document; names with `_` in front are ours and never served. What lies below it (an
event hub below its namespace) is a resource too, and goes with it, as do its keys and the role assignments on it.
"""

from __future__ import annotations

from emulator import rbac
from emulator.arm import access_keys, operations
from emulator.web import Json, Refused, Request
from emulator.world import World

KIND = "resource"
_ROW = "destination"


def served(resource: Json) -> Json:
    """Return the resource as it is served."""
    return {key: value for key, value in resource.items() if not key.startswith("_")}


def find(world: World, identifier: str, *, observe: bool = False) -> Json | None:
    """Return the resource as it is now, or None; `observe` counts as one observation of what is under way."""
    found = world.store.get(KIND, identifier)
    return found and _settled(world, found, observe=observe)


def under(world: World, scope: str, kind: str = "") -> list[Json]:
    """Return the resources (of one type) below a scope as they are now."""
    found = [body for _, body in world.store.list(KIND, f"{scope}/")]
    settled = [resource for body in found if (resource := _settled(world, body, observe=False))]
    return [resource for resource in settled if kind.lower() in ("", resource["type"].lower())]


def everywhere(world: World, kind: str) -> list[Json]:
    """Return all resources of a type, other customers' too: what has a name that is unique in the world."""
    found = [body for _, body in world.store.list(KIND) if body["type"].lower() == kind.lower()]
    return [resource for body in found if (resource := _settled(world, body, observe=False))]


def put(world: World, resource: Json) -> None:
    """Keep the resource as it is."""
    world.store.put(KIND, resource["id"], resource)


def begin(world: World, resource: Json, state: str, then: Json | None = None) -> None:
    """Begin what takes time: the resource is in `state`; when it is over, it has the properties `then`, or is gone."""
    resource["properties"]["provisioningState"] = state
    resource["_then"] = then
    subscription = resource["id"].split("/")[2]
    resource["_operation"] = operations.start(world, subscription, KIND, resource["id"], resource["location"])
    world.lag.begin(_lag_key(resource), _ROW)
    put(world, resource)


def poll(world: World, request: Request, resource: Json) -> dict[str, str]:
    """Return the headers that name where to ask how it goes (`Azure-AsyncOperation`)."""
    return operations.polled(world, request, resource["_operation"], _lag_key(resource))


def locate(world: World, request: Request, resource: Json) -> dict[str, str]:
    """Return the headers that name where the result will be (`Location`)."""
    return operations.result_located(world, request, resource["_operation"], _lag_key(resource))


def retry(world: World, resource: Json) -> dict[str, str]:
    """Return the header of an answer that is polled at the resource itself."""
    return {"Retry-After": world.lag.retry_after(_lag_key(resource))}


def is_busy(resource: Json) -> bool:
    """Whether something is being done with the resource."""
    return "_operation" in resource


def is_deleting(resource: Json) -> bool:
    """Whether the resource is on its way out."""
    return is_busy(resource) and resource["_then"] is None


def refuse_busy(resource: Json) -> None:
    """Refuse (409) to do something with a resource with which something is being done."""
    if is_busy(resource):
        raise Refused(
            409,
            "Conflict",
            f"Another conflicting operation is in progress on '{resource['name']}'. Please try again after some time.",
        )


def remove(world: World, resource: Json) -> None:
    """Forget the resource, what lies below it, its keys and the role assignments on all of that."""
    identifier = resource["id"]
    world.lag.end(_lag_key(resource))
    world.store.delete(KIND, identifier)
    remove_under(world, identifier)
    operations.finish(world, resource.get("_operation"))


def remove_under(world: World, scope: str) -> None:
    """Forget every resource below a scope, with its keys, and the role assignments there."""
    for key, _ in world.store.list(KIND, f"{scope}/"):
        world.store.delete(KIND, key)
    access_keys.forget(world, scope)
    for key, assignment in world.store.list("roleAssignment"):
        if rbac.is_within(assignment["properties"]["scope"], scope):
            world.store.delete("roleAssignment", key)


@operations.looks_at(KIND)
def _look(world: World, target: str) -> None:
    find(world, target, observe=True)


def _settled(world: World, resource: Json, *, observe: bool) -> Json | None:
    if not is_busy(resource):
        return resource
    key = _lag_key(resource)
    if world.lag.pending(key) if observe else world.lag.active(key):
        return resource
    if is_deleting(resource):
        remove(world, resource)
        return None
    world.lag.end(key)
    resource["properties"] |= resource.pop("_then")
    operations.finish(world, resource.pop("_operation"))
    put(world, resource)
    return resource


def _lag_key(resource: Json) -> str:
    return operations.lag_key(KIND, resource["id"])
