"""The recycle bin of the directory: deleted objects and their unique names stay for 30 days."""

from __future__ import annotations

from emulator.graph import replicas, rights
from emulator.graph.odata import caller_of, entity, listed, page
from emulator.graph.refusals import not_found, same_key
from emulator.messages import Json, Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()

_KINDS = {"deletedApplication": "application", "deletedServicePrincipal": "servicePrincipal"}


@router.add("GET", "/v1.0/directory/deletedItems/microsoft.graph.application", latency="graph_read")
@router.add("GET", "/v1.0/directory/deletedItems/graph.application", latency="graph_read")  # msgraph-sdk's spelling
def list_deleted_applications(world: World, request: Request) -> Reply:
    """List deleted applications."""
    rights.require_read(caller_of(request), "deletedApplication")
    return page(request, "deletedApplication", listed(world, request, "deletedApplication"))


@router.add("GET", "/v1.0/directory/deletedItems/{value}", latency="graph_read")
def get_deleted(world: World, request: Request, value: str) -> Reply:
    """Return one deleted object."""
    rights.require_read(caller_of(request), "deletedApplication")
    for kind in _KINDS:
        found = replicas.read(world, kind, value)
        if found is not None:
            return entity(request, kind, found, typed=True)
    raise not_found(value)


@router.add("POST", "/v1.0/directory/deletedItems/{value}/restore", latency="graph_write")
def restore(world: World, request: Request, value: str) -> Reply:
    """Restore an application with its service principal, or a service principal."""
    kind, found = _reached(world, value)
    rights.require_change(caller_of(request), found)
    if kind == "deletedServicePrincipal":
        _restore_principal(world, found)
        body = found
    else:
        body = {name: part for name, part in found.items() if name != "_servicePrincipal"}
        if found.get("_servicePrincipal"):
            _restore_principal(world, found["_servicePrincipal"])
    body = {**body, "deletedDateTime": None}
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


def _restore_principal(world: World, principal: Json) -> None:
    if replicas.truth(world, "servicePrincipal", "appId", principal["appId"]) is not None:
        raise same_key(
            "The service principal cannot be created, updated, or restored because the service principal name "
            f"{principal['appId']} is already in use."
        )
    replicas.write(world, "servicePrincipal", principal["id"], {**principal, "deletedDateTime": None})
    world.lag.begin(f"principal/{principal['id']}", "principal")


def _reached(world: World, identifier: str) -> tuple[str, Json]:
    for kind in _KINDS:
        found = world.store.get(kind, identifier)
        if found is not None and not replicas.unseen(world, kind, identifier):
            return kind, found
    raise not_found(identifier)
