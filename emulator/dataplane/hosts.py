"""Which instance a request is for, and whether its data plane admits the caller."""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator import rbac
from emulator.arm.core.lifecycle import state_of
from emulator.arm.digital_twins.instances import INSTANCES
from emulator.arm.digital_twins.private_links import is_reached_privately
from emulator.messages import Json, Refused, Request
from emulator.world import World


class NotPermitted(Refused):
    """Azure's 403 without a body: no role, one that the data plane does not see yet, or a closed instance."""

    def __init__(self) -> None:
        super().__init__(403, "Forbidden", "")


def instance_of(world: World, request: Request) -> Json:
    """Return the instance with the requested host name; refuse (404) an unknown one.

    Source: https://learn.microsoft.com/azure/digital-twins/troubleshoot-error-404-digital-twins
    """
    host = (urlsplit(request.origin).hostname or "").lower()
    for instance in INSTANCES.under(world, ""):
        # A changed instance goes on serving while it is updated.
        if instance["properties"]["hostName"].lower() == host and state_of(instance) in ("Succeeded", "Updating"):
            return instance
    raise Refused(404, "SubDomainNotFound", "Sub-Domain not found")


def require(world: World, request: Request, action: str) -> Json:
    """Return the requested instance if the caller may do `action` (a data action) there; else refuse (403).

    Counts as an observation of every assignment that grants it and is still on its way to the data plane.
    """
    caller = request.caller
    assert caller is not None, "the token is verified before routing"  # noqa: S101 - an invariant of handle()
    instance = instance_of(world, request)
    if instance["properties"]["publicNetworkAccess"] == "Disabled" and not _comes_from_inside(world, instance):
        raise NotPermitted
    granting = rbac.granting(world, caller.object_id, action, instance["id"], data=True)
    effective = [found for found in granting if not world.lag.pending(rbac.effect_key(found))]
    if not effective:
        raise NotPermitted
    return instance


def _comes_from_inside(world: World, instance: Json) -> bool:
    """Whether the caller is in a network from which a private endpoint leads to it (see `emulator.control`).

    Source: https://learn.microsoft.com/azure/digital-twins/how-to-enable-private-link
    """
    return bool(world.store.get("network", "inside")) and is_reached_privately(instance)
