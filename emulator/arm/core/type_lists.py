"""The two lists that every resource type has: of a subscription and of a group."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from emulator.arm.core import groups
from emulator.arm.core.guards import readable
from emulator.arm.core.routes import GROUP, ROUTER, SUBSCRIPTION
from emulator.messages import Json, Reply, Request
from emulator.store import public
from emulator.world import World

Under = Callable[[World, str], list[Json]]


def serve_lists(resource_type: str, under: Under, shown: Callable[[Json], Json] = public) -> None:
    """Register the lists of a type; `under` returns the resources below a scope, each served as `shown` says."""
    path = f"/providers/{resource_type}"
    ROUTER.add("GET", SUBSCRIPTION + path)(partial(_list, resource_type, under, shown))
    ROUTER.add("GET", GROUP + path)(partial(_list, resource_type, under, shown))


def _list(
    resource_type: str,
    under: Under,
    shown: Callable[[Json], Json],
    world: World,
    request: Request,
    *,
    subscription: str,
    group: str = "",
) -> Reply:
    """List the resources that the caller may read. The refusal (403) comes before that of a missing group (404)."""
    scope = groups.id_of(subscription, group) if group else f"/subscriptions/{subscription}"
    found = readable(world, request, f"{resource_type}/read", scope, under(world, scope))
    if group:
        groups.existing(world, subscription, group)
    return Reply(body={"value": [shown(resource) for resource in found]})
