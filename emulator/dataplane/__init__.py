"""The Digital Twins data plane, under `<instance>.api.<region code>.digitaltwins.azure.net`."""

from __future__ import annotations

import dataclasses

from emulator.dataplane import event_routes, items, models, query, relationships, twins
from emulator.dataplane.hosts import NotPermitted, instance_of
from emulator.dataplane.routes import ROUTER
from emulator.inventory import Item
from emulator.messages import Json, Refused, Reply, Request
from emulator.tokens import DATA_PLANE_AUDIENCES
from emulator.world import World

SERVED_BY = (event_routes, models, query, relationships, twins)
"""Importing these modules registers their operations in the router."""

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
    """Return a refusal as the data plane words it: with a body, unless a data role is missing (403).

    Recorded: that of a token has a body of its own, and none of the headers that name the request or the error.
    """
    if refused.status == 401:
        return Reply(401, {"statusCode": 401, "message": "Unauthorized"})
    bare = isinstance(refused, NotPermitted) or request.method == "HEAD"
    error: Json = {"code": refused.code, "message": refused.message}
    if refused.details is not None:
        error["details"] = refused.details
    return Reply(
        refused.status, None if bare else {"error": error}, {"x-ms-error-code": refused.code, **refused.headers}
    )


def inventory(world: World) -> list[Item]:
    """Return what exists in the data plane: routes, models, twins, relationships."""
    found: list[Item] = []
    for key, instance in world.store.list("digitalTwinsInstance"):
        for kind, label in ((event_routes.KIND, "id"), (models.KIND, "id"), (twins.KIND, "$dtId")):
            found += [_item(f"{kind}s", body, body[label], key) for body in items.every(world, kind, instance)]
        for body in items.every(world, twins.RELATIONSHIP, instance):
            found.append(_item("relationships", body, body["$relationshipId"], key))
    return found


def _item(kind: str, body: Json, label: str, instance: str) -> Item:
    times = ("uploadTime", "lastUpdateTime", "$lastUpdateTime", "$etag")
    return Item(kind, label, {**body, "instance": instance}, volatile=times)


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
