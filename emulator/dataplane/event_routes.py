"""Event routes: which events go to which endpoint of the instance. Codes are published with the operations.

https://learn.microsoft.com/rest/api/digital-twins/dataplane/event-routes
"""

from __future__ import annotations

import re

from emulator.arm.core.lifecycle import state_of
from emulator.arm.digital_twins.children import CHILDREN, ENDPOINTS, id_of
from emulator.dataplane import items
from emulator.dataplane.hosts import require
from emulator.dataplane.language import BadExpression, condition_of
from emulator.dataplane.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

KIND = "eventRoute"
LIMIT = 6
"""Routes of one instance, https://learn.microsoft.com/azure/digital-twins/reference-service-limits; support may raise
it: document `eventRoutes` of kind `limit` does."""
_ACTION = "Microsoft.DigitalTwins/eventroutes"
_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


@ROUTER.add("GET", "/eventroutes", latency="data_plane")
def list_routes(world: World, request: Request) -> Reply:
    """List the routes, page by page."""
    instance = require(world, request, f"{_ACTION}/read")
    return Reply(body=items.page(request, items.every(world, KIND, instance)))


@ROUTER.add("GET", "/eventroutes/{name:segment}", latency="data_plane")
def get_route(world: World, request: Request, name: str) -> Reply:
    """Return one route."""
    instance = require(world, request, f"{_ACTION}/read")
    return Reply(body=_existing(world, instance, name))


@ROUTER.add("PUT", "/eventroutes/{name:segment}", latency="data_plane")
def put_route(world: World, request: Request, name: str) -> Reply:
    """Create or replace a route (204). Its endpoint must exist and be `Succeeded`; its filter must be valid."""
    instance = require(world, request, f"{_ACTION}/write")
    body = items.body_of(request)
    endpoint, condition = body.get("endpointName"), body.get("filter")
    if not _ID.fullmatch(name):
        raise Refused(400, "EventRouteIdInvalid", f"The event route id '{name}' is invalid.")
    if not isinstance(endpoint, str) or not _is_active(world, instance, endpoint):
        raise Refused(
            400,
            "EventRouteEndpointInvalid",
            "The endpoint provided does not exist or is not active. Check that your endpoint is provisioned correctly. "
            "See event route documentation (http://aka.ms/ADTv2Routes).",
        )
    _check_filter(condition)
    limit = (world.store.get("limit", "eventRoutes") or {}).get("count", LIMIT)
    if items.get(world, KIND, instance, name) is None and len(items.every(world, KIND, instance)) >= limit:
        raise Refused(400, "LimitExceeded", f"The maximum number of event routes allowed, {limit}, has been reached.")
    items.put(world, KIND, instance, {"id": name, "endpointName": endpoint, "filter": condition}, name)
    return Reply(204)


@ROUTER.add("DELETE", "/eventroutes/{name:segment}", latency="data_plane")
def delete_route(world: World, request: Request, name: str) -> Reply:
    """Delete a route (204)."""
    instance = require(world, request, f"{_ACTION}/delete")
    _existing(world, instance, name)
    items.delete(world, KIND, instance, name)
    return Reply(204)


def _existing(world: World, instance: Json, name: str) -> Json:
    found = items.get(world, KIND, instance, name)
    if found is None:
        raise Refused(
            404,
            "EventRouteNotFound",
            "There is no route available that matches the provided input. Check for all valid event routes by calling "
            "EventRoute_List. See Swagger example (https://aka.ms/RouteSwSmpl).",
        )
    return found


def _is_active(world: World, instance: Json, endpoint: str) -> bool:
    found = CHILDREN.find(world, id_of(instance, ENDPOINTS, endpoint))
    return found is not None and state_of(found) == "Succeeded"


def _check_filter(condition: object) -> None:
    try:
        condition_of(condition if isinstance(condition, str) else "")
    except BadExpression as error:
        raise Refused(
            400,
            "EventRouteFilterInvalid",
            f"The provided filter is invalid. {error} See event route documentation for supported values and structure "
            "(https://aka.ms/ADTv2Routes).",
        ) from None
