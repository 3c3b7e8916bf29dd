"""Owners of applications and service principals."""

from __future__ import annotations

from emulator.graph import directory_objects, references, replicas, rights
from emulator.graph.odata import body_of, caller_of, objects_page
from emulator.graph.refusals import bad, malformed, not_found, required
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

_OWNERS = ("user", "servicePrincipal")


def list_owners(kind: str, world: World, request: Request, **key: str) -> Reply:
    """List owners, as directory objects of any type."""
    rights.require_read(caller_of(request), kind)
    owners = directory_objects.shown(world, kind, key).get("_owners", [])
    found = [(other, body) for owner in owners for other in _OWNERS if (body := replicas.read(world, other, owner))]
    return objects_page(request, found)


def add_owner(kind: str, world: World, request: Request, **key: str) -> Reply:
    """Add an owner; refuse (400) a present one."""
    found = directory_objects.reached(world, kind, key)
    rights.require_change(caller_of(request), found)
    reference = body_of(request).get("@odata.id")
    if not reference:
        raise required("@odata.id", "DirectoryObject")
    owner = references.owner(world, reference)
    owners = _owners(found)
    if owner in owners:
        # The text as az's own code quotes it.
        raise bad("One or more added object references already exist for the following modified properties: 'owners'.")
    directory_objects.keep(world, kind, {**found, "_owners": [*owners, owner]})
    return Reply(204)


def remove_owner(kind: str, world: World, request: Request, owner: str, **key: str) -> Reply:
    """Remove an owner, even the last one: Graph only recommends two.

    learn.microsoft.com/graph/api/application-delete-owners.
    """
    found = directory_objects.reached(world, kind, key)
    rights.require_change(caller_of(request), found)
    owners = _owners(found)
    if owner.lower() not in owners:
        raise not_found(owner)
    directory_objects.keep(world, kind, {**found, "_owners": [part for part in owners if part != owner.lower()]})
    return Reply(204)


@router.add("GET", "/v1.0/me/ownedObjects", latency="graph_read")
def list_owned_objects(world: World, request: Request) -> Reply:
    """List the applications and service principals that the signed-in user owns."""
    caller = caller_of(request)
    if caller.kind == "app":
        raise malformed("/me request is only valid with delegated authentication flow.")
    kinds = ("application", "servicePrincipal")
    found = [
        (kind, body) for kind in kinds for body in replicas.select(world, kind, lambda body: rights.owns(caller, body))
    ]
    return objects_page(request, found)


def _owners(body: Json) -> list[str]:
    return [str(owner).lower() for owner in body.get("_owners", [])]


directory_objects.route(router, "GET", "/owners", list_owners, latency="graph_read")
directory_objects.route(router, "POST", "/owners/$ref", add_owner, latency="graph_write")
directory_objects.route(router, "DELETE", "/owners/{owner}/$ref", remove_owner, latency="graph_write")
