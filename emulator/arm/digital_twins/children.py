"""The children of an instance, which send events as one of its identities: endpoints and data history connections.

Both are created and deleted over time. One that sends by identity ends `Succeeded` whether or not the identity has a
role at its destination, and whatever is there (recorded twice); one whose key is refused ends `Failed` (not recorded).
Both stop working some time after the instance lost the identity that they use; then only deleting and creating them
again helps.
Source: https://learn.microsoft.com/azure/digital-twins/how-to-set-up-instance-cli (disabling managed identities). The
page does not name the state that they are in from then on; the emulator uses `Failed`.
"""

from __future__ import annotations

from collections.abc import Collection

from emulator.arm.authorization import identities
from emulator.arm.authorization.identities import IDENTITIES
from emulator.arm.core.lifecycle import Lifecycle, provisioning_failed, state_of
from emulator.arm.digital_twins.instances import INSTANCES
from emulator.messages import Json
from emulator.store import public
from emulator.world import World

ENDPOINTS = "endpoints"
CONNECTIONS = "timeSeriesDatabaseConnections"


def _loss_key(child: Json) -> str:
    return f"identity_loss/{child['id']}".lower()


def _breaks_by(child: Json) -> str | None:
    return _loss_key(child) if child.get("_orphaned") and state_of(child) == "Succeeded" else None


CHILDREN = Lifecycle(
    "digitalTwinsChild",
    dict.fromkeys(("Provisioning", "Deleting"), "endpoint"),
    busy_message="Another operation on '{name}' is in progress, its state is '{state}'. Please try again when it has "
    "finished.",
    parent=INSTANCES,
    breaks_by=_breaks_by,
)


def id_of(instance: Json, collection: str, name: str) -> str:
    """Return the id of a child of an instance."""
    return f"{instance['id']}/{collection}/{name}"


def eventual(child: Json) -> Json:
    """Return the child as it is served, in the state that the loss of its identity will bring about."""
    state = "Failed" if child.get("_orphaned") else state_of(child)
    return public({**child, "properties": {**child["properties"], "provisioningState": state}})


def principal_of(child: Json, instance: Json) -> str | None:
    """Return the object id that the child sends as; None if it uses no identity or one the instance doesn't have."""
    used = identity_of(child)
    return identities.assigned(instance).get(used) if used else None


def identity_of(child: Json) -> str:
    """Return the identity that the child uses: `SystemAssigned`, a lower-cased resource id, or "" for none."""
    identity = child["properties"].get("identity") or {}
    if not identity and child["properties"].get("authenticationType") == "IdentityBased":
        return identities.SYSTEM
    if identity.get("type") == "UserAssigned":
        return str(identity["userAssignedIdentity"]).lower()
    return str(identity.get("type") or "")


def change_identity(world: World, instance: Json, identity: Json) -> None:
    """Give the instance the identity that `identities.requested` returned. Children that use a lost identity break."""
    before = identities.assigned(instance)
    identities.give(world, instance, identity)
    _orphan(world, instance, before.keys() - identities.assigned(instance).keys())


@IDENTITIES.when_removed
def _orphan_everywhere(world: World, identity: Json) -> None:
    """Break the children that use the identity. Their instances still name it."""
    lost = identity["id"].lower()
    for _, instance in world.store.list(INSTANCES.kind):
        if lost in identities.assigned(instance):
            _orphan(world, instance, {lost})


def _orphan(world: World, instance: Json, lost: Collection[str]) -> None:
    """Note that the instance lost identities: children that use them stop working in a while."""
    for _, child in world.store.list(CHILDREN.kind, f"{instance['id']}/"):
        if identity_of(child) in lost and not child.get("_orphaned"):
            child["_orphaned"] = True
            CHILDREN.put(world, child)
            world.lag.begin(_loss_key(child), "identity_loss")


@CHILDREN.when_removed
def _end_loss(world: World, child: Json) -> None:
    world.lag.end(_loss_key(child))


@CHILDREN.when_done
def _failure(_: World, child: Json) -> Json | None:
    """Return why the child does not work, or None."""
    message = child.get("_error")
    if child.get("_orphaned"):
        message = (
            f"The identity that '{child['name']}' was created with was removed from the instance. Delete it and create "
            "it again."
        )
    return provisioning_failed(message) if message else None
