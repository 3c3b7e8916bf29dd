"""Queries over the twin graph, far enough to prove that a role works; the graph is empty."""

from __future__ import annotations

import re

from emulator.dataplane.hosts import require
from emulator.dataplane.routes import ROUTER
from emulator.web import Refused, Reply, Request
from emulator.world import World

_SELECT = re.compile(r"\s*SELECT\s.+\sFROM\s+(digitaltwins|relationships)\b.*", re.IGNORECASE | re.DOTALL)


@ROUTER.add("POST", "/query", latency="data_plane")
def query(world: World, request: Request) -> Reply:
    """Run a query: nothing is found. Its cost is in the header `query-charge`."""
    require(world, request, "Microsoft.DigitalTwins/query/action")
    body = request.json()
    wanted, continued = body.get("query"), body.get("continuationToken")
    if not isinstance(wanted, str) and not isinstance(continued, str):
        raise Refused(400, "BadRequest", "The request body must have a query or a continuationToken.")
    if isinstance(wanted, str) and not _SELECT.fullmatch(wanted):
        raise Refused(400, "SqlQueryError", f"SQL query parse failed: '{wanted}' does not select from digitaltwins.")
    return Reply(body={"value": [], "continuationToken": None}, headers={"query-charge": "1.0"})
