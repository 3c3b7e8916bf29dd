"""The Digital Twins data plane, under `<instance>.api.<region code>.digitaltwins.azure.net`."""

from __future__ import annotations

import dataclasses

from emulator.dataplane import event_routes, models, query
from emulator.dataplane.hosts import NotPermitted, instance_of
from emulator.dataplane.routes import ROUTER
from emulator.inventory import Item
from emulator.tokens import DATA_PLANE_AUDIENCES
from emulator.web import Refused, Reply, Request
from emulator.world import World

SERVED_BY = (event_routes, models, query)
"""The modules that registered their operations in the router by being imported."""

API_VERSIONS = ("2020-10-31", "2022-05-31", "2023-06-30", "2023-10-31")


def handle(world: World, request: Request) -> Reply:
    """Carry out one request: token, instance, api-version, then the operation, which checks the caller's data role."""
    request = dataclasses.replace(request, caller=world.tokens.verify(request, DATA_PLANE_AUDIENCES))
    instance_of(world, request)
    _check_version(request)
    reply = ROUTER.dispatch(world, request)
    if reply is None:
        raise Refused(404, "NotFound", f"There is no operation at '{request.path}'.")
    return reply


def render_refusal(refused: Refused, request: Request) -> Reply:
    """Return a refusal as the data plane words it: with a body, unless a data role is missing (403)."""
    bare = isinstance(refused, NotPermitted) or request.method == "HEAD"
    body = None if bare else {"error": {"code": refused.code, "message": refused.message}}
    return Reply(refused.status, body, dict(refused.headers))


def inventory(_: World) -> list[Item]:
    """Return what exists in the data plane: nothing yet."""
    return []


def _check_version(request: Request) -> None:
    version = request.query.get("api-version", "")
    if not version:
        raise Refused(400, "MissingArgument", "The api-version query parameter is required for all requests.")
    if version not in API_VERSIONS:
        known = ", ".join(API_VERSIONS)
        raise Refused(
            400,
            "UnsupportedApiVersion",
            f"The api-version '{version}' is not supported. The supported versions are {known}.",
        )
