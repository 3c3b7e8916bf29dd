"""Microsoft Graph v1.0: applications, service principals, consent, people; eventually consistent (see replicas.py)."""

from __future__ import annotations

import dataclasses

from emulator import seed
from emulator.graph import (
    applications,
    authorization_policy,
    batch,
    deleted_items,
    federated,
    grants,
    groups,
    owners,
    passwords,
    people,
    replicas,
    service_principals,
)
from emulator.graph.inventory import inventory
from emulator.graph.principals import ensure_digital_twins_principal
from emulator.graph.refusals import bad, interaction_required, malformed, render_refusal
from emulator.messages import Refused, Reply, Request
from emulator.router import Router
from emulator.world import World

__all__ = ["ensure_digital_twins_principal", "find_principal", "handle", "inventory", "render_refusal"]

_ROUTERS: tuple[Router, ...] = (
    people.router,
    groups.router,
    applications.router,
    passwords.router,
    owners.router,
    federated.router,
    service_principals.router,
    grants.router,
    deleted_items.router,
    authorization_policy.router,
)
_TYPES = {"user": "User", "group": "Group", "servicePrincipal": "ServicePrincipal", "application": "Application"}


def handle(world: World, request: Request) -> Reply:
    """Answer one request.

    A document of kind `conditionalAccess` and key `graph` in the store makes policy demand a new sign-in: every
    valid token is answered with 401 and a claims challenge. `PUT /_emulator/conditional-access` puts it there.
    """
    caller = world.tokens.verify(request, _audiences(world))
    if world.store.get("conditionalAccess", "graph") is not None:
        raise interaction_required()
    request = dataclasses.replace(request, caller=caller)
    if request.path.lower() == batch.PATH and request.method == "POST":
        return batch.answer(world, request, _carry_out)
    return _carry_out(world, request)


def _carry_out(world: World, request: Request) -> Reply:
    replicas.next_replica(world)
    other_method = False
    for router in _ROUTERS:
        try:
            reply = router.dispatch(world, request)
        except Refused as refused:
            if refused.status != 405:
                raise
            other_method = True
            continue
        if reply is not None:
            return reply
    if other_method:
        raise Refused(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    version, _, rest = request.path.lstrip("/").partition("/")
    if version.lower() not in ("v1.0", "beta"):
        raise bad(f"Invalid version: {version}")
    raise malformed(f"Resource not found for the segment '{rest.partition('/')[0].partition('(')[0]}'.")


def find_principal(world: World, object_id: str) -> tuple[str, bool] | None:
    """Return the principal type of an object id for Resource Manager, and whether it has reached it yet.

    None if the directory has no such object. Counts as an observation of the lag `principal/{object id}`.
    """
    for kind, name in _TYPES.items():
        if world.store.get(kind, object_id) is not None:
            late = kind == "servicePrincipal" and world.lag.pending(f"principal/{object_id.lower()}")
            return name, not late
    return None


def _audiences(world: World) -> set[str]:
    graph = "https://graph.microsoft.com"
    return {graph, f"{graph}/", seed.GRAPH_APP, world.arm_endpoint, f"{world.arm_endpoint}/"}
