"""The resources of every provider but Digital Twins, each kept by its id.

A part of a resource (an event hub of a namespace) is a resource too and is removed with it, as are its access keys
and the role assignments on it.
"""

from __future__ import annotations

from emulator import rbac
from emulator.arm.core import access_keys
from emulator.arm.core.groups import GROUPS
from emulator.arm.core.lifecycle import Lifecycle, is_deleting
from emulator.messages import Json, Reply, Request
from emulator.world import World

RESOURCES = Lifecycle(
    "resource",
    dict.fromkeys(("Created", "Creating", "Updating", "Deleting"), "destination"),
    busy_message="Another conflicting operation is in progress on '{name}'. Please try again after some time.",
    parent=GROUPS,
)


@RESOURCES.when_done
def _complete(_: World, resource: Json) -> None:
    resource["properties"] |= resource.pop("_then")


@RESOURCES.when_removed
def _remove_parts(world: World, resource: Json) -> None:
    RESOURCES.remove_under(world, resource["id"])
    access_keys.remove_under(world, resource["id"])
    rbac.remove_within(world, resource["id"])


def of_type(world: World, scope: str, kind: str) -> list[Json]:
    """Return the resources of a type below a scope as they are now; "" includes other customers' resources."""
    return [resource for resource in RESOURCES.under(world, scope) if resource["type"].lower() == kind.lower()]


def begin_creation(world: World, resource: Json, state: str, **then: str) -> None:
    """Begin a creation: the resource is in `state`, and gets the properties `then` when it is complete."""
    resource["_then"] = {"provisioningState": "Succeeded", **then}
    RESOURCES.begin(world, resource, state)


def delete(world: World, request: Request, identifier: str) -> Reply:
    """Begin the deletion of a resource (202, to be polled); 204 if there is none."""
    found = RESOURCES.find(world, identifier)
    if found is None:
        return Reply(204)
    if not is_deleting(found):
        RESOURCES.refuse_busy(found)
        RESOURCES.begin(world, found, "Deleting")
    return Reply(202, headers=RESOURCES.poll(world, request, found))
