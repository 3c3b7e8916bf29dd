"""The operations `addPassword` and `removePassword` of applications and of service principals."""

from __future__ import annotations

from emulator.graph import directory_objects
from emulator.graph.credentials import add_password, remove_password
from emulator.messages import Reply, Request
from emulator.router import Router
from emulator.world import World

router = Router()


def add(kind: str, world: World, request: Request, **key: str) -> Reply:
    """Create a client secret. Not idempotent: a repeat after a lost answer creates another."""
    reply, changed = add_password(world, request, kind, directory_objects.reached(world, kind, key))
    directory_objects.keep(world, kind, changed)
    return reply


def remove(kind: str, world: World, request: Request, **key: str) -> Reply:
    """Remove a client secret."""
    directory_objects.keep(
        world, kind, remove_password(world, request, kind, directory_objects.reached(world, kind, key))
    )
    return Reply(204)


directory_objects.route(router, "POST", "/addPassword", add, latency="graph_write")
directory_objects.route(router, "POST", "/removePassword", remove, latency="graph_write")
