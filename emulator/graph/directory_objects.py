"""What applications and service principals share: how a path names an object, how it is found and stored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from emulator.graph import applications, replicas, service_principals
from emulator.messages import Json
from emulator.router import Handler, Router
from emulator.world import World

NAMED: Mapping[str, tuple[str, ...]] = {
    "application": (
        "/v1.0/applications/{id}",
        "/v1.0/applications(appId='{appId}')",
        "/v1.0/applications(uniqueName='{uniqueName}')",
    ),
    "servicePrincipal": ("/v1.0/servicePrincipals/{id}", "/v1.0/servicePrincipals(appId='{appId}')"),
}
"""The paths that name an object, by kind."""

Key = Mapping[str, str]
"""The key by which a path names an object, and its value: `{"appId": "…"}`."""


def route(router: Router, method: str, rest: str, handler: Handler, *, latency: str) -> None:
    """Register `handler(kind, world, request, **key)` for `rest` below each path that names an object."""
    for kind, templates in NAMED.items():
        for template in templates:
            router.add(method, f"{template}{rest}", latency=latency)(partial(handler, kind))


def shown(world: World, kind: str, key: Key) -> Json:
    """Return the object that a path names, as the answering replica shows it; refuse (404) an unknown one."""
    ((name, value),) = key.items()
    find = applications.shown if kind == "application" else service_principals.shown
    return find(world, name, value)


def reached(world: World, kind: str, key: Key) -> Json:
    """Return the object that a write addresses; refuse (404) while the replica does not show its creation."""
    ((name, value),) = key.items()
    find = applications.reached if kind == "application" else service_principals.reached
    return find(world, name, value)


def keep(world: World, kind: str, body: Json) -> None:
    """Store a changed object."""
    if kind == "application":
        applications.store_application(world, body)
    else:
        replicas.write(world, kind, body["id"], body)
