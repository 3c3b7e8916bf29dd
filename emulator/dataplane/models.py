"""Models: the listing, far enough to prove that a role works; there are no models yet."""

from __future__ import annotations

from emulator.dataplane.hosts import require
from emulator.dataplane.routes import ROUTER
from emulator.web import Reply, Request
from emulator.world import World


@ROUTER.add("GET", "/models", latency="data_plane")
def list_models(world: World, request: Request) -> Reply:
    """List the models of the instance: an empty page."""
    require(world, request, "Microsoft.DigitalTwins/models/read")
    return Reply(body={"value": [], "nextLink": None})
