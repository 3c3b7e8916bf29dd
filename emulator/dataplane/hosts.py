"""Which instance a request is for, and whether its data plane lets the caller in."""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator import rbac
from emulator.arm import instances
from emulator.web import Json, Refused, Request
from emulator.world import World


class NotPermitted(Refused):
    """Azure's bare 403: no role, or a role that the data plane has not learnt of yet. Its body is empty."""

    def __init__(self) -> None:
        super().__init__(403, "Forbidden", "")


def instance_of(world: World, request: Request) -> Json:
    """Return the instance whose host name was asked; 404 without one.

    Source: https://learn.microsoft.com/azure/digital-twins/troubleshoot-error-404-digital-twins
    """
    host = (urlsplit(request.origin).hostname or "").lower()
    for _, body in world.store.list("digitalTwinsInstance"):
        if body["properties"]["hostName"].lower() != host:
            continue
        found = instances.settled(world, body, observe=False)
        # A changed instance goes on serving while it is updated.
        if found and instances.state_of(found) in ("Succeeded", "Updating"):
            return found
    raise Refused(404, "SubDomainNotFound", "Sub-Domain not found")


def require(world: World, request: Request, action: str) -> Json:
    """Return the instance that was asked if the caller may do `action` (a data action) there.

    Counts as an observation of every assignment that grants it and is still on its way to the data plane.
    """
    caller = request.caller
    assert caller is not None, "the token is verified before routing"  # noqa: S101 - an invariant of handle()
    instance = instance_of(world, request)
    if instance["properties"]["publicNetworkAccess"] == "Disabled":
        raise Refused(403, "PublicNetworkAccessDisabled", "Public network access is disabled for this instance.")
    granting = rbac.granting(world, caller.object_id, action, instance["id"], data=True)
    effective = [found for found in granting if not world.lag.pending(rbac.effect_key(found))]
    if not effective:
        raise NotPermitted
    return instance
