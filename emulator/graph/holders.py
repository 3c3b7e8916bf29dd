"""What applications and service principals have in common: how a path names one, how it is found and kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from emulator.graph import applications, replicas, service_principals
from emulator.web import Handler, Json, Router
from emulator.world import World

NAMED: Mapping[str, tuple[str, ...]] = {
    "application": (
        "/v1.0/applications/{id}",
        "/v1.0/applications(appId='{appId}')",
        "/v1.0/applications(uniqueName='{uniqueName}')",
    ),
    "servicePrincipal": ("/v1.0/servicePrincipals/{id}", "/v1.0/servicePrincipals(appId='{appId}')"),
}
"""The ways of naming one in a path, by kind."""

Key = Mapping[str, str]
"""The one key that a path named it by, and its value: `{"appId": "…"}`."""


def route(router: Router, method: str, rest: str, handler: Handler, *, latency: str) -> None:
    """Register `handler(kind, world, request, **key)` for `rest` below each way of naming one of either kind."""
    for kind, templates in NAMED.items():
        for template in templates:
            router.add(method, f"{template}{rest}", latency=latency)(partial(handler, kind))


def shown(world: World, kind: str, key: Key) -> Json:
    """Return the one a path names, as the replica that answers shows it, or refuse (404)."""
    ((name, value),) = key.items()
    find = applications.shown if kind == "application" else service_principals.shown
    return find(world, name, value)


def reached(world: World, kind: str, key: Key) -> Json:
    """Return the one that a write addresses; refuse (404) while the replica has not seen its creation."""
    ((name, value),) = key.items()
    find = applications.reached if kind == "application" else service_principals.reached
    return find(world, name, value)


def keep(world: World, kind: str, body: Json) -> None:
    """Keep one that changed."""
    if kind == "application":
        applications.store_application(world, body)
    else:
        replicas.write(world, kind, body["id"], body)
