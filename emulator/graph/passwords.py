"""The operations `addPassword` and `removePassword`, under each way of naming an application."""

from __future__ import annotations

from emulator.graph.applications import reached, store_application
from emulator.graph.credentials import add_password, remove_password
from emulator.web import Reply, Request, Router
from emulator.world import World

router = Router()


@router.add("POST", "/v1.0/applications/{value}/addPassword", latency="graph_write")
def add(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """Make a client secret. Not idempotent: a repeat after a lost answer makes another."""
    reply, changed = add_password(world, request, reached(world, key, value))
    store_application(world, changed)
    return reply


@router.add("POST", "/v1.0/applications(appId='{value}')/addPassword", latency="graph_write")
def add_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Make a client secret of the application with an app id."""
    return add(world, request, value, "appId")


@router.add("POST", "/v1.0/applications(uniqueName='{value}')/addPassword", latency="graph_write")
def add_by_unique_name(world: World, request: Request, value: str) -> Reply:
    """Make a client secret of the application with a unique name."""
    return add(world, request, value, "uniqueName")


@router.add("POST", "/v1.0/applications/{value}/removePassword", latency="graph_write")
def remove(world: World, request: Request, value: str, key: str = "id") -> Reply:
    """Forget a client secret."""
    store_application(world, remove_password(world, request, reached(world, key, value)))
    return Reply(204)


@router.add("POST", "/v1.0/applications(appId='{value}')/removePassword", latency="graph_write")
def remove_by_app_id(world: World, request: Request, value: str) -> Reply:
    """Forget a client secret of the application with an app id."""
    return remove(world, request, value, "appId")


@router.add("POST", "/v1.0/applications(uniqueName='{value}')/removePassword", latency="graph_write")
def remove_by_unique_name(world: World, request: Request, value: str) -> Reply:
    """Forget a client secret of the application with a unique name."""
    return remove(world, request, value, "uniqueName")
