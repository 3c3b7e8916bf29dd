"""Resource groups: their names, their life cycle, and how a missing or leaving group is refused."""

from __future__ import annotations

import re

from emulator import rbac
from emulator.arm.core.errors import group_not_found
from emulator.arm.core.lifecycle import Lifecycle
from emulator.messages import Json, Refused
from emulator.world import World

GROUPS = Lifecycle(
    "resourceGroup",
    {"Deleting": "group_deletion"},
    busy_message="The resource group '{name}' is in deprovisioning state and cannot perform this operation.",
    busy_code="ResourceGroupBeingDeleted",
    operation_kind="groupDeletion",
)
_NAME = re.compile(r"[\w\-.()]{1,90}")


@GROUPS.when_removed
def _remove_assignments(world: World, group: Json) -> None:
    rbac.remove_within(world, group["id"])


def id_of(subscription: str, group: str) -> str:
    """Return the id of a group, spelled as given. `find` returns the document with the first spelling."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def find(world: World, subscription: str, group: str, *, observe: bool = False) -> Json | None:
    """Return the group as it is now, or None; `observe` counts as one observation of a deletion under way."""
    return GROUPS.find(world, id_of(subscription, group), observe=observe)


def existing(world: World, subscription: str, group: str, *, observe: bool = False) -> Json:
    """Return the group as it is now; refuse (404) a missing one."""
    found = find(world, subscription, group, observe=observe)
    if found is None:
        raise group_not_found(group)
    return found


def writable(world: World, subscription: str, group: str) -> Json:
    """Return the group for a write in it; refuse a missing group (404) and one that is being deleted (409)."""
    found = existing(world, subscription, group)
    GROUPS.refuse_busy(found)
    return found


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
            "a letter, digit, '-', '.', '(', ')' or '_', and must not end with a '.'.",
        )
