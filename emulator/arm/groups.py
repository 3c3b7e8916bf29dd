"""The life of a resource group: found, being deleted, gone with all that was inside."""

from __future__ import annotations

import re

from emulator.arm import children, identities, instances, operations, resources
from emulator.arm.errors import group_not_found
from emulator.web import Json, Refused
from emulator.world import World

KIND = "groupDeletion"
_NAME = re.compile(r"[\w\-.()]{1,90}")


def id_of(subscription: str, group: str) -> str:
    """Return the id of a group in the case given; `find` answers the one that was first given."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def served(group: Json) -> Json:
    """Return the group as it is served."""
    return {key: value for key, value in group.items() if not key.startswith("_")}


def find(world: World, subscription: str, group: str, *, observe: bool = False) -> Json | None:
    """Return the group as it is now, or None; `observe` counts as one observation of a deletion under way."""
    found = world.store.get("resourceGroup", id_of(subscription, group))
    return found and _settled(world, found, observe=observe)


def existing(world: World, subscription: str, group: str, *, observe: bool = False) -> Json:
    """Return the group as it is now; refuse (404) a missing one."""
    found = find(world, subscription, group, observe=observe)
    if found is None:
        raise group_not_found(group)
    return found


def writable(world: World, subscription: str, group: str) -> Json:
    """Return the group, in which something is to be written: refuse a missing one (404), one being deleted (409)."""
    found = existing(world, subscription, group)
    refuse_deleting(found)
    return found


def in_subscription(world: World, subscription: str) -> list[Json]:
    """Return the groups of a subscription as they are now."""
    found = [body for _, body in world.store.list("resourceGroup", f"/subscriptions/{subscription}/")]
    return [group for body in found if (group := _settled(world, body, observe=False))]


def is_deleting(group: Json) -> bool:
    """Whether the group is being deleted."""
    return bool(group["properties"]["provisioningState"] == "Deleting")


def refuse_deleting(group: Json) -> None:
    """Refuse (409) to write in a group that is being deleted."""
    if is_deleting(group):
        raise Refused(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{group['name']}' is in deprovisioning state and cannot perform this operation.",
        )


def check_name(group: str) -> None:
    """Refuse (400) a name that no group may have: at most 90 letters, digits, `_-.()`, no `.` at the end."""
    if len(group) > 90:
        raise Refused(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{group}' has {len(group)} characters. The name must not exceed '90' "
            "characters.",
        )
    if not _NAME.fullmatch(group) or group.endswith("."):
        bad = "".join(sorted({letter for letter in group if not _NAME.fullmatch(letter)})) or "."
        raise Refused(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{group}' has these invalid characters: '{bad}'. The name can only be "
            "a letter, "
            "digit, '-', '.', '(', ')' or '_', and must not end with a '.'.",
        )


def lag_key(group: Json) -> str:
    """Return the key under which the deletion is timed or counted."""
    return operations.lag_key(KIND, group["id"])


@operations.looks_at(KIND)
def _look(world: World, target: str) -> None:
    found = world.store.get("resourceGroup", target)
    if found:
        _settled(world, found, observe=True)


def _settled(world: World, group: Json, *, observe: bool) -> Json | None:
    if not is_deleting(group):
        return group
    key = lag_key(group)
    if world.lag.pending(key) if observe else world.lag.active(key):
        return group
    world.lag.end(key)
    for _, instance in world.store.list("digitalTwinsInstance", f"{group['id']}/"):
        instances.remove(world, instance)
    for _, identity in world.store.list(identities.KIND, f"{group['id']}/"):
        children.remove_identity(world, identity)
    resources.remove_under(world, group["id"])
    world.store.delete("resourceGroup", group["id"])
    operations.finish(world, group.get("_operation"))
    return None
