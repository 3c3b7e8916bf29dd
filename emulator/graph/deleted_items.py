"""The recycle bin of the directory: deleted objects and their unique names stay for 30 days."""

from __future__ import annotations

from emulator.graph import principals, replicas, rights
from emulator.graph.odata import body_of, caller_of, entity, listed, page
from emulator.graph.refusals import bad, not_found, same_key
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

_INSIDE = "_servicePrincipal"
_KINDS = {"deletedApplication": "application", "deletedServicePrincipal": "servicePrincipal"}


@router.add("GET", "/v1.0/directory/deletedItems/microsoft.graph.application", latency="graph_read")
@router.add("GET", "/v1.0/directory/deletedItems/graph.application", latency="graph_read")  # msgraph-sdk's spelling
def list_deleted_applications(world: World, request: Request) -> Reply:
    """List deleted applications."""
    rights.require_recycle_bin(caller_of(request))
    return page(request, "deletedApplication", listed(world, request, "deletedApplication"))


@router.add("POST", "/v1.0/directory/deletedItems/getUserOwnedObjects", latency="graph_read")
def list_owned(world: World, request: Request) -> Reply:
    """List the deleted applications of which a user is an owner; groups are never deleted here."""
    body = body_of(request)
    for name in ("userId", "type"):
        if not body.get(name):
            raise bad(f"The parameter {name} is required.")
    if body["type"] not in ("Application", "Group"):
        raise bad(f"{body['type']} is not a supported type.")
    owner = str(body["userId"])
    rights.require_owned_deleted(caller_of(request), owner)
    found = replicas.select(world, "deletedApplication", lambda one: owner in one.get("_owners", []))
    return page(request, "application", found if body["type"] == "Application" else [], typed=True)


@router.add("GET", "/v1.0/directory/deletedItems/{value}", latency="graph_read")
def get_deleted(world: World, request: Request, value: str) -> Reply:
    """Return one deleted object."""
    rights.require_recycle_bin(caller_of(request))
    for kind in _KINDS:
        found = replicas.read(world, kind, value)
        if found is not None:
            return entity(request, kind, found, typed=True)
    raise not_found(value)


@router.add("POST", "/v1.0/directory/deletedItems/{value}/restore", latency="graph_write")
def restore(world: World, request: Request, value: str) -> Reply:
    """Restore an application, which leaves its service principal here, or a service principal.

    Administrators may, and who owns it: learn.microsoft.com/graph/api/directory-deleteditems-restore and
    learn.microsoft.com/entra/identity-platform/howto-restore-app.
    """
    kind, found = _reached(world, value)
    rights.require_change(caller_of(request), found)
    if kind == "deletedServicePrincipal":
        _refuse_second(world, found)
        world.lag.begin(f"principal/{found['id']}", "principal")
    elif found.get(_INSIDE):  # of a data folder that kept it there
        principals.delete(world, found[_INSIDE])
    body = {name: part for name, part in found.items() if name != _INSIDE} | {"deletedDateTime": None}
    replicas.write(world, kind, value, None)
    replicas.write(world, _KINDS[kind], body["id"], body)
    return entity(request, _KINDS[kind], body, typed=True)


@router.add("DELETE", "/v1.0/directory/deletedItems/{value}", latency="graph_write")
def purge(world: World, request: Request, value: str) -> Reply:
    """Delete permanently: the unique name is free again."""
    kind, found = _reached(world, value)
    rights.require_change(caller_of(request), found)
    replicas.write(world, kind, value, None)
    return Reply(204)


def _refuse_second(world: World, principal: Json) -> None:
    if replicas.truth(world, "servicePrincipal", "appId", principal["appId"]) is not None:
        raise same_key(
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{principal['appId']} is already in use."
        )


def _reached(world: World, identifier: str) -> tuple[str, Json]:
    for kind in _KINDS:
        found = world.store.get(kind, identifier)
        if found is not None and not replicas.unseen(world, kind, identifier):
            return kind, found
    raise not_found(identifier)
