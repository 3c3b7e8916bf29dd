"""The operations `addPassword` and `removePassword` of applications and of service principals."""

from __future__ import annotations

from emulator.graph import holders
from emulator.graph.credentials import add_password, remove_password
from emulator.web import Reply, Request, Router
from emulator.world import World

router = Router()


def add(kind: str, world: World, request: Request, **key: str) -> Reply:
    """Make a client secret. Not idempotent: a repeat after a lost answer makes another."""
    reply, changed = add_password(world, request, kind, holders.reached(world, kind, key))
    holders.keep(world, kind, changed)
    return reply


def remove(kind: str, world: World, request: Request, **key: str) -> Reply:
    """Forget a client secret."""
    holders.keep(world, kind, remove_password(world, request, kind, holders.reached(world, kind, key)))
    return Reply(204)


holders.route(router, "POST", "/addPassword", add, latency="graph_write")
holders.route(router, "POST", "/removePassword", remove, latency="graph_write")
