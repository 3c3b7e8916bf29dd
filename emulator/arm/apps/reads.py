"""Reading function apps, web apps and IoT hubs: one, those of a group and those of a subscription.

A resource that doesn't exist is answered by Resource Manager itself, as everywhere.
"""

from __future__ import annotations

from functools import partial

from emulator.arm.apps.bodies import IOT_HUB, SITE
from emulator.arm.authorization import identities
from emulator.arm.core import groups, resources
from emulator.arm.core.guards import may_read
from emulator.arm.core.resources import RESOURCES
from emulator.arm.core.routes import GROUP, ROUTER
from emulator.arm.core.type_lists import serve_lists
from emulator.messages import Json, Reply, Request
from emulator.store import public
from emulator.world import World


@RESOURCES.when_removed
def _remove_principal(world: World, resource: Json) -> None:
    if principal := (resource.get("identity") or {}).get("principalId"):
        identities.remove_principal(world, principal)


def get_one(resource_type: str, world: World, request: Request, *, subscription: str, group: str, name: str) -> Reply:
    """Return one resource of a type."""
    may_read(
        world, request, f"{resource_type}/read", f"{groups.id_of(subscription, group)}/providers/{resource_type}/{name}"
    )
    within = groups.existing(world, subscription, group)
    return Reply(body=public(RESOURCES.existing(world, within, resource_type, name)))


for _type in (SITE, IOT_HUB):
    serve_lists(_type, partial(resources.of_type, kind=_type))
    ROUTER.add("GET", GROUP + f"/providers/{_type}/{{name}}")(partial(get_one, _type))
